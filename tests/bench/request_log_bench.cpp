// What a request costs to log, and what filters and sums cost on a million rows:
//   bench_request_log [rows]
#include <sys/resource.h>
#include <unistd.h>

#include <cstdio>
#include <filesystem>

#include "store/log_writer.h"
#include "store/sqlite/request_history.h"
#include "store/sqlite/request_log.h"
#include "tests/store/records.h"

using namespace llmgw;

namespace {

double cpu_us(int who) {
  rusage u{};
  ::getrusage(who, &u);
  auto us = [](const timeval& t) {
    return static_cast<double>(t.tv_sec) * 1e6 + static_cast<double>(t.tv_usec);
  };
  return us(u.ru_utime) + us(u.ru_stime);
}

template <typename Work>
void timed(const char* what, const Work& work) {
  double best = 1e9;
  size_t rows = 0;
  for (int i = 0; i < 3; ++i) {
    const auto began = std::chrono::steady_clock::now();
    rows = work();
    best = std::min(
        best, std::chrono::duration<double, std::milli>(std::chrono::steady_clock::now() - began).count());
  }
  std::printf("%-44s %9.2f ms  %6zu rows\n", what, best, rows);
}

observe::RequestRecord nth(Random& random, int64_t i, int64_t rows, WallTime start) {
  const WallTime arrived = start + i * 10ms;
  auto r = i % 50 == 0 ? rescued_record(random, arrived, ErrorClass::rate_limit)
                       : answered_record(random, arrived);
  if (i % 200 == 7) r = failed_record(random, arrived, ErrorClass::bad_request, 400);
  if (i == rows / 3 || i == rows / 2) r = failed_record(random, arrived, ErrorClass::content_filter, 400);
  if (i % 100'000 == 5) r.tags = {{"job", "nightly"}};
  if (i % 3 == 0) r.tags = {{"team", "shop"}};
  if (i % 2 == 0) r.virtual_key = "checkout";
  if (i % 50'000 == 9) r.model_requested = "openai/o1-preview";
  return r;
}

}  // namespace

int main(int argc, char** argv) {
  const int64_t rows = argc > 1 ? std::atoll(argv[1]) : 1'000'000;
  const std::string directory =
      std::filesystem::temp_directory_path() / ("llmgw-bench-" + std::to_string(::getpid()));
  observe::Log log({});
  SystemClock clock;
  Random random(1);
  const WallTime start = clock.wall() - rows * 10ms;
  std::printf("record %zu bytes, attempt %zu bytes\n", sizeof(observe::RequestRecord),
              sizeof(observe::AttemptRecord));
  {
    store::sqlite::SqliteRequestLog requests(directory, log);
    std::vector<observe::RequestRecord> batch;
    double cpu = 0, wall = 0;
    for (int64_t i = 0; i < rows;) {
      batch.clear();
      for (; batch.size() < 512 && i < rows; ++i) batch.push_back(nth(random, i, rows, start));
      const auto began = std::chrono::steady_clock::now();
      const double before = cpu_us(RUSAGE_THREAD);
      if (auto done = requests.append(batch); !done) return std::puts(done.error().message.c_str()), 1;
      cpu += cpu_us(RUSAGE_THREAD) - before;
      wall += std::chrono::duration<double, std::micro>(std::chrono::steady_clock::now() - began).count();
    }
    const auto size = static_cast<double>(std::filesystem::file_size(directory + "/log.db"));
    std::printf("append: %.2f us CPU a request (%.2f wall), %.0f requests/s, %.0f bytes a request\n",
                cpu / static_cast<double>(rows), wall / static_cast<double>(rows),
                static_cast<double>(rows) / (wall / 1e6), size / static_cast<double>(rows));
  }
  {
    auto opened = store::sqlite::SqliteRequestHistory::open(directory);
    if (!opened) return std::puts(opened.error().message.c_str()), 1;
    auto& history = **opened;
    auto query = [&](const char* what, const store::LogFilter& filter) {
      timed(what, [&] { return history.query(filter, 50, std::nullopt).value().entries.size(); });
    };
    const std::string id = history.query({}, 1, rows / 2).value().entries.at(0).record.id;
    query("newest 50", {});
    query("an hour of the middle", {.since = start + rows / 2 * 10ms, .until = start + rows / 2 * 10ms + 1h});
    query("request id", {.id = id});
    query("request id, first 14 characters", {.id = id.substr(0, 14)});
    query("failed", {.failed = true});
    query("fallback", {.fallback = true});
    query("class rate_limit (2 %)", {.error_class = ErrorClass::rate_limit});
    query("class content_filter (2 rows)", {.error_class = ErrorClass::content_filter});
    query("class auth (none)", {.error_class = ErrorClass::auth});
    query("tag team=shop (a third)", {.tag = {{"team", "shop"}}});
    query("tag job=nightly (6 rows)", {.tag = {{"job", "nightly"}}});
    query("provider openai (all)", {.provider = "openai"});
    query("provider anthropic (2 %)", {.provider = "anthropic"});
    query("model openai/o1-preview (20 rows)", {.model = "openai/o1-preview"});
    query("model openai/gpt-4o-mini", {.model = "openai/gpt-4o-mini"});
    query("virtual key checkout", {.virtual_key = "checkout"});
    query("provider anthropic and failed (none)", {.provider = "anthropic", .failed = true});
    query("model gpt-4o-mini and class bad_request",
          {.model = "openai/gpt-4o-mini", .error_class = ErrorClass::bad_request});
    query("model o1-preview and rate_limit (none)",
          {.model = "openai/o1-preview", .error_class = ErrorClass::rate_limit});
    query("anthropic and bad_request (none)",
          {.provider = "anthropic", .error_class = ErrorClass::bad_request});
    query("model claude-3-5-haiku-latest and bad_request",
          {.model = "claude-3-5-haiku-latest", .error_class = ErrorClass::bad_request});
    query("rate_limit and tag job=nightly (none)",
          {.error_class = ErrorClass::rate_limit, .tag = {{"job", "nightly"}}});
    query("anthropic and content_filter (none)",
          {.provider = "anthropic", .error_class = ErrorClass::content_filter});
    query("a day, bad_request and fallback (none)",
          {.since = start, .until = start + 24h, .error_class = ErrorClass::bad_request, .fallback = true});
    query("model of another provider (none)", {.provider = "openai", .model = "anthropic/gpt-4o-mini"});
    timed("follow from the end", [&] { return history.follow({}, rows - 10, 50).value().entries.size(); });
    timed("stats by provider", [&] {
      return static_cast<size_t>(history.stats(std::nullopt, observe::StatsBy::provider).value().requests);
    });
    timed("stats by tag", [&] {
      return static_cast<size_t>(history.stats(std::nullopt, observe::StatsBy::tag).value().requests);
    });
    timed("stats of the last hour", [&] {
      return static_cast<size_t>(history.stats(clock.wall() - 1h, observe::StatsBy::model).value().requests);
    });
  }
  {
    store::sqlite::SqliteRequestLog requests(directory, log);
    store::LogWriter writer(requests, log, clock, {.queue = 1 << 16});
    constexpr int kRecords = 50'000;
    std::vector<observe::RequestRecord> records;
    for (int i = 0; i < kRecords; ++i) records.push_back(nth(random, i, rows, start));
    const double process = cpu_us(RUSAGE_SELF);
    const auto offering = std::chrono::steady_clock::now();
    for (auto& record : records) writer.offer(std::move(record));
    const double offered =
        std::chrono::duration<double, std::micro>(std::chrono::steady_clock::now() - offering).count();
    writer.stop();
    std::printf("offer: %.0f ns; offered, queued and written: %.2f us CPU a request, %llu dropped\n",
                offered / kRecords * 1000, (cpu_us(RUSAGE_SELF) - process) / kRecords,
                static_cast<unsigned long long>(writer.dropped()));
    double longest = 0;
    int steps = 0;
    const auto began = std::chrono::steady_clock::now();
    while (steps < 1000) {
      const auto step = std::chrono::steady_clock::now();
      if (!requests.trim({.keep = 24h * 30, .max_size = 1 << 20}, clock.wall()).value()) break;
      longest = std::max(
          longest,
          std::chrono::duration<double, std::milli>(std::chrono::steady_clock::now() - step).count());
      ++steps;
    }
    std::printf("trim: %d steps, %.2f ms each, longest %.2f ms\n", steps,
                std::chrono::duration<double, std::milli>(std::chrono::steady_clock::now() - began).count() /
                    std::max(steps, 1),
                longest);
  }
  std::filesystem::remove_all(directory);
}
