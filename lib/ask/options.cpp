#include "ask/options.h"

#include <cstdio>

#include "ask/default_model.h"
#include "ask/local_engine.h"
#include "ask/remote_gateway.h"
#include "observe/report.h"

namespace llmgw::ask {

Result<Opened> open_asker(const Options& options, const Surroundings& around, NanoUsd spent) {
  Session& session = around.session;
  Opened opened{.asker = nullptr, .model = options.model};
  if (opened.model.empty()) opened.model = around.config->ask_model;
  if (opened.model.empty()) opened.model = around.environment.variable("LLMGW_MODEL").value_or("");
  const std::string nothing =
      "no model to ask; set one of " + key_variables(around.known) +
      ", start a local model server, or name a model with -m, [ask] model or $LLMGW_MODEL";
  if (!options.via.empty()) {
    if (opened.model.empty()) {
      return fail(ErrorClass::bad_request, "no model to ask; name one with -m, [ask] model or $LLMGW_MODEL");
    }
    auto remote = RemoteGateway::open(
        session, options.via, Secret(around.environment.variable("LLMGW_KEY").value_or("")), around.proxy);
    if (!remote) return fail(std::move(remote.error()));
    opened.asker = std::move(*remote);
    return opened;
  }
  auto local = LocalEngine::open(
      session, around.config, around.log,
      {.proxy = around.proxy, .log_requests = options.log, .max_cost = options.max_cost, .spent = spent});
  if (!local) return fail(std::move(local.error()));
  if (opened.model.empty()) opened.model = default_model((*local)->topology()).value_or("");
  if (opened.model.empty()) return fail(ErrorClass::bad_request, nothing);
  opened.asker = std::move(*local);
  return opened;
}

Question question_of(const Options& options, const std::string& model, std::vector<std::string> messages) {
  Question question{.model = model,
                    .fallbacks = options.fallbacks,
                    .messages = std::move(messages),
                    .options = options.request_options,
                    .response_format = {},
                    .stream = options.stream};
  if (options.schema) {
    question.response_format =
        schema_format(options.schema_name, options.schema->text(), options.schema->strict());
  }
  return question;
}

std::vector<std::string> opening(const Options& options, std::string_view input) {
  std::string system = options.system;
  if (system.empty() && options.made) system = fill(options.made->system, input);
  if (system.empty()) return {};
  return {text_message("system", system)};
}

std::optional<std::string> schema_mismatch(const Options& options, std::string_view text) {
  if (!options.schema) return std::nullopt;
  const auto doc = json::Doc::parse(text);
  if (!doc) return "$: the answer is no JSON: " + doc.error().message;
  return options.schema->mismatch(doc->root());
}

void say(const std::string& message) {
  std::fprintf(stderr, "llmgw: %s\n", message.c_str());
}

std::string usage_line(const observe::RequestRecord& record) {
  const auto& usage = record.usage;
  auto count = [](int64_t n) { return n < 0 ? std::string("unknown") : std::to_string(n); };
  std::string line = count(usage.input) + " tokens in";
  if (usage.cached_input > 0) line += " (" + count(usage.cached_input) + " cached)";
  line += ", " + count(usage.output) + " out";
  if (usage.reasoning > 0) line += " (" + count(usage.reasoning) + " reasoning)";
  line += ", " + (record.cost.value == 0 ? std::string("no known cost") : observe::shown(record.cost));
  line += ", " + observe::shown(record.took);
  if (!record.provider.empty()) line += ", " + record.provider + "/" + record.model;
  return line;
}

}  // namespace llmgw::ask
