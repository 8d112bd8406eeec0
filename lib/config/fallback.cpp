#include "config/check.h"
#include "config/section.h"
#include "config/word.h"

namespace llmgw::config {
namespace {

constexpr auto kPromptCache = words<bool>({{"auto", true}, {"off", false}});

// "auto" or a list of fallbacks.
struct Default {
  void read(const Cursor& at, Fallback& fallback) const {
    const Node& node = at.node();
    if (node.kind == Node::Kind::array) {
      fallback.default_auto = false;
      List{Text{check::model}}.read(at, fallback.defaults);
    } else if (node.kind == Node::Kind::string && node.text == "auto") {
      fallback.default_auto = true;
    } else {
      at.expected_form("\"auto\" or an array of targets");
    }
  }
  void write(json::Writer& out, const Fallback& fallback) const {
    if (fallback.default_auto) {
      out.string("auto");
    } else {
      List{Text{}}.write(out, fallback.defaults);
    }
  }
};

void balance_weights_section(Fields& f, Balance& balance) {
  f.field("error", balance.error, Number{.max = 1});
  f.field("latency", balance.latency, Number{.max = 1});
  f.field("utilization", balance.utilization, Number{.max = 1});
}

void recovery_section(Fields& f, Balance& balance) {
  f.field("seconds", balance.recovery, Seconds{});
  f.field("reduction", balance.reduction, Number{.max = 1});
}

}  // namespace

void fallback_section(Fields& f, Fallback& fallback) {
  Policy& policy = fallback.policy;
  f.field("on", policy.on, Classes{});
  f.field("max_attempts", fallback.max_attempts, Integer{.min = 1, .max = 100});
  f.field("deadline", policy.deadline, TimeOrAuto{});
  f.field("default", fallback, Default{});
  f.field("slow_after", policy.slow_after, TimeOrAuto{});
  f.field("steer", fallback.steer, Boolean{});
  f.field("commit", policy.commit, kCommit);
  f.field("on_cut", policy.on_cut, kOnCut);
  f.field("retry_budget", fallback.retry_budget, Number{.max = 10});
  f.field("translation", policy.translation, kTranslation);
  f.field("prompt_cache", fallback.prompt_cache, kPromptCache);
}

void balance_section(Fields& f, Balance& balance) {
  f.field("interval", balance.interval, Time{.min = 100ms, .max = 1h});
  f.field("weights", balance, Group{balance_weights_section});
  f.field("degraded_above", balance.degraded_above, Number{.max = 1});
  f.field("failed_above", balance.failed_above, Number{.max = 1});
  f.field("min_samples", balance.min_samples, Integer{.min = 1, .max = 1'000'000});
  f.field("recovery", balance, Group{recovery_section});
  if (f.reading() && balance.degraded_above > balance.failed_above) {
    f.wrong(f.has("degraded_above") ? "degraded_above" : "failed_above",
            "degraded_above must not be above failed_above");
  }
}

}  // namespace llmgw::config
