#include "observe/stats_builder.h"

#include <algorithm>

namespace llmgw::observe {
namespace {

// The nearest-rank percentile; sorts as far as it must.
std::optional<Duration> percentile(std::vector<int64_t>& us, double share) {
  if (us.empty()) return std::nullopt;
  const auto rank = std::min(us.size() - 1, static_cast<size_t>(share * static_cast<double>(us.size())));
  std::nth_element(us.begin(), us.begin() + static_cast<ptrdiff_t>(rank), us.end());
  return std::chrono::microseconds(us[rank]);
}

int64_t known(int64_t tokens) {
  return std::max<int64_t>(tokens, 0);
}

int64_t in_us(Duration d) {
  return std::chrono::duration_cast<std::chrono::microseconds>(d).count();
}

}  // namespace

Rescue rescue(const RequestRecord& record) {
  for (const auto& attempt : record.attempts) {
    if (!attempt.sent) continue;
    Rescue r;
    r.first_failed = attempt.error_class && *attempt.error_class != ErrorClass::cancelled;
    r.rescued = r.first_failed && !record.error_class;
    if (r.rescued) {
      const Duration answer = record.first_content.value_or(record.took);
      r.after = std::max(Duration::zero(), answer - (attempt.started + attempt.took));
    }
    return r;
  }
  return {};
}

void StatsBuilder::add(Count& c, bool answered, bool failed, int64_t input, int64_t output, NanoUsd cost) {
  ++c.count;
  c.answered += answered;
  c.failed += failed;
  c.input += known(input);
  c.output += known(output);
  c.cost = c.cost + cost;
}

void StatsBuilder::add(const Request& r) {
  ++sum_.requests;
  sum_.answered += r.answered;
  sum_.cancelled += r.cancelled;
  sum_.fallbacks += r.answered && r.fallback;
  sum_.first_failed += r.first_failed;
  sum_.rescued += r.rescued;
  sum_.input_tokens += known(r.input_tokens);
  sum_.output_tokens += known(r.output_tokens);
  sum_.cached_tokens += known(r.cached_tokens);
  sum_.cost = sum_.cost + r.cost;
  sum_.raced_cost = sum_.raced_cost + r.raced_cost;
  if (r.answered) took_us_.push_back(in_us(r.took));
  if (r.rescued && r.rescue_after) rescues_us_.push_back(in_us(*r.rescue_after));
}

void StatsBuilder::add_tag(std::string_view name_and_value, const Request& r) {
  auto at = tags_.find(name_and_value);
  if (at == tags_.end()) at = tags_.emplace(std::string(name_and_value), Count{}).first;
  add(at->second, r.answered, !r.answered && !r.cancelled, r.input_tokens, r.output_tokens, r.cost);
}

void StatsBuilder::add(const Call& c) {
  auto& provider = providers_[c.provider];
  ++provider.calls;
  const bool answered = !c.error_class;
  const bool failed = c.error_class && *c.error_class != ErrorClass::cancelled;
  if (c.error_class) ++provider.by_class[static_cast<size_t>(*c.error_class)];
  if (by_ == StatsBy::provider || by_ == StatsBy::model || by_ == StatsBy::key) {
    const int64_t second = by_ == StatsBy::model ? c.model : by_ == StatsBy::key ? c.key : 0;
    add(groups_[pair_of(c.provider, second)], answered, failed, c.input_tokens, c.output_tokens, c.cost);
  }
  if (c.key == 0) return;
  auto& key = keys_[pair_of(c.provider, c.key)];
  if (answered) key.answered = std::max(key.answered, c.at);
  if (c.error_class == ErrorClass::auth || c.error_class == ErrorClass::quota) {
    ++(c.error_class == ErrorClass::auth ? key.auth : key.quota);
    if (c.at >= key.refused) key.refused = c.at, key.last = *c.error_class;
  }
}

void StatsBuilder::add_unknown(const Call& c, int status, std::string_view code, std::string_view message) {
  auto& shape = unknown_[{c.provider, c.model, status, std::string(code)}];
  ++shape.count;
  if (c.at >= shape.last) {
    shape.last = c.at;
    shape.message = std::string(message);
  }
}

Stats StatsBuilder::finish(std::optional<WallTime> since,
                           const std::function<std::string(int64_t)>& text) const {
  Stats stats = sum_;
  stats.since = since;
  auto rescues = rescues_us_, took = took_us_;
  stats.rescue_p50 = percentile(rescues, 0.5);
  stats.rescue_p95 = percentile(rescues, 0.95);
  stats.took_p50 = percentile(took, 0.5);
  stats.took_p95 = percentile(took, 0.95);

  for (const auto& [id, failures] : providers_) {
    stats.providers.push_back(failures);
    stats.providers.back().provider = text(id);
  }
  std::ranges::sort(stats.providers, [](const auto& a, const auto& b) {
    return std::pair(-a.calls, std::string_view(a.provider)) <
           std::pair(-b.calls, std::string_view(b.provider));
  });

  auto group = [&](std::string group_name, const Count& c) {
    stats.groups.push_back({std::move(group_name), c.count, c.answered, c.failed, c.input, c.output, c.cost});
  };
  for (const auto& [ids, count] : groups_) {
    const int64_t provider = ids >> 32, second = ids & 0xffffffff;
    group(second == 0 ? text(provider) : text(provider) + "/" + text(second), count);
  }
  for (const auto& [tag, count] : tags_) group(tag, count);
  std::ranges::sort(stats.groups, [](const auto& a, const auto& b) {
    return std::pair(-a.count, std::string_view(a.name)) < std::pair(-b.count, std::string_view(b.name));
  });

  for (const auto& [shape_of, shape] : unknown_) {
    stats.unclassified.push_back(shape);
    auto& s = stats.unclassified.back();
    s.provider = text(std::get<0>(shape_of));
    s.model = text(std::get<1>(shape_of));
    s.status = std::get<2>(shape_of);
    s.code = std::get<3>(shape_of);
  }
  std::ranges::stable_sort(stats.unclassified, std::greater{}, &UnknownShape::count);

  for (const auto& [ids, key] : keys_) {
    if (key.auth + key.quota == 0 || key.answered > key.refused) continue;
    stats.keys.push_back(
        {text(ids >> 32), text(ids & 0xffffffff), key.last, key.auth + key.quota, key.refused});
  }
  std::ranges::sort(stats.keys, [](const auto& a, const auto& b) {
    return std::tuple(b.last, std::string_view(a.provider), std::string_view(a.key)) <
           std::tuple(a.last, std::string_view(b.provider), std::string_view(b.key));
  });
  return stats;
}

}  // namespace llmgw::observe
