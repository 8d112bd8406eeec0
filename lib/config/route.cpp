#include "config/check.h"
#include "config/quantity.h"
#include "config/section.h"
#include "config/word.h"

namespace llmgw::config {
namespace {

constexpr auto kStrategy = words<Strategy>({{"priority", Strategy::priority},
                                            {"weighted", Strategy::weighted},
                                            {"adaptive", Strategy::adaptive},
                                            {"cheapest", Strategy::cheapest},
                                            {"fastest", Strategy::fastest}});

void target_section(Fields& f, RouteTarget& target) {
  f.required("model");
  f.field("model", target.model, Text{check::model});
  f.field("weight", target.weight, Number{});
}

// A target is a table, or just its name.
struct Target {
  void read(const Cursor& at, RouteTarget& target) const {
    if (at.node().kind == Node::Kind::table) {
      Group{target_section}.read(at, target);
      return;
    }
    target.at = at.node().at;
    if (at.string("a target such as \"openai/gpt-4o\" or { model = \"openai/gpt-4o\", weight = 1 }")) {
      Text{check::model}.read(at, target.model);
    }
  }
  void write(json::Writer& out, const RouteTarget& target) const { Group{target_section}.write(out, target); }
};

struct HedgeAfter {
  void read(const Cursor& at, Hedge& hedge) const {
    const auto* text = at.string("\"p95\" or a duration such as \"2s\"");
    if (!text) return;
    hedge.p95 = *text == "p95";
    if (hedge.p95) return;
    if (const auto duration = parse_duration(*text); duration && *duration >= 1ms) {
      hedge.after = *duration;
    } else {
      at.expected_form("\"p95\" or a duration such as \"2s\"");
    }
  }
  void write(json::Writer& out, const Hedge& hedge) const {
    out.string(hedge.p95 ? "p95" : format_duration(hedge.after));
  }
};

void hedge_section(Fields& f, Hedge& hedge) {
  f.required("after");
  f.field("after", hedge, HedgeAfter{});
  f.field("max_share", hedge.max_share, Number{.max = 1});
}

void promise_section(Fields& f, Promise& promise) {
  f.field("survives", promise.survives, List{Word{{"key", "provider"}}});
  f.field("success", promise.success, Number{.max = 1});
  f.field("first_token_p99", promise.first_token_p99, Time{.min = 1ms});
}

void condition_section(Fields& f, Condition& when) {
  f.field("models", when.models, List{Text{check::glob}});
  f.field("headers", when.headers, Keyed{Text{check::header_value}});
  f.field("tags", when.tags, Keyed{Text{check::not_empty}, check::name});
  f.field("min_tokens", when.min_tokens, Integer{});
  f.field("max_tokens", when.max_tokens, Integer{});
  f.field("hours", when.hours, Text{check::hours});
  f.field("zone", when.zone, Zone{});
  f.field("vision", when.vision, Boolean{});
  if (f.reading() && when.min_tokens && when.max_tokens && *when.min_tokens > *when.max_tokens) {
    f.wrong("min_tokens", "must not be above max_tokens");
  }
  if (f.reading() && f.has("zone") && !f.has("hours")) f.wrong("zone", "means nothing without hours");
}

void shadow_section(Fields& f, Shadow& shadow) {
  f.required("target");
  f.field("target", shadow.target, Text{check::model});
  f.field("share", shadow.share, Number{.max = 1});
}

}  // namespace

void route_section(Fields& f, Route& route) {
  f.required("targets");
  f.field("targets", route.targets, List{Target{}});
  if (f.reading() && f.has("targets") && route.targets.empty())
    f.wrong("targets", "must name at least one target");
  f.field("strategy", route.strategy, kStrategy);
  f.field("fallbacks", route.fallbacks, List{Text{check::model}});
  f.field("hedge", route.hedge, Group{hedge_section});
  f.field("require_labels", route.require_labels, List{Text{check::name}});
  f.field("timeouts", route.timeouts, Group{timeouts_section});
  f.field("deadline", route.deadline, TimeOrAuto{});
  f.field("slow_after", route.slow_after, TimeOrAuto{});
  f.field("commit", route.commit, kCommit);
  f.field("on_cut", route.on_cut, kOnCut);
  f.field("fallback_on", route.fallback_on, Classes{});
  f.field("translation", route.translation, kTranslation);
  f.field("when", route.when, Group{condition_section});
  f.field("affinity", route.affinity, Text{check::affinity});
  f.field("shadow", route.shadow, Group{shadow_section});
  f.field("promise", route.promise, Group{promise_section});
}

}  // namespace llmgw::config
