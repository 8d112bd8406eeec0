#include "observe/metrics.h"

#include <doctest/doctest.h>

#include <thread>

#include "tests/store/records.h"

using namespace llmgw;
using observe::Metrics;

namespace {

const WallTime kStart = ManualClock{}.wall();

// Whether the page has exactly this line.
bool has(const std::string& page, const std::string& line) {
  return page.starts_with(line + "\n") || page.find("\n" + line + "\n") != std::string::npos;
}

}  // namespace

TEST_CASE("calls are counted under the names of the GenAI conventions") {
  Metrics metrics("1.2.3");
  auto& shard = metrics.shard();
  Random random(1);
  auto stream = answered_record(random, kStart);
  stream.attempts[0].first_content = 90ms;
  shard.record(stream);
  shard.record(rescued_record(random, kStart, ErrorClass::rate_limit));
  shard.record(failed_record(random, kStart, ErrorClass::auth, 401));
  const std::string page = metrics.text();
  const std::string openai =
      "gen_ai_operation_name=\"chat\",gen_ai_provider_name=\"openai\",gen_ai_request_model=\"gpt-4o-mini\"";
  for (const std::string& line : {
           "gen_ai_client_operation_duration_seconds_count{" + openai + "} 1",
           "gen_ai_client_operation_duration_seconds_count{" + openai + ",error_type=\"rate_limit\"} 1",
           "gen_ai_client_operation_duration_seconds_count{" + openai + ",error_type=\"auth\"} 1",
           "gen_ai_client_operation_duration_seconds_bucket{" + openai +
               ",error_type=\"rate_limit\",le=\"0.16\"} 0",
           "gen_ai_client_operation_duration_seconds_bucket{" + openai +
               ",error_type=\"rate_limit\",le=\"0.32\"} 1",
           "gen_ai_client_token_usage_count{" + openai + ",gen_ai_token_type=\"input\"} 1",
           "gen_ai_client_token_usage_sum{" + openai + ",gen_ai_token_type=\"output\"} 45",
           "gen_ai_client_token_usage_bucket{" + openai + ",gen_ai_token_type=\"output\",le=\"64\"} 1",
           "gen_ai_server_time_to_first_token_seconds_bucket{" + openai + ",le=\"0.1\"} 1",
           std::string("llmgw_attempts_total{provider=\"openai\",outcome=\"rate_limit\"} 1"),
           std::string("llmgw_attempts_total{provider=\"openai\",outcome=\"answered\"} 1"),
           std::string("llmgw_attempts_total{provider=\"anthropic\",outcome=\"answered\"} 1"),
           std::string("llmgw_requests_total{type=\"openai-chat\",status=\"200\"} 2"),
           std::string("llmgw_requests_total{type=\"openai-chat\",status=\"401\"} 1"),
           std::string("llmgw_fallbacks_total 1"),
           std::string("llmgw_rescued_total 1"),
           std::string("llmgw_build_info{version=\"1.2.3\"} 1"),
       }) {
    CAPTURE(line);
    CHECK(has(page, line));
  }
  CHECK(page.find("# TYPE gen_ai_client_operation_duration_seconds histogram") != std::string::npos);
  CHECK(page.find("process_resident_memory_bytes ") != std::string::npos);
}

TEST_CASE("what is open now is a gauge, and others' counts are asked for") {
  Metrics metrics("1", {.requests_not_logged = [] { return uint64_t{7}; },
                        .lines_not_logged = [] { return uint64_t{8}; },
                        .rests_active = [] { return int64_t{9}; }});
  auto &a = metrics.shard(), &b = metrics.shard();
  a.streams(3);
  b.streams(-1);
  a.connections(5);
  b.buffered(1000);
  const std::string page = metrics.text();
  for (const char* line :
       {"llmgw_open_streams 2", "llmgw_open_connections 5", "llmgw_buffered_bytes 1000",
        "llmgw_log_dropped_total 7", "llmgw_log_lines_dropped_total 8", "llmgw_rests_active 9"}) {
    CAPTURE(line);
    CHECK(has(page, line));
  }
}

TEST_CASE("models that clients make up are counted together beyond 200") {
  Metrics metrics("1");
  auto &a = metrics.shard(), &b = metrics.shard();
  Random random(1);
  auto r = answered_record(random, kStart);
  for (int i = 0; i < 5000; ++i) {
    r.attempts[0].model = "model-" + std::to_string(i);
    (i % 2 == 0 ? a : b).record(r);
  }
  const std::string page = metrics.text();
  size_t models = 0;
  for (size_t at = 0;
       (at = page.find("\ngen_ai_client_operation_duration_seconds_count{", at)) != std::string::npos; ++at) {
    ++models;
  }
  CHECK(models == Metrics::kMostModels + 1);
  CHECK(has(
      page,
      "gen_ai_client_operation_duration_seconds_count{gen_ai_operation_name=\"chat\",gen_ai_provider_name="
      "\"openai\",gen_ai_request_model=\"other\"} 4800"));
  CHECK(has(page, "llmgw_requests_total{type=\"openai-chat\",status=\"200\"} 5000"));
}

TEST_CASE("hundreds of providers, types and statuses are bounded, and nothing is lost") {
  Metrics metrics("1");
  auto& shard = metrics.shard();
  Random random(1);
  auto r = answered_record(random, kStart);
  for (int i = 0; i < 3000; ++i) {
    r.attempts[0].provider = "provider-" + std::to_string(i);
    r.status = 100 + i % 500;
    shard.record(r);
  }
  const std::string page = metrics.text();
  int64_t counted = 0;
  for (size_t at = 0; (at = page.find("\nllmgw_attempts_total{", at)) != std::string::npos; ++at) {
    counted += std::atoll(page.c_str() + page.find("} ", at) + 2);
  }
  CHECK(counted == 3000);
}

TEST_CASE("quotes and line ends in a model's name are escaped") {
  Metrics metrics("1");
  Random random(1);
  auto r = answered_record(random, kStart);
  r.attempts[0].model = "a\"b\nc\\d";
  metrics.shard().record(r);
  CHECK(metrics.text().find("gen_ai_request_model=\"a\\\"b\\nc\\\\d\"") != std::string::npos);
}

TEST_CASE("a scrape reads while loops count") {
  Metrics metrics("1");
  std::vector<std::thread> loops;
  for (int t = 0; t < 3; ++t) {
    loops.emplace_back([&metrics, t] {
      auto& shard = metrics.shard();
      Random random(static_cast<uint64_t>(t));
      auto r = rescued_record(random, kStart, ErrorClass::timeout);
      for (int i = 0; i < 5000; ++i) {
        r.attempts[1].model = "model-" + std::to_string(i % 50);
        shard.record(r);
      }
    });
  }
  for (int i = 0; i < 20; ++i) CHECK_FALSE(metrics.text().empty());
  for (auto& loop : loops) loop.join();
  CHECK(has(metrics.text(), "llmgw_rescued_total 15000"));
}
