#include "observe/metric_shard.h"

#include <cstring>
#include <utility>

#include "observe/metrics.h"

namespace llmgw::observe {
namespace {

constexpr std::string_view kOther = "other";

int64_t in_us(Duration d) {
  return std::chrono::duration_cast<std::chrono::microseconds>(d).count();
}

// Of names of a few dozen bytes, twice a request: eight bytes a step.
uint64_t mixed(uint64_t h, std::string_view text) {
  constexpr uint64_t kOdd = 0x9e3779b97f4a7c15;
  h = (h ^ text.size()) * kOdd;
  size_t i = 0;
  for (; i + 8 <= text.size(); i += 8) {
    uint64_t w;
    std::memcpy(&w, text.data() + i, 8);
    h = (h ^ w) * kOdd;
    h ^= h >> 32;
  }
  uint64_t tail = 0;
  std::memcpy(&tail, text.data() + i, text.size() - i);
  h = (h ^ tail) * kOdd;
  return h ^ h >> 32;
}

}  // namespace

CallSeries::~CallSeries() {
  for (auto& durations : failed) delete durations.load(std::memory_order_relaxed);
}

MetricShard::MetricShard(Metrics& metrics) : metrics_(metrics) {}

MetricShard::~MetricShard() {
  for (auto& slot : calls_) delete slot.load(std::memory_order_relaxed);
  for (auto& slot : requests_) delete slot.load(std::memory_order_relaxed);
}

void MetricShard::record(const RequestRecord& r) {
  requests(r.request_type, r.status).took.add(in_us(r.took));
  if (r.fallback && !r.error_class) fallbacks_.add(1);
  if (r.cut) cut_.add(1);
  if (r.raced_cost.value != 0) raced_cost_.add(r.raced_cost.value);
  bool first = true;
  for (const auto& a : r.attempts) {
    if (!a.sent) {
      (a.from_cache() ? cached_ : passed_over_).add(1);
      continue;
    }
    const bool failed = a.error_class && *a.error_class != ErrorClass::cancelled;
    if (first && failed && !r.error_class) rescued_.add(1);
    first = false;
    CallSeries& call = series(a.provider, a.model, r.request_type);
    if (!a.error_class) {
      call.answered.add(in_us(a.took));
    } else {
      auto& slot = call.failed[static_cast<size_t>(*a.error_class)];
      auto* durations = slot.load(std::memory_order_relaxed);
      if (durations == nullptr) {
        durations = new CallSeries::Durations;
        slot.store(durations, std::memory_order_release);
      }
      durations->add(in_us(a.took));
    }
    if (a.first_content && !a.error_class) call.first_token.add(in_us(*a.first_content));
    if (a.usage.input >= 0) call.input.add(a.usage.input);
    if (a.usage.output >= 0) call.output.add(a.usage.output);
    if (a.cost.value != 0) call.cost.add(a.cost.value);
  }
}

CallSeries& MetricShard::series(std::string_view provider, std::string_view model, std::string_view type) {
  const uint64_t hash = mixed(mixed(mixed(0, provider), model), type);
  size_t slot = hash & (kCallSlots - 1);
  while (auto* known = calls_[slot].load(std::memory_order_relaxed)) {
    if (known->hash == hash && known->model == model && known->provider == provider && known->type == type) {
      return *known;
    }
    slot = (slot + 1) & (kCallSlots - 1);
  }
  if (model != kOther && (call_count_ >= kCallSlots / 2 || !metrics_.admits(model))) {
    return series(provider, kOther, type);
  }
  // Providers and types come from the config and the code: only a config of hundreds gets here.
  if (call_count_ >= kCallSlots / 4 * 3 && provider != kOther) return series(kOther, kOther, kOther);
  return added(slot, hash, provider, model, type);
}

CallSeries& MetricShard::added(size_t slot, uint64_t hash, std::string_view provider, std::string_view model,
                               std::string_view type) {
  auto* fresh = new CallSeries;
  fresh->provider = provider;
  fresh->model = model;
  fresh->type = type;
  fresh->hash = hash;
  calls_[slot].store(fresh, std::memory_order_release);
  ++call_count_;
  return *fresh;
}

RequestSeries& MetricShard::requests(std::string_view type, int status) {
  for (size_t i = 0; i < kRequestSlots; ++i) {
    auto* known = requests_[i].load(std::memory_order_relaxed);
    if (known != nullptr && known->status == status && known->type == type) return *known;
    const bool last = i + 1 == kRequestSlots;
    if (known != nullptr && !last) continue;
    if (known != nullptr) return *known;
    auto* fresh = new RequestSeries;
    fresh->type = last ? kOther : type;
    fresh->status = last ? 0 : status;
    requests_[i].store(fresh, std::memory_order_release);
    return *fresh;
  }
  std::unreachable();
}

}  // namespace llmgw::observe
