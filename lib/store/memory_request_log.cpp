#include "store/memory_request_log.h"

#include <algorithm>

#include "base/text.h"
#include "observe/stats_builder.h"

namespace llmgw::store {
namespace {

bool starts_with_id(std::string_view id, std::string_view wanted) {
  if (id.starts_with(wanted)) return true;
  constexpr std::string_view kPrefix = "req_";
  if (wanted.size() >= kPrefix.size() && iequals(wanted.substr(0, kPrefix.size()), kPrefix)) {
    wanted.remove_prefix(kPrefix.size());
  }
  if (!id.starts_with(kPrefix)) return false;
  id.remove_prefix(kPrefix.size());
  return iequals(id.substr(0, wanted.size()), wanted);
}

bool has_model(const RequestRecord& r, std::string_view wanted) {
  auto is = [wanted](const std::string& provider, const std::string& model) {
    return model == wanted || provider + "/" + model == wanted;
  };
  return r.model_requested == wanted || is(r.provider, r.model) ||
         std::ranges::any_of(r.attempts, [&](const auto& a) { return is(a.provider, a.model); });
}

void forget_bodies(LogPage& page) {
  for (auto& entry : page.entries) entry.record.request_body = entry.record.response_body = {};
}

}  // namespace

bool matches(const LogFilter& f, const RequestRecord& r) {
  if (f.since && r.arrived < *f.since) return false;
  if (f.until && r.arrived >= *f.until) return false;
  if (!f.id.empty() && !starts_with_id(r.id, f.id)) return false;
  if (!f.provider.empty() && r.provider != f.provider &&
      !std::ranges::any_of(r.attempts, [&](const auto& a) { return a.provider == f.provider; })) {
    return false;
  }
  if (!f.model.empty() && !has_model(r, f.model)) return false;
  if (!f.virtual_key.empty() && r.virtual_key != f.virtual_key) return false;
  if (f.error_class && r.error_class != f.error_class &&
      !std::ranges::any_of(r.attempts, [&](const auto& a) { return a.error_class == f.error_class; })) {
    return false;
  }
  if (f.tag && std::ranges::find(r.tags, *f.tag) == r.tags.end()) return false;
  if (f.failed && !r.error_class) return false;
  return !f.fallback || r.fallback;
}

Result<void> MemoryRequestLog::append(std::span<const RequestRecord> records) {
  const std::lock_guard lock(entries_mutex_);
  for (const auto& record : records) entries_.push_back({++last_row_, record});
  return {};
}

Result<bool> MemoryRequestLog::trim(const Retention& retention, WallTime now) {
  const std::lock_guard lock(entries_mutex_);
  std::erase_if(entries_, [&](const LogEntry& e) { return e.record.arrived < now - retention.keep; });
  const auto most = static_cast<size_t>(retention.max_size / 1024);
  if (entries_.size() > most) entries_.erase(entries_.begin(), entries_.end() - static_cast<ptrdiff_t>(most));
  return false;
}

Result<LogPage> MemoryRequestLog::query(const LogFilter& filter, int limit, std::optional<int64_t> cursor) {
  const std::lock_guard lock(entries_mutex_);
  LogPage page;
  const auto wanted = static_cast<size_t>(std::max(limit, 1));
  for (auto entry = entries_.rbegin(); entry != entries_.rend() && page.entries.size() < wanted; ++entry) {
    if ((!cursor || entry->row < *cursor) && matches(filter, entry->record)) page.entries.push_back(*entry);
  }
  if (!filter.bodies) forget_bodies(page);
  if (page.entries.size() == wanted) page.cursor = page.entries.back().row;
  return page;
}

Result<LogPage> MemoryRequestLog::follow(const LogFilter& filter, int64_t row, int limit) {
  const std::lock_guard lock(entries_mutex_);
  LogPage page;
  const auto wanted = static_cast<size_t>(std::max(limit, 1));
  for (const auto& entry : entries_) {
    if (entry.row <= row || !matches(filter, entry.record)) continue;
    page.entries.push_back(entry);
    if (page.entries.size() == wanted) break;
  }
  if (!filter.bodies) forget_bodies(page);
  page.cursor = page.entries.size() == wanted ? page.entries.back().row : std::max(row, last_row_);
  return page;
}

Result<int64_t> MemoryRequestLog::last_row() {
  const std::lock_guard lock(entries_mutex_);
  return entries_.empty() ? 0 : entries_.back().row;
}

Result<observe::Stats> MemoryRequestLog::stats(std::optional<WallTime> since, observe::StatsBy by) {
  const std::lock_guard lock(entries_mutex_);
  std::vector<std::string> texts{""};
  auto id = [&texts](const std::string& text) -> int64_t {
    const auto at = std::ranges::find(texts, text);
    if (at != texts.end()) return at - texts.begin();
    texts.push_back(text);
    return static_cast<int64_t>(texts.size()) - 1;
  };
  observe::StatsBuilder builder(by);
  for (const auto& [row, r] : entries_) {
    if (since && r.arrived < *since) continue;
    const auto rescue = observe::rescue(r);
    const observe::StatsBuilder::Request request{!r.error_class, r.error_class == ErrorClass::cancelled,
                                                 r.fallback,     rescue.first_failed,
                                                 rescue.rescued, r.took,
                                                 rescue.after,   r.usage.input,
                                                 r.usage.output, r.usage.cached_input,
                                                 r.cost,         r.raced_cost};
    builder.add(request);
    if (by == observe::StatsBy::tag) {
      for (const auto& [name, value] : r.tags) builder.add_tag(name + "=" + value, request);
    }
    for (const auto& a : r.attempts) {
      if (!a.sent) continue;
      const observe::StatsBuilder::Call call{id(a.provider), id(a.model),   id(a.key),      a.error_class,
                                             r.arrived,      a.usage.input, a.usage.output, a.cost};
      builder.add(call);
      if (a.error_class == ErrorClass::invalid_response)
        builder.add_unknown(call, a.status, a.code, a.message);
    }
  }
  return builder.finish(since, [&texts](int64_t n) { return texts[static_cast<size_t>(n)]; });
}

}  // namespace llmgw::store
