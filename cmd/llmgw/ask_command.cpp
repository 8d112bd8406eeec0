#include <unistd.h>

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <filesystem>
#include <ranges>

#include <CLI/CLI.hpp>

#include "ask/batch.h"
#include "ask/conversation.h"
#include "ask/single.h"
#include "command.h"
#include "config/environment.h"
#include "load_config.h"
#include "providers/discover.h"
#include "terminal.h"

namespace llmgw::cmd {
namespace {

struct Flags {
  std::string config, model, system, template_name, continued, schema, via, in, out;
  std::vector<std::string> fallbacks, attachments, options, prompt;
  double timeout = 0, max_cost = 0;
  int parallel = 4;
  bool json = false, stream = false, no_stream = false, no_log = false, explain = false, usage = false,
       code_block = false, quiet = false;
};

int ask_with(const Flags& flags, ask::Options& options, const Context& context, bool batch) {
  const auto loaded = config_loader(flags.config, {}, "")();
  if (loaded.config == nullptr) {
    report_problems(loaded);
    return complain("the config cannot be used; mend what stands above", kUsage);
  }
  // A command that answers one question has no use for the server's warnings.
  auto log_settings = log_options(*loaded.config, context.log_level);
  if (context.log_level.empty()) log_settings.level = observe::Level::warn;
  ask::Session session;  // before the log, whose thread is not to get its signals
  observe::Log log(log_settings);
  const auto environment = config::system_environment();
  const auto known = providers::known_kinds();
  const ask::Surroundings around{.session = session,
                                 .config = loaded.config,
                                 .known = known,
                                 .environment = environment,
                                 .proxy = net::proxy_settings(config::system_environment()),
                                 .log = log,
                                 .look = look_of(STDERR_FILENO)};
  const int code = batch ? ask::ask_batch(options, around) : ask::ask_single(options, around);
  if (code < 0) end_by_sigpipe();
  return code;
}

// What contradicts itself among the flags; empty: nothing.
std::string contradiction(const Flags& flags, bool batch) {
  if (flags.stream && flags.no_stream) return "--stream and --no-stream contradict each other";
  if (flags.stream && (flags.json || flags.code_block || !flags.schema.empty())) {
    return "--stream shows the answer as it comes; --json, -x and --schema need it whole";
  }
  if (flags.max_cost > 0 && !flags.via.empty())
    return "--max-cost needs the prices of a config here; it has none of --via's";
  if (!batch) return flags.out.empty() ? "" : "-O is for --jsonl; redirect standard output instead";
  if (!flags.prompt.empty() || !flags.attachments.empty())
    return "--jsonl takes its prompts from the file; leave out PROMPT and -a";
  if (flags.stream || flags.json || flags.code_block || flags.explain || flags.usage) {
    return "--jsonl writes rows of its own; --stream, --json, -x, --explain and --usage are for one question";
  }
  return {};
}

// An argument behind --continue that names no conversation is a word of the prompt.
void read_continue(const Flags& flags, const Context& context, ask::Options& options,
                   std::vector<std::string>& words, bool given) {
  if (!given) return;
  options.continue_last = true;
  if (flags.continued.empty()) return;
  const bool attached =
      std::ranges::any_of(context.arguments, [](const auto& a) { return a.starts_with("--continue="); });
  const auto loaded = config_loader(flags.config, {}, "")();
  const bool there =
      loaded.config != nullptr && ask::Conversations(loaded.config->server.data_dir).exists(flags.continued);
  if (attached || there) {
    options.conversation = flags.continued;
  } else {
    words.insert(words.begin(), flags.continued);
  }
}

std::string joined(const std::vector<std::string>& words) {
  std::string text;
  for (const auto& word : words) text += (text.empty() ? "" : " ") + word;
  return text;
}

// The arguments, and behind them what was piped in.
std::string prompt_of(std::vector<std::string> words) {
  const bool dash = std::ranges::find(words, "-") != words.end();
  std::erase(words, "-");
  std::string prompt = joined(words);
  std::string input = dash ? read_input() : read_piped_input();
  while (input.ends_with('\n')) input.pop_back();
  if (prompt.empty() || input.empty()) return prompt + input;
  return prompt + "\n\n" + input;
}

Result<void> read_files(const Flags& flags, ask::Options& options) {
  const auto environment = config::system_environment();
  for (const auto& option : flags.options) {
    auto parsed = ask::parse_option(option);
    if (!parsed) return fail(std::move(parsed.error()));
    options.request_options.push_back(std::move(*parsed));
  }
  if (!flags.template_name.empty()) {
    auto made = ask::load_template(flags.template_name, environment);
    if (!made) return fail(std::move(made.error()));
    options.made = std::move(*made);
  }
  if (flags.schema.empty()) return {};
  auto text = environment.read_file(flags.schema);
  if (!text) return fail(ErrorClass::bad_request, "--schema " + flags.schema + " " + text.error().message);
  auto schema = json::Schema::parse(std::move(*text));
  if (!schema)
    return fail(ErrorClass::bad_request, "--schema " + flags.schema + ": " + schema.error().message);
  options.schema = std::move(*schema);
  options.schema_name = std::filesystem::path(flags.schema).stem().string();
  return {};
}

int ask_command(const Flags& flags, const Context& context, bool continue_given, bool system_given) {
  const bool batch = !flags.in.empty();
  if (const auto wrong = contradiction(flags, batch); !wrong.empty()) return complain(wrong, kUsage);
  ask::Options options{.model = flags.model,
                       .fallbacks = flags.fallbacks,
                       .system = system_given ? flags.system : "",
                       .via = flags.via,
                       .log = !flags.no_log,
                       .quiet = flags.quiet,
                       .explain = flags.explain,
                       .usage = flags.usage,
                       .attachments = flags.attachments,
                       .json = flags.json,
                       .code_block = flags.code_block,
                       .in = flags.in,
                       .out = flags.out,
                       .parallel = flags.parallel};
  if (flags.timeout > 0)
    options.timeout = std::chrono::duration_cast<Duration>(std::chrono::duration<double>(flags.timeout));
  if (flags.max_cost > 0) options.max_cost = NanoUsd{std::llround(flags.max_cost * 1e9)};
  if (const auto read = read_files(flags, options); !read) return complain(read.error().message, kUsage);
  const bool needs_whole = flags.json || flags.code_block || options.schema;
  options.stream = flags.stream || (!flags.no_stream && !needs_whole && isatty(STDOUT_FILENO) != 0);
  auto words = flags.prompt;
  read_continue(flags, context, options, words, continue_given);
  if (!batch) options.prompt = prompt_of(std::move(words));
  return ask_with(flags, options, context, batch);
}

constexpr const char* kExamples = R"(Examples:
  llmgw ask 'Why is the sky blue?'
  git diff --staged | llmgw ask -s 'Write a commit message' -m openai/gpt-4o-mini -F anthropic/claude-3-5-haiku-latest
  llmgw ask -a chart.png 'What does it show?'
  llmgw ask --schema person.json --json 'Ada Lovelace, born 1815'
  llmgw ask --continue 'And at sunset?'
  llmgw ask --jsonl prompts.jsonl -O answers.jsonl -P 8

Piped input follows the prompt; in a loop that reads a file give it </dev/null. --continue NAME goes on with a
conversation, --continue=NAME begins one that is not there. $LLMGW_KEY is the credential for --via.
Exit: 0 answered, 1 every target failed, 2 usage or config, 3 refused by policy or budget, 4 timed out, 130 interrupted.)";

}  // namespace

void add_ask(CLI::App& app, Context& context) {
  auto* command = app.add_subcommand("ask", "Ask one question, through the same engine");
  auto flags = std::make_shared<Flags>();
  command->add_option("-c,--config", flags->config, "The config (default: as serve)")->type_name("FILE");
  command->add_option("-m,--model", flags->model, "Target, route, alias or model name")->type_name("MODEL");
  command->add_option("-F,--fallback", flags->fallbacks, "Whom to ask when that fails; repeat for more")
      ->type_name("MODEL")
      ->allow_extra_args(false);
  auto* system =
      command->add_option("-s,--system", flags->system, "What the model is to be")->type_name("TEXT");
  command->add_option("-a,--attach", flags->attachments, "An image, WAV, MP3 or text file")
      ->type_name("FILE")
      ->allow_extra_args(false);
  command->add_option("-o,--option", flags->options, "Any field of the request; dots go into objects")
      ->type_name("KEY=VALUE")
      ->allow_extra_args(false);
  command->add_option("-t,--template", flags->template_name, "A TOML file with system, prompt and $input")
      ->type_name("TEMPLATE");
  auto* continued =
      command->add_option("--continue", flags->continued, "Go on with the last, or a named, conversation")
          ->type_name("ID")
          ->expected(0, 1);
  command->add_option("--schema", flags->schema, "A JSON Schema that the answer must fit")->type_name("FILE");
  command->add_flag("--json", flags->json, "The whole reply as JSON");
  command->add_flag("--stream", flags->stream, "Print the answer as it comes, into a pipe too");
  command->add_flag("--no-stream", flags->no_stream, "Print it when it is whole, on a terminal too");
  command->add_flag("--no-log", flags->no_log, "Leave no row in the log and no conversation");
  command->add_flag("--explain", flags->explain, "Show every attempt on standard error");
  command->add_flag("--usage", flags->usage, "Show tokens, cost and time on standard error");
  command->add_flag("-x,--extract", flags->code_block, "The last code block only");
  command->add_flag("-q,--quiet", flags->quiet, "No line about fallbacks");
  command->add_option("--timeout", flags->timeout, "For the whole chain")
      ->type_name("SECONDS")
      ->check(CLI::PositiveNumber);
  command->add_option("--max-cost", flags->max_cost, "Refuse what may cost more; of --jsonl all together")
      ->type_name("USD")
      ->check(CLI::PositiveNumber);
  command->add_option("--via", flags->via, "Ask a gateway that runs, instead of the engine in this process")
      ->type_name("URL");
  command
      ->add_option("--jsonl", flags->in,
                   "A prompt a line: a JSON string, or an object with prompt or messages")
      ->type_name("IN");
  command
      ->add_option("-O,--out", flags->out,
                   "Where the rows of --jsonl go; a run that was interrupted goes on there")
      ->type_name("FILE");
  command->add_option("-P,--parallel", flags->parallel, "Lines of --jsonl at once")
      ->type_name("N")
      ->check(CLI::Range(1, 1000));
  command->add_option("prompt", flags->prompt, "The prompt; - reads standard input")->type_name("PROMPT");
  command->footer(kExamples);
  command->callback([&context, flags, continued, system] {
    context.run = [&context, flags, continued, system] {
      return ask_command(*flags, context, continued->count() > 0, system->count() > 0);
    };
  });
}

}  // namespace llmgw::cmd
