#include "config/check.h"
#include "config/quantity.h"
#include "config/secret_source.h"
#include "config/section.h"
#include "config/word.h"

namespace llmgw::config {
namespace {

constexpr auto kUnpriced = words<Unpriced>({{"refuse", Unpriced::refuse}, {"allow", Unpriced::allow}});

// A calendar word or a duration.
struct Period {
  void read(const Cursor& at, Budget& budget) const {
    static constexpr std::string_view kWhat =
        "\"day\", \"week\", \"month\" or a duration of at least a minute such as \"30d\"";
    const auto* text = at.string(kWhat);
    if (!text) return;
    budget.per = *text;
    if (*text == "day" || *text == "week" || *text == "month") return;
    const auto window = parse_duration(*text);
    if (!window || *window < 1min) {
      at.expected_form(kWhat);
    } else {
      budget.window = *window;
    }
  }
  void write(json::Writer& out, const Budget& budget) const { out.string(budget.per); }
};

// A date as a string or as TOML's own.
struct Date {
  void read(const Cursor& at, std::string& value) const {
    const auto kind = at.node().kind;
    if (kind != Node::Kind::string && kind != Node::Kind::date && kind != Node::Kind::date_time) {
      at.expected("a date such as \"2027-01-01\"");
    } else if (const auto wrong = check::date(at.node().text)) {
      at.wrong(*wrong);
    } else {
      value = at.node().text;
    }
  }
  void write(json::Writer& out, const std::string& value) const { out.string(value); }
};

void rate_section(Fields& f, Rate& rate) {
  f.field("requests", rate.requests, Integer{.min = 1});
  f.field("tokens", rate.tokens, Integer{.min = 1});
  f.field("per", rate.per, Time{.min = 1s, .max = 24h * 31});
  if (!f.has("requests") && !f.has("tokens")) f.wrong("", "needs requests or tokens");
}

void limits_section(Fields& f, Limits& limits) {
  f.field("budget", limits.budget, Group{budget_section});
  f.field("rate", limits.rate, Group{rate_section});
  f.field("weight", limits.weight, Number{});
}

}  // namespace

void budget_section(Fields& f, Budget& budget) {
  f.required("usd");
  f.required("per");
  f.field("usd", budget.limit, Dollars{});
  f.field("per", budget, Period{});
  f.field("zone", budget.zone, Zone{});
  if (f.reading() && f.has("zone") && budget.window) {
    f.wrong("zone", "only \"day\", \"week\" and \"month\" have a time zone");
  }
}

void virtual_key_section(Fields& f, VirtualKey& key) {
  f.required("name");
  f.required("value");
  f.field("name", key.name, Text{check::name});
  f.field("value", key.sha256, HashedSecret{});
  f.field("team", key.team, Text{check::name});
  f.field("enabled", key.enabled, Boolean{});
  f.field("expires", key.expires, Date{});
  f.field("providers", key.providers, List{Text{check::name}});
  f.field("models", key.models, List{Text{check::glob}});
  f.field("budget", key.budget, Group{budget_section});
  f.field("unpriced", key.unpriced, kUnpriced);
  f.field("max_concurrency", key.max_concurrency, Integer{.min = 1, .max = 1'000'000});
  f.field("rate", key.rate, Group{rate_section});
  f.field("priority", key.priority, Integer{.min = -1000, .max = 1000});
  f.field("extra_fields", key.extra_fields, kExtraFields);
  f.field("require_labels", key.require_labels, List{Text{check::name}});
  f.field("provider", key.provider, Keyed{Group{limits_section}, check::name});
  f.field("model", key.model, Keyed{Group{limits_section}, check::glob});
}

void team_section(Fields& f, Team& team) {
  f.required("name");
  f.field("name", team.name, Text{check::name});
  f.field("customer", team.customer, Text{check::name});
  f.field("budget", team.budget, Group{budget_section});
}

void customer_section(Fields& f, Customer& customer) {
  f.required("name");
  f.field("name", customer.name, Text{check::name});
  f.field("budget", customer.budget, Group{budget_section});
}

}  // namespace llmgw::config
