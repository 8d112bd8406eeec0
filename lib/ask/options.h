#pragma once

#include <optional>
#include <string>
#include <vector>

#include "ask/asker.h"
#include "ask/question.h"
#include "ask/template.h"
#include "base/json_schema.h"
#include "config/load.h"
#include "net/dial.h"
#include "observe/log.h"
#include "observe/table.h"

namespace llmgw::ask {

// The flags of `ask` (docs: "Commands"), made ready: files are read, forms are checked.
struct Options {
  std::string model;
  std::vector<std::string> fallbacks;
  std::string system;
  std::optional<Template> made;
  std::vector<std::pair<std::string, std::string>> request_options;  // -o
  std::optional<json::Schema> schema;
  std::string schema_name;
  std::optional<Duration> timeout;
  std::optional<NanoUsd> max_cost;
  std::string via;
  bool log = true, quiet = false, explain = false, usage = false;

  // One question.
  std::string prompt;                    // arguments and standard input
  std::vector<std::string> attachments;  // paths
  bool continue_last = false;
  std::string conversation;  // --continue ID; empty: none named
  bool json = false, stream = false, code_block = false;

  // Many: --jsonl IN [-O OUT].
  std::string in, out;
  int parallel = 4;
};

// What the process gives.
struct Surroundings {
  Session& session;
  std::shared_ptr<const config::Config> config;
  const config::Known& known;
  const config::Environment& environment;
  net::ProxySettings proxy;
  observe::Log& log;
  observe::Look look;  // of standard error
};

// The asker that the options name, and the model to ask: the flag, [ask] model, $LLMGW_MODEL, the best
// provider found. Errors: bad_request with a text for people. `spent`: of max_cost, before.
struct Opened {
  std::unique_ptr<Asker> asker;
  std::string model;
};
Result<Opened> open_asker(const Options&, const Surroundings&, NanoUsd spent);

// The question that the options make of a prompt, whatever was said before.
Question question_of(const Options&, const std::string& model, std::vector<std::string> messages);
// Its opening: the system message, if there is one.
std::vector<std::string> opening(const Options&, std::string_view input);

// Why a text does not fit the schema; none: it does, or there is no schema.
std::optional<std::string> schema_mismatch(const Options&, std::string_view text);

// "llmgw: message" on standard error.
void say(const std::string& message);

// "12 tokens in (3 cached), 40 out, $0.000120, 1.20 s, openai/gpt-4o"
std::string usage_line(const observe::RequestRecord&);

}  // namespace llmgw::ask
