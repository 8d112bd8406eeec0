#pragma once

#include <functional>
#include <memory>
#include <mutex>
#include <set>
#include <string>
#include <vector>

#include "observe/metric_shard.h"

namespace llmgw::observe {

// What budgets have come to; asked at a scrape.
struct BudgetsNow {
  static constexpr size_t kMostLevels = 200;  // series; those beyond are in /api/budgets
  struct Level {
    std::string name;  // "key checkout"
    NanoUsd limit, spent, reserved;
  };
  uint64_t overruns = 0;      // calls that cost more than was reserved for them
  uint64_t refused_full = 0;  // calls for which the ledger had no place
  int64_t open = 0;           // reservations
  std::vector<Level> levels;
};

// What /metrics says. Each loop counts in a shard of its own; a scrape adds them up.
//
// Calls have the names and bounds of OpenTelemetry's semantic conventions for generative AI
// (open-telemetry/semantic-conventions, docs/gen-ai/gen-ai-metrics.md), as Prometheus spells them:
// gen_ai_client_operation_duration_seconds, gen_ai_client_token_usage,
// gen_ai_server_time_to_first_token_seconds, by gen_ai_provider_name (the provider's name in the
// config), gen_ai_request_model, gen_ai_operation_name, error_type (our error class). What they have no
// name for begins with llmgw_.
class Metrics {
 public:
  // Models beyond so many are counted together as "other": clients choose the names.
  static constexpr size_t kMostModels = 200;

  // What others count; asked at each scrape, from its thread. An absent one is left out.
  struct Sources {
    std::function<uint64_t()> requests_not_logged{};  // LogWriter::dropped
    std::function<uint64_t()> lines_not_logged{};     // Log::dropped
    std::function<int64_t()> rests_active{};
    std::function<std::optional<BudgetsNow>()> budgets{};  // none: there are none
  };

  Metrics(std::string version, Sources sources);
  explicit Metrics(std::string version);
  ~Metrics();
  Metrics(const Metrics&) = delete;
  Metrics& operator=(const Metrics&) = delete;

  // A shard for one thread; it stands as long as the metrics do.
  MetricShard& shard();

  // The page in Prometheus' text format, version 0.0.4. From any thread.
  std::string text() const;
  static constexpr std::string_view kContentType = "text/plain; version=0.0.4; charset=utf-8";

 private:
  friend class MetricShard;
  class Page;
  bool admits(std::string_view model);

  const std::string version_;
  const Sources sources_;
  mutable std::mutex shards_mutex_;
  std::vector<std::unique_ptr<MetricShard>> shards_;
  std::mutex models_mutex_;
  std::set<std::string, std::less<>> models_;
};

}  // namespace llmgw::observe
