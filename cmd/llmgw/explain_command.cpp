#include <unistd.h>

#include <CLI/CLI.hpp>

#include "ask/explanation.h"
#include "ask/question.h"
#include "base/text.h"
#include "command.h"
#include "dialects/codec.h"
#include "load_config.h"
#include "service/request_headers.h"
#include "store/mapped_rests.h"
#include "terminal.h"

namespace llmgw::cmd {
namespace {

struct Flags {
  std::string config, model, request;
  std::vector<std::string> headers;
  bool json = false;
};

// The dialect that a body is of.
dialects::Dialect dialect_of(json::Value body) {
  if (body["messages"]) return dialects::Dialect::openai_chat;
  if (body["prompt"]) return dialects::Dialect::openai_completions;
  const bool responses = body["instructions"] || body["max_output_tokens"] || body["previous_response_id"] ||
                         body["input"].at(0)["role"];
  return body["input"] && !responses ? dialects::Dialect::openai_embeddings
                                     : dialects::Dialect::openai_responses;
}

Result<void> read_body(const Flags& flags, dialects::Request& request) {
  if (flags.request.empty()) {
    request.dialect = dialects::Dialect::openai_chat;
    auto body = ask::request_body({.model = flags.model, .messages = {ask::text_message("user", "")}});
    if (!body) return fail(std::move(body.error()));
    request.body = std::move(*body);
  } else {
    auto text = flags.request == "-" ? Result<std::string>(read_input())
                                     : config::system_environment().read_file(flags.request);
    if (!text) return fail(ErrorClass::bad_request, flags.request + " " + text.error().message);
    const auto doc = json::Doc::parse(*text);
    if (!doc) return fail(ErrorClass::bad_request, flags.request + ": " + doc.error().message);
    request.dialect = dialect_of(doc->root());
    request.body = std::move(*text);
  }
  if (auto decoded = dialects::codec(request.dialect)->decode_request(request); !decoded) return decoded;
  if (!flags.model.empty()) request.model = flags.model;
  if (request.model.empty())
    return fail(ErrorClass::bad_request, "no model is named; give -m, or 'model' in the request");
  for (const auto& header : flags.headers) {
    const size_t colon = header.find(':');
    if (colon == std::string::npos || colon == 0)
      return fail(ErrorClass::bad_request, "--header " + header + ": expected NAME: VALUE");
    request.headers.add(trim(header.substr(0, colon)), trim(std::string_view(header).substr(colon + 1)));
  }
  return service::read_request_headers(request.headers, request);
}

int explain(const Flags& flags) {
  if (flags.model.empty() && flags.request.empty())
    return complain("nothing to explain; give -m MODEL or a REQUEST.json", kUsage);
  dialects::Request request;
  if (const auto read = read_body(flags, request); !read) return complain(read.error().message, kUsage);
  const auto config = load_for_reading(flags.config);
  if (config == nullptr) return kUsage;
  routing::State state;
  const auto topology = routing::Topology::make(config, state);
  if (!topology) return complain(topology.error().message, kUsage);

  const WallTime now = SystemClock().wall();
  std::unique_ptr<store::MappedRests> rests;
  if (const auto& folder = config->server.data_dir; access((folder + "/rests").c_str(), R_OK | W_OK) == 0) {
    if (auto opened = store::MappedRests::open(folder, now)) rests = std::move(*opened);
  }
  Random random(entropy());
  const auto made = ask::explain(**topology, request, rests.get(), now, random);
  if (!made) return complain(made.error().message, kFailed);
  return print(flags.json ? ask::explanation_json(*made)
                          : ask::explanation_page(*made, look_of(STDOUT_FILENO)))
             ? kOk
             : kFailed;
}

}  // namespace

void add_explain(CLI::App& app, Context& context) {
  auto* command = app.add_subcommand(
      "explain", "Show whom a request would be sent to, and why not others, without sending it");
  auto flags = std::make_shared<Flags>();
  command->add_option("-c,--config", flags->config, "The config (default: as serve)")->type_name("FILE");
  command->add_option("-m,--model", flags->model, "Target, route, alias or model name")->type_name("MODEL");
  command->add_option("-H,--header", flags->headers, "As the client would send it; repeat for more")
      ->type_name("'NAME: VALUE'")
      ->allow_extra_args(false);
  command->add_flag("--json", flags->json, "As JSON");
  command->add_option("request", flags->request, "The body of a request; - reads standard input")
      ->type_name("REQUEST.json");
  command->footer(
      "Needs no secret and calls nobody.\n\nExamples:\n  llmgw explain -m fast\n  llmgw explain --header "
      "'x-llmgw-fallbacks: groq/llama-3.3-70b-versatile' request.json");
  command->callback([&context, flags] { context.run = [flags] { return explain(*flags); }; });
}

}  // namespace llmgw::cmd
