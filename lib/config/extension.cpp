// The sections of what is put into the way of an attempt: guardrails and plugins.
#include "config/check.h"
#include "config/section.h"
#include "config/types.h"

namespace llmgw::config {
namespace {

void guardrail_section(Fields& f, Guardrail& guardrail) {
  f.required("kind");
  f.field("kind", guardrail.kind, Word{{"pii", "regex", "words", "json_schema", "moderation"}});
  f.field("action", guardrail.action, Word{{"block", "redact", "fallback", "log"}});
  f.field("pattern", guardrail.pattern, Text{check::pattern});
  f.field("words", guardrail.words, List{Text{check::not_empty}});
  f.field("target", guardrail.target, Text{check::model});
  if (!f.reading()) return;
  if (guardrail.action.empty()) guardrail.action = "block";
  if (guardrail.kind == "regex") f.required("pattern");
  if (guardrail.kind == "words") f.required("words");
  if (guardrail.kind == "moderation") f.required("target");
}

constexpr auto kOnError = words<bool>({{"fail_closed", false}, {"fail_open", true}});

}  // namespace

void guardrails_section(Fields& f, Config& config) {
  f.field("input", config.guardrails_input, List{Group{guardrail_section}});
  f.field("output", config.guardrails_output, List{Group{guardrail_section}});
}

void plugin_section(Fields& f, Plugin& plugin) {
  f.required("name");
  f.required("kind");
  f.field("name", plugin.name, Text{check::name});
  f.field("kind", plugin.kind, Word{{"lua", "library", "http"}});
  f.field("path", plugin.path, Path{.must_exist = true});
  f.field("url", plugin.url, Text{check::url});
  f.field("on_error", plugin.fail_open, kOnError);
  if (!f.reading() || plugin.kind.empty()) return;
  f.required(plugin.kind == "http" ? "url" : "path");
}

}  // namespace llmgw::config
