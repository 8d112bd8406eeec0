#include "observe/metrics.h"

#include <prometheus/collectable.h>
#include <prometheus/metric_family.h>
#include <prometheus/text_serializer.h>

#include <algorithm>
#include <map>
#include <sstream>

#include "observe/process_facts.h"

namespace llmgw::observe {
namespace {

using prometheus::ClientMetric;
using prometheus::MetricFamily;
using prometheus::MetricType;
using Labels = std::vector<std::pair<std::string, std::string>>;

// `gen_ai.operation.name` of a request type; one the conventions don't know is its own name.
std::string operation(const std::string& type) {
  if (type == "openai-completions") return "text_completion";
  if (type == "gemini-generate") return "generate_content";
  if (type == "openai-embeddings" || type == "gemini-embed" || type == "cohere-embed") return "embeddings";
  if (type == "openai-chat" || type == "openai-responses" || type == "anthropic-messages" ||
      type == "bedrock-converse" || type == "cohere-chat" || type == "ollama-chat") {
    return "chat";
  }
  return type;
}

// A histogram added up over shards.
template <const auto& kBounds>
struct Sum {
  std::array<int64_t, kBounds.size() + 1> counts{};
  int64_t sum = 0;

  void add(const OwnedHistogram<kBounds>& h) {
    for (size_t i = 0; i < counts.size(); ++i) counts[i] += h.count(i);
    sum += h.sum();
  }
  int64_t count() const {
    int64_t n = 0;
    for (const int64_t c : counts) n += c;
    return n;
  }
};

constexpr double kPerSecond = 1e6;  // sums and bounds are in µs

}  // namespace

// Gathers families in the order in which they are first named.
class Metrics::Page final : public prometheus::Collectable {
 public:
  void number(MetricType type, const char* name, const char* help, double value, const Labels& labels = {}) {
    ClientMetric& metric = add(type, name, help, labels);
    (type == MetricType::Counter ? metric.counter.value : metric.gauge.value) = value;
  }

  template <const auto& kBounds>
  void histogram(const char* name, const char* help, const Sum<kBounds>& sum, double per_unit,
                 const Labels& labels) {
    if (sum.count() == 0) return;
    auto& h = add(MetricType::Histogram, name, help, labels).histogram;
    uint64_t below = 0;
    for (size_t i = 0; i < sum.counts.size(); ++i) {
      below += static_cast<uint64_t>(sum.counts[i]);
      const double bound = i < kBounds.size() ? static_cast<double>(kBounds[i]) / per_unit
                                              : std::numeric_limits<double>::infinity();
      h.bucket.push_back({below, bound});
    }
    h.sample_count = below;
    h.sample_sum = static_cast<double>(sum.sum) / per_unit;
  }

  std::vector<MetricFamily> Collect() const override { return families_; }

 private:
  ClientMetric& add(MetricType type, const char* name, const char* help, const Labels& labels) {
    auto at = std::ranges::find(families_, name, &MetricFamily::name);
    if (at == families_.end()) at = families_.insert(at, MetricFamily{name, help, type, {}});
    ClientMetric& metric = at->metric.emplace_back();
    for (const auto& [label, value] : labels) metric.label.push_back({label, value});
    return metric;
  }

  std::vector<MetricFamily> families_;
};

Metrics::Metrics(std::string version, Sources sources)
    : version_(std::move(version)), sources_(std::move(sources)) {}

Metrics::Metrics(std::string version) : Metrics(std::move(version), Sources{}) {}

Metrics::~Metrics() = default;

MetricShard& Metrics::shard() {
  const std::lock_guard lock(shards_mutex_);
  return *shards_.emplace_back(std::make_unique<MetricShard>(*this));
}

bool Metrics::admits(std::string_view model) {
  const std::lock_guard lock(models_mutex_);
  if (models_.contains(model)) return true;
  if (models_.size() >= kMostModels) return false;
  models_.emplace(model);
  return true;
}

std::string Metrics::text() const {
  struct Calls {
    Sum<kDurationBounds> answered;
    std::array<Sum<kDurationBounds>, kErrorClasses> failed;
    Sum<kFirstTokenBounds> first_token;
    Sum<kTokenBounds> input, output;
    int64_t cost = 0;
  };
  std::map<std::tuple<std::string, std::string, std::string>, Calls> calls;
  std::map<std::pair<std::string, int>, Sum<kDurationBounds>> requests;
  int64_t fallbacks = 0, rescued = 0, cut = 0, passed_over = 0, cached = 0, raced = 0;
  int64_t streams = 0, connections = 0, buffered = 0;
  {
    const std::lock_guard lock(shards_mutex_);
    for (const auto& shard : shards_) {
      for (const auto& slot : shard->calls_) {
        const CallSeries* s = slot.load(std::memory_order_acquire);
        if (s == nullptr) continue;
        Calls& c = calls[{s->provider, s->model, operation(s->type)}];
        c.answered.add(s->answered);
        for (size_t i = 0; i < c.failed.size(); ++i) {
          if (const auto* durations = s->failed[i].load(std::memory_order_acquire))
            c.failed[i].add(*durations);
        }
        c.first_token.add(s->first_token);
        c.input.add(s->input);
        c.output.add(s->output);
        c.cost += s->cost.value();
      }
      for (const auto& slot : shard->requests_) {
        const RequestSeries* s = slot.load(std::memory_order_acquire);
        if (s != nullptr) requests[{s->type, s->status}].add(s->took);
      }
      fallbacks += shard->fallbacks_.value();
      rescued += shard->rescued_.value();
      cut += shard->cut_.value();
      passed_over += shard->passed_over_.value();
      cached += shard->cached_.value();
      raced += shard->raced_cost_.value();
      streams += shard->open_streams_.value();
      connections += shard->open_connections_.value();
      buffered += shard->buffered_bytes_.value();
    }
  }

  Page page;
  std::map<std::pair<std::string, std::string>, int64_t> attempts;
  for (const auto& [name, c] : calls) {
    const auto& [provider, model, type] = name;
    const Labels labels{
        {"gen_ai_operation_name", type}, {"gen_ai_provider_name", provider}, {"gen_ai_request_model", model}};
    auto with = [&labels](const char* label, std::string_view value) {
      Labels more = labels;
      more.emplace_back(label, value);
      return more;
    };
    constexpr const char* kDuration = "gen_ai_client_operation_duration_seconds";
    constexpr const char* kDurationHelp = "Duration of calls to providers.";
    page.histogram(kDuration, kDurationHelp, c.answered, kPerSecond, labels);
    attempts[{provider, "answered"}] += c.answered.count();
    for (size_t i = 0; i < c.failed.size(); ++i) {
      const auto error_class = llmgw::name(static_cast<ErrorClass>(i));
      page.histogram(kDuration, kDurationHelp, c.failed[i], kPerSecond, with("error_type", error_class));
      if (c.failed[i].count() > 0) attempts[{provider, std::string(error_class)}] += c.failed[i].count();
    }
    page.histogram("gen_ai_server_time_to_first_token_seconds", "Time to the first content of streams.",
                   c.first_token, kPerSecond, labels);
    page.histogram("gen_ai_client_token_usage", "Tokens of calls to providers.", c.input, 1.0,
                   with("gen_ai_token_type", "input"));
    page.histogram("gen_ai_client_token_usage", "Tokens of calls to providers.", c.output, 1.0,
                   with("gen_ai_token_type", "output"));
    page.number(MetricType::Counter, "llmgw_cost_usd_total", "Cost of calls to providers, in dollars.",
                to_usd(NanoUsd{c.cost}), labels);
  }
  for (const auto& [name, count] : attempts) {
    page.number(MetricType::Counter, "llmgw_attempts_total", "Calls to providers by what they came to.",
                static_cast<double>(count), {{"provider", name.first}, {"outcome", name.second}});
  }
  for (const auto& [name, took] : requests) {
    const Labels labels{{"type", name.first}, {"status", std::to_string(name.second)}};
    page.number(MetricType::Counter, "llmgw_requests_total",
                "Requests by dialect and the status the client got.", static_cast<double>(took.count()),
                labels);
    page.histogram("llmgw_request_duration_seconds", "Duration of requests, all attempts included.", took,
                   kPerSecond, labels);
  }
  auto counter = [&page](const char* name, const char* help, double value) {
    page.number(MetricType::Counter, name, help, value);
  };
  auto gauge = [&page](const char* name, const char* help, double value, const Labels& labels = {}) {
    page.number(MetricType::Gauge, name, help, value, labels);
  };
  counter("llmgw_fallbacks_total", "Requests that another target than the first called answered.",
          static_cast<double>(fallbacks));
  counter("llmgw_rescued_total", "Requests that were answered although their first call failed.",
          static_cast<double>(rescued));
  counter("llmgw_cut_streams_total", "Streams that broke after their first content.",
          static_cast<double>(cut));
  counter("llmgw_passed_over_total", "Targets passed over without a call.", static_cast<double>(passed_over));
  counter("llmgw_cache_hits_total", "Attempts answered by the cache.", static_cast<double>(cached));
  counter("llmgw_raced_cost_usd_total", "Cost of the losers of races, in dollars.", to_usd(NanoUsd{raced}));
  gauge("llmgw_open_streams", "Streams open now.", static_cast<double>(streams));
  gauge("llmgw_open_connections", "Client connections open now.", static_cast<double>(connections));
  gauge("llmgw_buffered_bytes", "Bytes of bodies held now.", static_cast<double>(buffered));
  if (sources_.requests_not_logged) {
    counter("llmgw_log_dropped_total", "Requests that are not in the request log.",
            static_cast<double>(sources_.requests_not_logged()));
  }
  if (sources_.lines_not_logged) {
    counter("llmgw_log_lines_dropped_total", "Lines that the process's own log lost.",
            static_cast<double>(sources_.lines_not_logged()));
  }
  if (sources_.rests_active) {
    gauge("llmgw_rests_active", "Keys and targets at rest now.",
          static_cast<double>(sources_.rests_active()));
  }
  if (const auto budgets = sources_.budgets ? sources_.budgets() : std::nullopt) {
    counter("llmgw_budget_overruns_total", "Calls that cost more than was reserved for them.",
            static_cast<double>(budgets->overruns));
    counter("llmgw_ledger_full_total", "Calls refused because the ledger had no place for them.",
            static_cast<double>(budgets->refused_full));
    gauge("llmgw_budget_reservations", "Calls under way that hold money.",
          static_cast<double>(budgets->open));
    for (const auto& level : budgets->levels) {
      const Labels labels{{"level", level.name}};
      gauge("llmgw_budget_limit_usd", "What may be spent in a budget's window.", to_usd(level.limit), labels);
      gauge("llmgw_budget_spent_usd", "What was spent in a budget's window.", to_usd(level.spent), labels);
      gauge("llmgw_budget_reserved_usd", "What calls under way hold of a budget.", to_usd(level.reserved),
            labels);
    }
  }
  gauge("llmgw_build_info", "The version that runs.", 1, {{"version", version_}});
  const ProcessFacts process = process_facts();
  counter("process_cpu_seconds_total", "User and system CPU time of the process.", process.cpu_seconds);
  gauge("process_resident_memory_bytes", "Resident memory of the process.",
        static_cast<double>(process.resident_bytes));
  gauge("process_open_fds", "Open file descriptors of the process.",
        static_cast<double>(process.open_descriptors));
  gauge("process_start_time_seconds", "When the process began, in Unix time.", process.started);

  std::ostringstream out;
  prometheus::TextSerializer().Serialize(out, page.Collect());
  return std::move(out).str();
}

}  // namespace llmgw::observe
