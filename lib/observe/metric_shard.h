#pragma once

#include <array>
#include <atomic>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "observe/record.h"

namespace llmgw::observe {

// A number that one thread changes and any thread reads. No locked instruction.
class OwnedCounter {
 public:
  void add(int64_t n) { value_.store(value_.load(std::memory_order_relaxed) + n, std::memory_order_relaxed); }
  int64_t value() const { return value_.load(std::memory_order_relaxed); }

 private:
  std::atomic<int64_t> value_{0};
};

// Counts per bucket; `kBounds` are the upper bounds, in the unit of what is added.
template <const auto& kBounds>
class OwnedHistogram {
 public:
  void add(int64_t value) {
    size_t i = 0;
    while (i < kBounds.size() && value > kBounds[i]) ++i;
    counts_[i].add(1);
    sum_.add(value);
  }
  int64_t count(size_t bucket) const { return counts_[bucket].value(); }
  int64_t sum() const { return sum_.value(); }

 private:
  std::array<OwnedCounter, kBounds.size() + 1> counts_;
  OwnedCounter sum_;
};

// The bounds that the OpenTelemetry semantic conventions for generative AI advise
// (docs/gen-ai/gen-ai-metrics.md): durations and first tokens here in µs.
inline constexpr std::array<int64_t, 14> kDurationBounds{
    10'000,    20'000,    40'000,    80'000,     160'000,    320'000,    640'000,
    1'280'000, 2'560'000, 5'120'000, 10'240'000, 20'480'000, 40'960'000, 81'920'000};
inline constexpr std::array<int64_t, 16> kFirstTokenBounds{
    1'000,   5'000,   10'000,  20'000,    40'000,    60'000,    80'000,    100'000,
    250'000, 500'000, 750'000, 1'000'000, 2'500'000, 5'000'000, 7'500'000, 10'000'000};
inline constexpr std::array<int64_t, 14> kTokenBounds{
    1, 4, 16, 64, 256, 1'024, 4'096, 16'384, 65'536, 262'144, 1'048'576, 4'194'304, 16'777'216, 67'108'864};

// Calls of one provider, model and request type.
struct CallSeries {
  using Durations = OwnedHistogram<kDurationBounds>;

  std::string provider, model, type;
  uint64_t hash = 0;
  Durations answered;
  std::array<std::atomic<Durations*>, kErrorClasses> failed{};  // made when first needed
  OwnedHistogram<kFirstTokenBounds> first_token;
  OwnedHistogram<kTokenBounds> input, output;
  OwnedCounter cost;  // nano-dollars

  ~CallSeries();
};

// Requests of one type and final status.
struct RequestSeries {
  std::string type;
  int status = 0;
  OwnedHistogram<kDurationBounds> took;
};

class Metrics;

// One loop's part of the metrics: only its thread writes, and it waits for nobody; a scrape reads.
class MetricShard {
 public:
  explicit MetricShard(Metrics& metrics);
  ~MetricShard();
  MetricShard(const MetricShard&) = delete;
  MetricShard& operator=(const MetricShard&) = delete;

  // A request that has ended.
  void record(const RequestRecord&);
  // What is open now: +1 when one begins, -1 when it ends; bytes of bodies held.
  void streams(int64_t change) { open_streams_.add(change); }
  void connections(int64_t change) { open_connections_.add(change); }
  void buffered(int64_t bytes) { buffered_bytes_.add(bytes); }

 private:
  friend class Metrics;
  static constexpr size_t kCallSlots = 1024;  // a power of two; at most three quarters are used
  static constexpr size_t kRequestSlots = 64;

  CallSeries& series(std::string_view provider, std::string_view model, std::string_view type);
  CallSeries& added(size_t slot, uint64_t hash, std::string_view provider, std::string_view model,
                    std::string_view type);
  RequestSeries& requests(std::string_view type, int status);

  Metrics& metrics_;
  std::array<std::atomic<CallSeries*>, kCallSlots> calls_{};
  size_t call_count_ = 0;
  std::array<std::atomic<RequestSeries*>, kRequestSlots> requests_{};
  OwnedCounter fallbacks_, rescued_, cut_, passed_over_, cached_, raced_cost_;
  OwnedCounter open_streams_, open_connections_, buffered_bytes_;
};

}  // namespace llmgw::observe
