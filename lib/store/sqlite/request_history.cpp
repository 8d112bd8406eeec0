#include "store/sqlite/request_history.h"

#include <algorithm>
#include <filesystem>

#include "base/json.h"
#include "observe/stats_builder.h"
#include "store/sqlite/filter_plan.h"
#include "store/sqlite/request_id.h"
#include "store/sqlite/schema.h"

namespace llmgw::store::sqlite {
namespace {

constexpr int64_t kLastRow = INT64_MAX >> kAttemptShift;
constexpr int64_t kNoCall = 1 | 4 | 8;  // of an attempt's flags: from the cache, passed over, held back

Duration us(int64_t n) {
  return std::chrono::microseconds(n);
}

std::optional<Duration> maybe_us(const Statement& row, int column) {
  const auto n = row.maybe_number(column);
  return n ? std::optional(us(*n)) : std::nullopt;
}

std::optional<ErrorClass> maybe_class(const Statement& row, int column) {
  const auto n = row.maybe_number(column);
  if (!n || *n < 0 || *n >= kErrorClasses) return std::nullopt;
  return static_cast<ErrorClass>(*n);
}

WallTime in_ms(int64_t n) {
  return WallTime{std::chrono::milliseconds(n)};
}

observe::Usage usage(const Statement& row, int first) {
  auto tokens = [&](int column) { return row.maybe_number(column).value_or(-1); };
  return {tokens(first), tokens(first + 1), tokens(first + 2), tokens(first + 3), tokens(first + 4)};
}

std::vector<std::pair<std::string, std::string>> tags(std::string_view text) {
  std::vector<std::pair<std::string, std::string>> found;
  const auto doc = json::Doc::parse(text);
  if (!doc) return found;
  for (const auto tag : doc->root().members()) found.emplace_back(tag.key.text(), tag.value.text());
  return found;
}

// "name=value" of each tag in a `tags` column; few texts stand in many rows, so they are remembered.
class TagNames {
 public:
  const std::vector<std::string>& of(std::string_view text) {
    if (const auto at = known_.find(text); at != known_.end()) return at->second;
    if (known_.size() >= 10'000) known_.clear();
    std::vector<std::string> names;
    if (!text.empty()) {
      for (const auto& [name, value] : tags(text)) names.push_back(name + "=" + value);
    }
    return known_.emplace(text, std::move(names)).first->second;
  }

 private:
  std::unordered_map<std::string, std::vector<std::string>, StringHash, std::equal_to<>> known_;
};

Result<Database> open_readable(const std::string& path) {
  auto database = Database::open(path, Database::Mode::read);
  if (!database) return database;
  if (database->number("PRAGMA user_version").has_value()) return database;
  // On a read-only medium SQLite cannot make its -shm file; nobody writes there either.
  std::string uri = "file:";
  for (const char c : path) {
    if (c == '%' || c == '?' || c == '#') {
      static constexpr char kHex[] = "0123456789abcdef";
      uri += {'%', kHex[static_cast<unsigned char>(c) >> 4], kHex[c & 15]};
    } else {
      uri += c;
    }
  }
  auto immutable = Database::open(uri + "?immutable=1", Database::Mode::read);
  if (!immutable) return immutable;
  if (auto version = immutable->number("PRAGMA user_version"); !version)
    return fail(std::move(version.error()));
  return immutable;
}

}  // namespace

Result<std::unique_ptr<SqliteRequestHistory>> SqliteRequestHistory::open(const std::string& directory) {
  const std::string path = directory + "/log.db";
  std::error_code ignored;
  if (!std::filesystem::exists(path, ignored)) {
    return fail(ErrorClass::bad_request,
                "there is no request log at " + path + " yet; `llmgw serve` and `llmgw ask` write it", 404);
  }
  auto database = open_readable(path);
  if (!database) {
    auto error = std::move(database.error());
    if (error.code == kCorrupt) error.message += "; the next request that is logged sets it aside";
    return fail(std::move(error));
  }
  const auto version = database->number("PRAGMA user_version");
  if (!version) return fail(version.error());
  if (*version != static_cast<int64_t>(kRequestLogSteps.size())) {
    return fail(
        ErrorClass::server_error,
        path + " is of version " + std::to_string(*version) + ", this llmgw reads " +
            std::to_string(kRequestLogSteps.size()) +
            "; a newer file needs the newer llmgw, an older one is brought up to date by `llmgw serve`");
  }
  auto names = Names::over(*database);
  if (!names) return fail(std::move(names.error()));
  return std::unique_ptr<SqliteRequestHistory>(
      new SqliteRequestHistory(std::move(*database), std::move(*names)));
}

Result<int64_t> SqliteRequestHistory::last_row() {
  return database_.number("SELECT max(n) FROM request");
}

Result<LogPage> SqliteRequestHistory::query(const LogFilter& filter, int limit,
                                            std::optional<int64_t> cursor) {
  const auto wanted = static_cast<size_t>(std::max(limit, 1));
  auto page = read(filter, 1, cursor ? *cursor - 1 : kLastRow, true, wanted);
  if (page && page->entries.size() == wanted) page->cursor = page->entries.back().row;
  return page;
}

Result<LogPage> SqliteRequestHistory::follow(const LogFilter& filter, int64_t row, int limit) {
  auto last = last_row();
  if (!last) return fail(std::move(last.error()));
  const auto wanted = static_cast<size_t>(std::max(limit, 1));
  auto page = read(filter, row + 1, *last, false, wanted);
  if (!page) return page;
  const bool full = page->entries.size() == wanted;
  page->cursor = full ? page->entries.back().row : std::max(row, *last);
  return page;
}

Result<LogPage> SqliteRequestHistory::read(const LogFilter& filter, int64_t first, int64_t last,
                                           bool newest_first, size_t limit) {
  const auto todo = plan(database_, names_, filter);
  if (!todo) return fail(todo.error());
  const std::string bodies = filter.bodies ? "body.request, body.response" : "NULL, NULL";
  auto rows = database_.prepare(
      "SELECT r.n, id, client_id, arrived, took, first_content, type, model_requested, route, provider, "
      "model, key, virtual_key, status, class, flags, input, output, cached, cache_written, reasoning, cost, "
      "raced_cost, tags, " +
      bodies + " FROM request r" + (filter.bodies ? " LEFT JOIN body USING(n)" : "") +
      " WHERE r.n BETWEEN ?1 AND ?2 AND " + todo->where + " ORDER BY r.n " + (newest_first ? "DESC" : "ASC"));
  if (!rows) return fail(std::move(rows.error()));

  LogPage page;
  const auto read_run = [&](RowRun run) -> Result<void> {
    rows->bind(1, run.first).bind(2, run.last);
    if (!todo->id_first.empty()) rows->bind_blob(3, todo->id_first).bind_blob(4, todo->id_last);
    while (page.entries.size() < limit) {
      auto more = rows->step();
      if (!more) return fail(std::move(more.error()));
      if (!*more) break;
      auto entry = record(*rows);
      if (!entry) return fail(std::move(entry.error()));
      page.entries.push_back({rows->number(0), std::move(*entry)});
    }
    rows->reset();
    return {};
  };
  if (!todo->blocks) {
    if (auto done = read_run({first, last}); !done) return fail(std::move(done.error()));
    return page;
  }
  const auto& blocks = *todo->blocks;
  for (size_t i = 0; i < blocks.size() && page.entries.size() < limit; ++i) {
    auto todo_here = runs(newest_first ? blocks[blocks.size() - 1 - i] : blocks[i], first, last);
    if (newest_first) std::ranges::reverse(todo_here);
    for (const auto run : todo_here) {
      if (page.entries.size() == limit) break;
      if (auto done = read_run(run); !done) return fail(std::move(done.error()));
    }
  }
  return page;
}

Result<RequestRecord> SqliteRequestHistory::record(Statement& row) {
  RequestRecord r;
  r.id = row.is_blob(1) && row.text(1).size() == 16 ? unpacked_id(row.text(1)) : std::string(row.text(1));
  r.client_id = row.text(2);
  r.arrived = in_ms(row.number(3));
  r.took = us(row.number(4));
  r.first_content = maybe_us(row, 5);
  r.request_type = names_.text(row.number(6));
  r.model_requested = names_.text(row.number(7));
  r.route = names_.text(row.number(8));
  r.provider = names_.text(row.number(9));
  r.model = names_.text(row.number(10));
  r.key = names_.text(row.number(11));
  r.virtual_key = names_.text(row.number(12));
  r.status = static_cast<int>(row.number(13));
  r.error_class = maybe_class(row, 14);
  const int64_t flags = row.number(15);
  r.stream = (flags & 1) != 0;
  r.fallback = (flags & 2) != 0;
  r.cut = (flags & 4) != 0;
  r.usage = usage(row, 16);
  r.cost = {row.number(21)};
  r.raced_cost = {row.number(22)};
  if (!row.text(23).empty()) r.tags = tags(row.text(23));
  r.request_body = row.text(24);
  r.response_body = row.text(25);
  auto trail = attempts(row.number(0));
  if (!trail) return fail(std::move(trail.error()));
  r.attempts = std::move(*trail);
  return r;
}

Result<std::vector<observe::AttemptRecord>> SqliteRequestHistory::attempts(int64_t row) {
  auto rows = database_.prepare(
      "SELECT provider, model, key, status, class, flags, started, took, first_content, retry_after, input, "
      "output, "
      "cached, cache_written, reasoning, cost, upstream_request_id, code, message, skipped FROM attempt "
      "WHERE at >= ? AND at < ? ORDER BY at");
  if (!rows) return fail(std::move(rows.error()));
  rows->bind(1, row << kAttemptShift).bind(2, (row + 1) << kAttemptShift);
  std::vector<observe::AttemptRecord> trail;
  while (true) {
    auto more = rows->step();
    if (!more) return fail(std::move(more.error()));
    if (!*more) return trail;
    observe::AttemptRecord& a = trail.emplace_back();
    a.provider = names_.text(rows->number(0));
    a.model = names_.text(rows->number(1));
    a.key = names_.text(rows->number(2));
    a.status = static_cast<int>(rows->number(3));
    a.error_class = maybe_class(*rows, 4);
    if ((rows->number(5) & 1) != 0) a.cache = observe::CacheUse::hit;
    a.raced = (rows->number(5) & 2) != 0;
    a.sent = (rows->number(5) & kNoCall) == 0;
    a.started = us(rows->number(6));
    a.took = us(rows->number(7));
    a.first_content = maybe_us(*rows, 8);
    a.retry_after = maybe_us(*rows, 9);
    a.usage = usage(*rows, 10);
    a.cost = {rows->number(15)};
    a.upstream_request_id = rows->text(16);
    a.code = rows->text(17);
    a.message = rows->text(18);
    a.skipped = rows->text(19);
  }
}

Result<observe::Stats> SqliteRequestHistory::stats(std::optional<WallTime> since, observe::StatsBy by) {
  const int64_t from = since ? unix_ms(*since) : 0;
  auto first =
      database_.number("SELECT b FROM block WHERE until >= " + std::to_string(from) + " ORDER BY b LIMIT 1");
  if (!first) return fail(std::move(first.error()));
  const int64_t first_row = *first << kBlockShift;
  auto requests = database_.prepare(
      "SELECT n, arrived, class, flags, took, rescue, input, output, cached, cost, raced_cost, " +
      std::string(by == observe::StatsBy::tag ? "tags" : "NULL") + " FROM request WHERE n >= ? ORDER BY n");
  if (!requests) return fail(std::move(requests.error()));
  auto calls = database_.prepare(
      "SELECT at, provider, model, key, class, input, output, cost FROM attempt WHERE at >= ? AND flags & " +
      std::to_string(kNoCall) + " = 0 ORDER BY at");
  if (!calls) return fail(std::move(calls.error()));
  auto details = database_.prepare("SELECT status, code, message FROM attempt WHERE at = ?");
  if (!details) return fail(std::move(details.error()));
  // One view of both tables, also while others write.
  if (auto done = database_.run("BEGIN"); !done) return fail(std::move(done.error()));
  struct End {
    Database& database;
    Statement& a;
    Statement& b;
    ~End() {
      a.reset();
      b.reset();
      (void)database.run("COMMIT");
    }
  } const end{database_, *requests, *calls};

  observe::StatsBuilder builder(by);
  TagNames tag_names;
  requests->bind(1, first_row);
  auto call = calls->bind(1, first_row << kAttemptShift).step();
  while (true) {
    auto more = requests->step();
    if (!more) return fail(std::move(more.error()));
    if (!*more) break;
    const int64_t row = requests->number(0);
    const WallTime arrived = in_ms(requests->number(1));
    const bool counts = requests->number(1) >= from;
    if (counts) {
      observe::StatsBuilder::Request r;
      const auto error_class = maybe_class(*requests, 2);
      const int64_t flags = requests->number(3);
      r.answered = !error_class;
      r.cancelled = error_class == ErrorClass::cancelled;
      r.fallback = (flags & 2) != 0;
      r.first_failed = (flags & 8) != 0;
      r.rescued = (flags & 16) != 0;
      r.took = us(requests->number(4));
      r.rescue_after = maybe_us(*requests, 5);
      r.input_tokens = requests->number(6);
      r.output_tokens = requests->number(7);
      r.cached_tokens = requests->number(8);
      r.cost = {requests->number(9)};
      r.raced_cost = {requests->number(10)};
      builder.add(r);
      if (by == observe::StatsBy::tag) {
        for (const auto& tag : tag_names.of(requests->text(11))) builder.add_tag(tag, r);
      }
    }
    while (call && *call && calls->number(0) >> kAttemptShift <= row) {
      if (counts && calls->number(0) >> kAttemptShift == row) {
        observe::StatsBuilder::Call c;
        c.provider = calls->number(1);
        c.model = calls->number(2);
        c.key = calls->number(3);
        c.error_class = maybe_class(*calls, 4);
        c.at = arrived;
        c.input_tokens = calls->number(5);
        c.output_tokens = calls->number(6);
        c.cost = {calls->number(7)};
        builder.add(c);
        if (c.error_class == ErrorClass::invalid_response) {
          auto found = details->bind(1, calls->number(0)).step();
          if (!found) return fail(std::move(found.error()));
          builder.add_unknown(c, static_cast<int>(details->number(0)), details->text(1), details->text(2));
          details->reset();
        }
      }
      call = calls->step();
    }
    if (!call) return fail(std::move(call.error()));
  }
  return builder.finish(since, [this](int64_t id) { return names_.text(id); });
}

}  // namespace llmgw::store::sqlite
