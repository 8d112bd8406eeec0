#include "observe/report.h"

#include <algorithm>
#include <cstdio>

#include "observe/timestamp.h"

namespace llmgw::observe {
namespace {

template <typename... Args>
std::string printed(const char* format, Args... args) {
  char text[64];
  std::snprintf(text, sizeof text, format, args...);
  return text;
}

Cell status_cell(int status, const std::optional<ErrorClass>& error_class) {
  std::string text = status != 0 ? std::to_string(status) : "–";
  if (!error_class) return {text, Tone::good};
  text += " ";
  text += name(*error_class);
  return {text, *error_class == ErrorClass::cancelled ? Tone::faint : Tone::bad};
}

std::string tokens(const Usage& usage) {
  auto count = [](int64_t n) { return n < 0 ? std::string("–") : std::to_string(n); };
  return usage.input < 0 && usage.output < 0 ? "" : count(usage.input) + "→" + count(usage.output);
}

std::string target(const std::string& provider, const std::string& model) {
  return provider.empty() ? model : provider + "/" + model;
}

std::string cost_or_nothing(NanoUsd cost) {
  return cost.value == 0 ? "" : shown(cost);
}

int64_t calls(const RequestRecord& r) {
  return std::ranges::count_if(r.attempts, [](const auto& a) { return a.sent; });
}

// What became of an attempt, in words.
std::string result(const AttemptRecord& a) {
  if (!a.skipped.empty()) return "passed over: " + a.skipped;
  std::string text = a.from_cache() ? "from the cache" : a.held_back() ? "not sent" : "";
  auto add = [&text](const std::string& more) { text += (text.empty() ? "" : "; ") + more; };
  if (a.raced) add("raced");
  if (!a.code.empty()) add(a.code);
  if (!a.message.empty()) add(a.message);
  if (a.retry_after) add("retry after " + shown(*a.retry_after));
  return text;
}

// A body for a terminal: what would steer it is shown as '?'.
std::string body_text(std::string_view body) {
  if (body.find('\0') != std::string_view::npos)
    return std::to_string(body.size()) + " bytes that are no text";
  std::string text;
  for (size_t i = 0; i < body.size(); ++i) {
    const auto c = static_cast<unsigned char>(body[i]);
    const auto next = i + 1 < body.size() ? static_cast<unsigned char>(body[i + 1]) : 0;
    if (c == 0xC2 && next >= 0x80 && next < 0xA0) {  // C1 controls, in UTF-8
      text += '?';
      ++i;
    } else if (c == '\r' && next == '\n') {
      continue;
    } else {
      text += (c < 0x20 && c != '\n' && c != '\t') || c == 0x7F ? '?' : body[i];
    }
  }
  return text;
}

std::string rate(double share) {
  return printed("%.2f %%", share * 100);
}

std::string since_text(const Stats& s) {
  return s.since ? "since " + timestamp(*s.since) : "of all that is logged";
}

std::string failures_table(const Stats& stats, const Look& look) {
  std::array<bool, kErrorClasses> seen{};
  for (const auto& p : stats.providers) {
    for (size_t i = 0; i < seen.size(); ++i) seen[i] = seen[i] || p.by_class[i] > 0;
  }
  Table table;
  table.column("provider", Table::Align::left, true).column("calls", Table::Align::right);
  for (size_t i = 0; i < seen.size(); ++i) {
    if (seen[i]) table.column(std::string(name(static_cast<ErrorClass>(i))), Table::Align::right);
  }
  for (const auto& p : stats.providers) {
    std::vector<Cell> cells{{p.provider}, {std::to_string(p.calls)}};
    for (size_t i = 0; i < seen.size(); ++i) {
      if (!seen[i]) continue;
      const int64_t n = p.by_class[i];
      cells.push_back(n > 0 ? Cell{std::to_string(n), Tone::warn} : Cell{"·", Tone::faint});
    }
    table.row(std::move(cells));
  }
  return table.empty() ? "" : "\n" + table.text(look);
}

std::string groups_table(const Stats& stats, StatsBy by, const Look& look) {
  if (by == StatsBy::none || stats.groups.empty()) return "";
  Table table;
  table.column(std::string(name(by)), Table::Align::left, true);
  for (const char* heading :
       {by == StatsBy::tag ? "requests" : "calls", "answered", "failed", "tokens in", "out", "cost"}) {
    table.column(heading, Table::Align::right);
  }
  for (const auto& g : stats.groups) {
    table.row({{g.name},
               {std::to_string(g.count)},
               {std::to_string(g.answered)},
               {std::to_string(g.failed), g.failed > 0 ? Tone::warn : Tone::plain},
               {std::to_string(g.input_tokens)},
               {std::to_string(g.output_tokens)},
               {cost_or_nothing(g.cost)}});
  }
  return "\n" + table.text(look);
}

std::string unclassified_table(const Stats& stats, const Look& look) {
  if (stats.unclassified.empty()) return "\nno unclassified error shapes\n";
  Table table;
  table.column("provider").column("model", Table::Align::left, true).column("status", Table::Align::right);
  table.column("code", Table::Align::left, true).column("count", Table::Align::right).column("last");
  table.column("message", Table::Align::left, true);
  for (const auto& s : stats.unclassified) {
    table.row({{s.provider},
               {s.model},
               {std::to_string(s.status)},
               {s.code},
               {std::to_string(s.count)},
               {timestamp(s.last)},
               {s.message}});
  }
  return "\n" + table.text(look);
}

}  // namespace

std::string shown(Duration d) {
  const double ms = std::chrono::duration<double, std::milli>(d).count();
  if (ms < 9.95) return printed("%.1f ms", ms);
  if (ms < 999.5) return printed("%.0f ms", ms);
  if (ms < 59'995) return printed("%.2f s", ms / 1000);
  const auto s = std::chrono::round<std::chrono::seconds>(d).count();
  if (s < 3600)
    return printed("%lldm %02llds", static_cast<long long>(s / 60), static_cast<long long>(s % 60));
  return printed("%lldh %02lldm", static_cast<long long>(s / 3600), static_cast<long long>(s / 60 % 60));
}

std::string shown(NanoUsd cost) {
  const double usd = to_usd(cost);
  if (cost.value == 0) return "$0";
  return std::abs(usd) < 0.01 ? printed("$%.6f", usd)
         : std::abs(usd) < 1  ? printed("$%.4f", usd)
                              : printed("$%.2f", usd);
}

std::string trail_table(std::span<const AttemptRecord> attempts, const Look& look) {
  Table table;
  table.column("#", Table::Align::right).column("target", Table::Align::left, true).column("key");
  table.column("status").column("at", Table::Align::right).column("took", Table::Align::right);
  table.column("tokens", Table::Align::right).column("cost", Table::Align::right);
  table.column("what it said", Table::Align::left, true);
  int64_t n = 0;
  for (const auto& a : attempts) {
    ++n;
    const bool tried = a.sent || a.held_back();
    table.row({{std::to_string(n), Tone::faint},
               {target(a.provider, a.model)},
               {a.key},
               tried || a.error_class || a.from_cache() ? status_cell(a.status, a.error_class)
                                                      : Cell{"–", Tone::faint},
               {tried ? shown(a.started) : ""},
               {tried ? shown(a.took) : ""},
               {tokens(a.usage)},
               {cost_or_nothing(a.cost)},
               {result(a), tried ? Tone::plain : Tone::faint}});
  }
  return table.text(look);
}

std::string requests_table(std::span<const RequestRecord> requests, const Look& look) {
  Table table;
  table.column("time").column("id").column("asked for", Table::Align::left, true);
  table.column("answered by", Table::Align::left, true).column("status");
  table.column("calls", Table::Align::right).column("took", Table::Align::right);
  table.column("tokens", Table::Align::right).column("cost", Table::Align::right);
  for (const auto& r : requests) {
    const std::string by = target(r.provider, r.model);
    auto status = status_cell(r.status, r.error_class);
    if (r.cut) status.text += " cut";
    table.row(
        {{timestamp(r.arrived), Tone::faint},
         {r.id},
         {r.model_requested},
         {by.empty() ? "–" : by + (r.fallback ? " (fallback)" : ""), r.fallback ? Tone::warn : Tone::plain},
         status,
         {std::to_string(calls(r))},
         {shown(r.took)},
         {tokens(r.usage)},
         {cost_or_nothing(r.cost)}});
  }
  return table.text(look);
}

std::string request_page(const RequestRecord& r, const Look& look) {
  std::string out;
  auto line = [&](std::string_view label, const std::string& value, Tone tone = Tone::plain) {
    if (value.empty()) return;
    Table one;
    one.column("x");
    one.row({{value}});  // shows control characters as the tables do
    const std::string clean = one.text({}).substr(2);
    out += toned(std::string(label) + std::string(14 - label.size(), ' '), Tone::faint, look) +
           toned(std::string_view(clean).substr(0, clean.size() - 1), tone, look) + "\n";
  };
  const auto status = status_cell(r.status, r.error_class);
  line("request", r.id);
  line("client's id", r.client_id);
  line("arrived", timestamp(r.arrived));
  line("type", r.request_type + (r.stream ? ", stream" : ""));
  line("asked for", r.model_requested);
  line("route", r.route);
  line("answered by", target(r.provider, r.model) + (r.key.empty() ? "" : " with key " + r.key) +
                          (r.fallback ? " (fallback)" : ""));
  line("status", status.text + (r.cut ? ", cut after its first content" : ""), status.tone);
  line("took", shown(r.took) + (r.first_content ? ", first content after " + shown(*r.first_content) : ""));
  line("tokens", tokens(r.usage));
  line("cost", cost_or_nothing(r.cost) +
                   (r.raced_cost.value != 0 ? ", of it lost to races " + shown(r.raced_cost) : ""));
  line("virtual key", r.virtual_key);
  std::string tags;
  for (const auto& [name, value] : r.tags) tags += (tags.empty() ? "" : ", ") + name + "=" + value;
  line("tags", tags);
  out += "\n" + trail_table(r.attempts, look);
  for (const auto& a : r.attempts) {
    if (!a.upstream_request_id.empty())
      line("upstream id", target(a.provider, a.model) + ": " + a.upstream_request_id);
  }
  if (!r.request_body.empty())
    out += "\n" + toned("request body", Tone::faint, look) + "\n" + body_text(r.request_body) + "\n";
  if (!r.response_body.empty())
    out += "\n" + toned("response body", Tone::faint, look) + "\n" + body_text(r.response_body) + "\n";
  return out;
}

std::string stats_page(const Stats& s, StatsBy by, bool unclassified, const Look& look) {
  std::string out;
  for (const auto& line : needs_a_person(s)) out += toned("! " + line, Tone::bad, look) + "\n";
  if (!out.empty()) out += "\n";
  if (s.requests == 0) return out + "no requests " + since_text(s) + "\n";
  const int64_t failed = s.requests - s.answered - s.cancelled;
  auto line = [&](std::string_view label, const std::string& value) {
    out += toned(std::string(label) + std::string(16 - label.size(), ' '), Tone::faint, look) + value + "\n";
  };
  line("requests", std::to_string(s.requests) + " " + since_text(s));
  line("success", rate(s.success_rate()) + " (" + std::to_string(failed) + " failed, " +
                      std::to_string(s.cancelled) + " cancelled by their client)");
  line("fallbacks", rate(s.fallback_rate()) + " of the answers (" + std::to_string(s.fallbacks) + ")");
  line("rescued", s.first_failed == 0 ? "no first call failed"
                                      : rate(s.rescue_rate()) + " of the " + std::to_string(s.first_failed) +
                                            " requests whose first call failed");
  if (s.rescue_p50) line("time to rescue", "p50 " + shown(*s.rescue_p50) + ", p95 " + shown(*s.rescue_p95));
  if (s.took_p50) line("answers took", "p50 " + shown(*s.took_p50) + ", p95 " + shown(*s.took_p95));
  line("tokens", std::to_string(s.input_tokens) + " in (" + std::to_string(s.cached_tokens) + " cached), " +
                     std::to_string(s.output_tokens) + " out");
  line("cost",
       shown(s.cost) + (s.raced_cost.value != 0 ? ", of it lost to races " + shown(s.raced_cost) : ""));
  out += failures_table(s, look) + groups_table(s, by, look);
  if (unclassified) out += unclassified_table(s, look);
  return out;
}

}  // namespace llmgw::observe
