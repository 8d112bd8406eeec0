#include "store/request_log.h"

#include <doctest/doctest.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>

#include "store/memory_request_log.h"
#include "store/sqlite/database.h"
#include "store/sqlite/request_history.h"
#include "store/sqlite/request_id.h"
#include "store/sqlite/request_log.h"
#include "store/sqlite/schema.h"
#include "tests/store/records.h"
#include "tests/store/temporary_directory.h"

using namespace llmgw;
using namespace llmgw::store;
using sqlite::SqliteRequestHistory;
using sqlite::SqliteRequestLog;

namespace {

const WallTime kStart = ManualClock{}.wall();

observe::Log& quiet() {
  static observe::Log log({.level = observe::Level::off, .colour = {}});
  return log;
}

std::unique_ptr<SqliteRequestHistory> history_of(const TemporaryDirectory& directory) {
  auto history = SqliteRequestHistory::open(directory.path());
  REQUIRE_MESSAGE(history, (history ? "" : history.error().message));
  return std::move(*history);
}

void append(RequestLog& log, const std::vector<RequestRecord>& records) {
  const auto done = log.append(records);
  REQUIRE_MESSAGE(done, (done ? "" : done.error().message));
}

// Every promise of store/request_log.h, for each implementation: writes `records`, reads them back.
template <typename Check>
void for_each_log(const std::vector<RequestRecord>& records, Check check) {
  {
    INFO("memory");
    MemoryRequestLog log;
    append(log, records);
    check(static_cast<RequestHistory&>(log));
  }
  {
    INFO("sqlite");
    const TemporaryDirectory directory;
    SqliteRequestLog log(directory.path(), quiet());
    append(log, records);
    const auto history = history_of(directory);
    check(static_cast<RequestHistory&>(*history));
  }
}

std::vector<std::string> ids(const LogPage& page) {
  std::vector<std::string> found;
  for (const auto& entry : page.entries) found.push_back(entry.record.id);
  return found;
}

// Ten requests a second apart: of each ten, number 3 was rescued, 5 failed, 7 was cancelled.
std::vector<RequestRecord> some_traffic(int count) {
  Random random(7);
  std::vector<RequestRecord> records;
  for (int i = 0; i < count; ++i) {
    const WallTime arrived = kStart + i * 1s;
    if (i % 10 == 3) {
      records.push_back(rescued_record(random, arrived, ErrorClass::rate_limit));
    } else if (i % 10 == 5) {
      records.push_back(failed_record(random, arrived, ErrorClass::auth, 401));
    } else if (i % 10 == 7) {
      records.push_back(failed_record(random, arrived, ErrorClass::cancelled, 499));
    } else {
      records.push_back(answered_record(random, arrived));
    }
    if (i % 2 == 0) records.back().tags = {{"team", "shop"}, {"qu\"ote", "a'b\n"}};
    if (i % 4 == 0) records.back().virtual_key = "checkout";
  }
  return records;
}

}  // namespace

TEST_CASE("a request comes back as it was written") {
  Random random(3);
  auto r = rescued_record(random, kStart, ErrorClass::timeout);
  r.client_id = "client-1";
  r.first_content = 350ms;
  r.virtual_key = "checkout";
  r.stream = r.cut = true;
  r.usage = {100, 20, 30, 5, 7};
  r.raced_cost = {123};
  r.tags = {{"user", "zoë \"q\""}, {"empty", ""}};
  r.request_body = std::string("{\"a\":\0}", 7);
  r.response_body = "bytes \xff";
  r.attempts[0].skipped = "";
  r.attempts[0].first_content = 12ms;
  r.attempts.insert(r.attempts.begin(), observe::AttemptRecord{});
  r.attempts[0].provider = "groq";
  r.attempts[0].skipped = "at rest until 12:00:07";
  r.attempts[2].raced = true;
  r.attempts.push_back(r.attempts[1]);
  r.attempts[3].sent = false;
  for_each_log({r}, [&](RequestHistory& history) {
    CHECK(history.query({}, 10, std::nullopt).value().entries.at(0).record.request_body.empty());
    const auto page = history.query({.bodies = true}, 10, std::nullopt);
    REQUIRE(page);
    REQUIRE(page->entries.size() == 1);
    CHECK_FALSE(page->cursor);
    const auto& is = page->entries[0].record;
    CHECK(is.id == r.id);
    CHECK(is.client_id == r.client_id);
    CHECK(is.arrived == r.arrived);
    CHECK(is.took == r.took);
    CHECK(is.first_content == r.first_content);
    CHECK(is.request_type == r.request_type);
    CHECK(is.model_requested == r.model_requested);
    CHECK(is.route == r.route);
    CHECK(is.provider == r.provider);
    CHECK(is.model == r.model);
    CHECK(is.key == r.key);
    CHECK(is.virtual_key == r.virtual_key);
    CHECK(is.status == r.status);
    CHECK(is.error_class == r.error_class);
    CHECK(is.stream);
    CHECK(is.fallback);
    CHECK(is.cut);
    CHECK(is.usage.input == 100);
    CHECK(is.usage.cached_input == 30);
    CHECK(is.usage.cache_written == 5);
    CHECK(is.usage.reasoning == 7);
    CHECK(is.cost == r.cost);
    CHECK(is.raced_cost == r.raced_cost);
    CHECK(is.tags == r.tags);
    CHECK(is.request_body == r.request_body);
    CHECK(is.response_body == r.response_body);
    REQUIRE(is.attempts.size() == 4);
    for (size_t i = 0; i < 4; ++i) {
      CAPTURE(i);
      const auto &a = is.attempts[i], &b = r.attempts[i];
      CHECK(a.provider == b.provider);
      CHECK(a.model == b.model);
      CHECK(a.key == b.key);
      CHECK(a.status == b.status);
      CHECK(a.error_class == b.error_class);
      CHECK(a.message == b.message);
      CHECK(a.code == b.code);
      CHECK(a.started == b.started);
      CHECK(a.took == b.took);
      CHECK(a.first_content == b.first_content);
      CHECK(a.skipped == b.skipped);
      CHECK(a.raced == b.raced);
      CHECK(a.sent == b.sent);
      CHECK(a.retry_after == b.retry_after);
      CHECK(a.upstream_request_id == b.upstream_request_id);
      CHECK(a.usage.input == b.usage.input);
      CHECK(a.usage.reasoning == b.usage.reasoning);
      CHECK(a.cost == b.cost);
    }
  });
}

TEST_CASE("each filter shows what it says, and all of it") {
  const auto traffic = some_traffic(1000);
  const std::string some_id = traffic[444].id;
  const std::vector<std::pair<std::string, LogFilter>> filters = {
      {"all", {}},
      {"since", {.since = kStart + 990s}},
      {"until", {.until = kStart + 10s}},
      {"between", {.since = kStart + 300s, .until = kStart + 310s}},
      {"id", {.id = some_id}},
      {"id, lower case, without its prefix", {.id = some_id.substr(4)}},
      {"id's beginning", {.id = some_id.substr(0, 12)}},
      {"id of nothing", {.id = "req_7ZZZZZZZZZ"}},
      {"no id at all", {.id = "hello"}},
      {"provider", {.provider = "anthropic"}},
      {"unknown provider", {.provider = "nobody"}},
      {"requested model", {.model = "fast"}},
      {"model", {.model = "claude-3-5-haiku-latest"}},
      {"provider/model", {.model = "anthropic/claude-3-5-haiku-latest"}},
      {"tried model", {.model = "openai/gpt-4o-mini"}},
      {"another provider's model", {.model = "groq/gpt-4o-mini"}},
      {"virtual key", {.virtual_key = "checkout"}},
      {"class of an attempt", {.error_class = ErrorClass::rate_limit}},
      {"class of the request", {.error_class = ErrorClass::auth}},
      {"class of nothing", {.error_class = ErrorClass::policy}},
      {"tag", {.tag = {{"team", "shop"}}}},
      {"tag with quotes", {.tag = {{"qu\"ote", "a'b\n"}}}},
      {"tag of another value", {.tag = {{"team", "sho"}}}},
      {"failed", {.failed = true}},
      {"fallback", {.fallback = true}},
      {"two at once", {.virtual_key = "checkout", .tag = {{"team", "shop"}}}},
      {"two that never meet", {.provider = "anthropic", .failed = true}},
  };
  for_each_log(traffic, [&](RequestHistory& history) {
    for (const auto& [what, filter] : filters) {
      CAPTURE(what);
      std::vector<std::string> expected;
      for (auto r = traffic.rbegin(); r != traffic.rend(); ++r) {
        if (matches(filter, *r)) expected.push_back(r->id);
      }
      std::vector<std::string> found;
      std::optional<int64_t> cursor;
      do {
        const auto page = history.query(filter, 37, cursor);
        REQUIRE_MESSAGE(page, (page ? "" : page.error().message));
        CHECK(page->entries.size() <= 37);
        for (auto& id : ids(*page)) found.push_back(std::move(id));
        cursor = page->cursor;
      } while (cursor);
      CHECK(found == expected);
      // The same rows, oldest first, for `logs -f`.
      std::vector<std::string> followed;
      int64_t row = 0;
      while (true) {
        const auto page = history.follow(filter, row, 100);
        REQUIRE(page);
        for (auto& id : ids(*page)) followed.push_back(std::move(id));
        if (*page->cursor == row) break;
        row = *page->cursor;
      }
      std::ranges::reverse(expected);
      CHECK(followed == expected);
    }
  });
}

TEST_CASE("the figures are the same wherever they are kept, and right") {
  auto traffic = some_traffic(100);
  traffic[0].attempts[0].error_class = ErrorClass::invalid_response;
  traffic[0].attempts[0].status = 200;
  traffic[0].attempts[0].code = "weird";
  traffic[0].attempts[0].message = "what?";
  traffic[1].raced_cost = {77};
  for_each_log(traffic, [&](RequestHistory& history) {
    const auto stats = history.stats(std::nullopt, observe::StatsBy::provider);
    REQUIRE(stats);
    CHECK(stats->requests == 100);
    CHECK(stats->answered == 80);
    CHECK(stats->cancelled == 10);
    CHECK(stats->fallbacks == 10);
    CHECK(stats->first_failed == 21);
    CHECK(stats->rescued == 11);
    CHECK(stats->success_rate() == doctest::Approx(80.0 / 90));
    CHECK(stats->fallback_rate() == doctest::Approx(10.0 / 80));
    CHECK(stats->rescue_rate() == doctest::Approx(11.0 / 21));
    CHECK(stats->rescue_p50 == 402ms);
    CHECK(stats->took_p95 == 812'345us);
    CHECK(stats->input_tokens == 80 * 120);
    CHECK(stats->output_tokens == 80 * 45);
    CHECK(stats->cost == NanoUsd{80 * 45'000});
    CHECK(stats->raced_cost == NanoUsd{77});
    REQUIRE(stats->providers.size() == 2);
    CHECK(stats->providers[0].provider == "openai");
    CHECK(stats->providers[0].calls == 100);
    CHECK(stats->providers[0].by_class[static_cast<size_t>(ErrorClass::rate_limit)] == 10);
    CHECK(stats->providers[0].by_class[static_cast<size_t>(ErrorClass::cancelled)] == 10);
    REQUIRE(stats->groups.size() == 2);
    CHECK(stats->groups[0].name == "openai");
    CHECK(stats->groups[0].answered == 69);
    CHECK(stats->groups[0].failed == 21);
    CHECK(stats->groups[1].name == "anthropic");
    REQUIRE(stats->unclassified.size() == 1);
    CHECK(stats->unclassified[0].provider == "openai");
    CHECK(stats->unclassified[0].model == "gpt-4o-mini");
    CHECK(stats->unclassified[0].status == 200);
    CHECK(stats->unclassified[0].code == "weird");
    CHECK(stats->unclassified[0].message == "what?");
    CHECK(stats->keys.empty());  // it was refused, and has answered since

    const auto late = history.stats(kStart + 95s, observe::StatsBy::model);
    REQUIRE(late);
    CHECK(late->requests == 5);
    REQUIRE(late->groups.size() == 1);
    CHECK(late->groups[0].name == "openai/gpt-4o-mini");

    const auto keys = history.stats(kStart, observe::StatsBy::key);
    REQUIRE(keys);
    CHECK(keys->groups[0].name == "openai/main");
    const auto by_tag = history.stats(kStart, observe::StatsBy::tag);
    REQUIRE(by_tag);
    REQUIRE(by_tag->groups.size() == 2);
    CHECK(by_tag->groups[1].name == "team=shop");
    CHECK(by_tag->groups[1].count == 50);
    CHECK(by_tag->groups[1].failed == 0);
  });
}

TEST_CASE("an empty log has figures too") {
  for_each_log({}, [](RequestHistory& history) {
    CHECK(history.last_row().value() == 0);
    CHECK(history.query({}, 10, std::nullopt)->entries.empty());
    CHECK(history.follow({}, 0, 10)->entries.empty());
    CHECK(history.stats(std::nullopt, observe::StatsBy::none)->success_rate() == 0.0);
  });
}

TEST_CASE("what is too old is deleted to the row, with every trace of it") {
  const TemporaryDirectory directory;
  SqliteRequestLog log(directory.path(), quiet());
  auto traffic = some_traffic(1000);
  traffic[10].model_requested = "a-model-of-once";
  traffic[20].request_body = "secret";
  append(log, traffic);
  const WallTime now = kStart + 1000s;
  while (log.trim({.keep = 400s}, now).value()) {
  }
  const auto history = history_of(directory);
  const auto left = history->query({}, 2000, std::nullopt);
  REQUIRE(left);
  CHECK(left->entries.size() == 400);
  CHECK(left->entries.back().record.id == traffic[600].id);
  CHECK(history->query({.model = "a-model-of-once"}, 10, std::nullopt)->entries.empty());
  CHECK(history->query({.fallback = true}, 100, std::nullopt)->entries.size() == 40);
  {
    auto database = sqlite::Database::open(directory.file("log.db"), sqlite::Database::Mode::read);
    REQUIRE(database);
    CHECK(database->number("SELECT count(*) FROM name WHERE text = 'a-model-of-once'").value() == 0);
    CHECK(database->number("SELECT count(*) FROM name WHERE text = 'fast'").value() == 1);
    CHECK(database->number("SELECT count(*) FROM body").value() == 0);
    CHECK(database->number("SELECT count(*) FROM attempt").value() == 440);
    CHECK(database->number("SELECT count(*) FROM facet WHERE b < 2").value() == 0);
  }
  while (log.trim({.keep = 0s}, now).value()) {
  }
  CHECK(history->last_row().value() == 0);
  // Row numbers go on: a follower misses nothing.
  append(log, {traffic[0]});
  CHECK(history->last_row().value() == 1001);
  CHECK(history->query({.provider = "openai"}, 10, std::nullopt)->entries.size() == 1);
}

TEST_CASE("a log that is too large loses its oldest, and the file shrinks") {
  const TemporaryDirectory directory;
  SqliteRequestLog log(directory.path(), quiet());
  append(log, some_traffic(20'000));
  constexpr int64_t kMost = 1 << 20;
  int steps = 0;
  while (log.trim({.keep = 24h * 1000, .max_size = kMost}, kStart + 1h).value()) REQUIRE(++steps < 10'000);
  const auto history = history_of(directory);
  const auto stats = history->stats(std::nullopt, observe::StatsBy::none);
  CHECK(stats->requests > 2000);
  CHECK(stats->requests < 10'000);
  auto database = sqlite::Database::open(directory.file("log.db"), sqlite::Database::Mode::read);
  CHECK(database->number("PRAGMA page_count").value() * 4096 <= kMost + 256 * 4096);
  CHECK(database->number("PRAGMA integrity_check").has_value());
}

TEST_CASE("a damaged log is set aside and a new one begun") {
  const TemporaryDirectory directory;
  std::ofstream(directory.file("log.db")) << "this is no database, " << std::string(5000, 'x');
  SqliteRequestLog log(directory.path(), quiet());
  append(log, some_traffic(10));
  CHECK(history_of(directory)->last_row().value() == 10);
  int aside = 0;
  for (const auto& file : std::filesystem::directory_iterator(directory.path())) {
    aside += file.path().filename().string().starts_with("log.db.unusable-");
  }
  CHECK(aside == 1);
  struct stat facts{};
  REQUIRE(::stat(directory.file("log.db").c_str(), &facts) == 0);
  CHECK((facts.st_mode & 0777) == 0600);
}

TEST_CASE("a log that is damaged while it is used is set aside") {
  const TemporaryDirectory directory;
  {
    SqliteRequestLog log(directory.path(), quiet());
    append(log, some_traffic(3000));
  }
  {
    std::fstream file(directory.file("log.db"), std::ios::in | std::ios::out | std::ios::binary);
    file.seekp(4096);
    for (int i = 0; i < 300'000; ++i) file.put('\x5a');
  }
  SqliteRequestLog log(directory.path(), quiet());
  append(log, some_traffic(10));
  CHECK(history_of(directory)->last_row().value() == 10);
}

TEST_CASE("a log of a newer version is left alone, and says so") {
  const TemporaryDirectory directory;
  {
    auto database = sqlite::Database::open(directory.file("log.db"), sqlite::Database::Mode::write);
    REQUIRE(database);
    REQUIRE(database->run("PRAGMA user_version = 99; CREATE TABLE t(a)"));
  }
  SqliteRequestLog log(directory.path(), quiet());
  const auto done = log.append(some_traffic(1));
  REQUIRE_FALSE(done);
  CHECK(done.error().message.find("newer") != std::string::npos);
  CHECK_FALSE(SqliteRequestHistory::open(directory.path()));
}

TEST_CASE("migrations run in order, once") {
  const TemporaryDirectory directory;
  auto database = sqlite::Database::open(directory.file("x.db"), sqlite::Database::Mode::write);
  REQUIRE(database);
  constexpr std::string_view kSteps[] = {"CREATE TABLE t(a); INSERT INTO t VALUES(1)",
                                         "UPDATE t SET a = a * 10", "UPDATE t SET a = a + 1",
                                         "CREATE TABLE t(broken)"};
  REQUIRE(sqlite::migrate(*database, std::span(kSteps).first(1)));
  REQUIRE(sqlite::migrate(*database, std::span(kSteps).first(3)));
  REQUIRE(sqlite::migrate(*database, std::span(kSteps).first(3)));
  CHECK(database->number("SELECT a FROM t").value() == 11);
  CHECK_FALSE(sqlite::migrate(*database, kSteps));
  CHECK(database->number("PRAGMA user_version").value() == 3);
}

TEST_CASE("no log yet is an error that says where it would be") {
  const TemporaryDirectory directory;
  const auto history = SqliteRequestHistory::open(directory.path());
  REQUIRE_FALSE(history);
  CHECK(history.error().message.find(directory.file("log.db")) != std::string::npos);
}

TEST_CASE("a log in a directory that cannot be written is still read") {
  const TemporaryDirectory directory;
  {
    SqliteRequestLog log(directory.path(), quiet());
    append(log, some_traffic(10));
  }
  std::filesystem::permissions(directory.path(), std::filesystem::perms(0500));
  CHECK(history_of(directory)->query({}, 100, std::nullopt)->entries.size() == 10);
  std::filesystem::permissions(directory.path(), std::filesystem::perms(0700));
}

TEST_CASE("ids are packed without loss and in their order") {
  Random random(5);
  std::string before;
  for (int i = 0; i < 1000; ++i) {
    const WallTime at = kStart + i * 3ms;
    const std::string id = request_id(at, random);
    const auto packed = sqlite::packed_id(id);
    REQUIRE(packed);
    CHECK(sqlite::unpacked_id(*packed) == id);
    CHECK(sqlite::time_of(*packed) == at);
    CHECK(before < *packed);
    before = *packed;
  }
  for (std::string_view odd :
       {"", "req_", "req_zzz", "abc", "req_01J0000000000000000000000u", "req_Z1J00000000000000000000000"}) {
    CHECK_FALSE(sqlite::packed_id(odd));
  }
}

#ifndef LLMGW_SANITIZED
TEST_CASE("several processes write one log, and all of it arrives") {
  const TemporaryDirectory directory;
  std::vector<pid_t> children;
  for (int c = 0; c < 4; ++c) {
    const pid_t child = ::fork();
    REQUIRE(child >= 0);
    if (child == 0) {
      observe::Log silent({.level = observe::Level::off, .colour = {}});
      Random random(static_cast<uint64_t>(c));
      for (int i = 0; i < 20; ++i) {
        SqliteRequestLog log(directory.path(), silent);
        std::vector<RequestRecord> batch;
        for (int k = 0; k < 30; ++k) {
          batch.push_back(answered_record(random, kStart + i * 1s));
          batch.back().model_requested = "model-" + std::to_string(k % 7);
        }
        if (!log.append(batch)) ::_exit(1);
      }
      ::_exit(0);
    }
    children.push_back(child);
  }
  for (const pid_t child : children) {
    int status = 0;
    ::waitpid(child, &status, 0);
    CHECK(status == 0);
  }
  const auto history = history_of(directory);
  CHECK(history->last_row().value() == 4 * 20 * 30);
  CHECK(history->query({.model = "model-3"}, 1000, std::nullopt)->entries.size() == 4 * 20 * 4);
}
#endif

TEST_CASE("a call that was held back is no call in the figures") {
  Random random(1);
  auto r = rescued_record(random, kStart, ErrorClass::budget);
  r.attempts[0].sent = false;
  for_each_log({r}, [&](RequestHistory& history) {
    const auto stats = history.stats(std::nullopt, observe::StatsBy::provider);
    REQUIRE(stats);
    CHECK(stats->first_failed == 0);
    CHECK(stats->rescued == 0);
    CHECK(stats->fallbacks == 1);
    REQUIRE(stats->providers.size() == 1);
    CHECK(stats->providers[0].provider == "anthropic");
    CHECK(stats->providers[0].calls == 1);
  });
}

TEST_CASE("a log of the first version is brought up to date, and its rows are found") {
  const TemporaryDirectory directory;
  Random random(1);
  sqlite::SqliteRequestLog log(directory.path(), quiet());
  const auto old = failed_record(random, kStart, ErrorClass::bad_request, 400);
  REQUIRE(log.append(std::vector{old, answered_record(random, kStart + 1s)}));
  {
    auto database = sqlite::Database::open(directory.path() + "/log.db", sqlite::Database::Mode::write);
    REQUIRE(database->run(
        "CREATE TABLE f AS SELECT what, b FROM facet; DROP TABLE facet;"
        "CREATE TABLE facet(what INTEGER NOT NULL, b INTEGER NOT NULL, PRIMARY KEY(what, b)) WITHOUT ROWID;"
        "INSERT INTO facet SELECT * FROM f; DROP TABLE f; PRAGMA user_version = 1"));
  }
  CHECK_FALSE(sqlite::SqliteRequestHistory::open(directory.path()));
  sqlite::SqliteRequestLog newer(directory.path(), quiet());
  const auto fresh = failed_record(random, kStart + 2s, ErrorClass::bad_request, 400);
  REQUIRE(newer.append(std::vector{fresh}));
  auto history = sqlite::SqliteRequestHistory::open(directory.path());
  REQUIRE(history);
  const auto page =
      (*history)->query({.model = "gpt-4o-mini", .error_class = ErrorClass::bad_request}, 10, {});
  REQUIRE(page);
  REQUIRE(page->entries.size() == 2);
  CHECK(page->entries[0].record.id == fresh.id);
  CHECK(page->entries[1].record.id == old.id);
}
