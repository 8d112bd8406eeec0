#include <unistd.h>

#include <CLI/CLI.hpp>
#include <fstream>
#include <sstream>

#include "ask/local_engine.h"
#include "ask/session.h"
#include "base/json_writer.h"
#include "command.h"
#include "config/quantity.h"
#include "kinds.h"
#include "load_config.h"
#include "net/dial.h"
#include "observe/table.h"
#include "providers/imported_models.h"
#include "providers/serving.h"
#include "routing/topology.h"
#include "terminal.h"

namespace llmgw::cmd {
namespace {

constexpr Duration kLivePatience = 10s;

struct Flags {
  std::string config, provider;
  bool json = false, kinds = false, live = false;
};

struct Row {
  std::string provider, model;
  providers::ModelFacts facts;           // views into the provider
  std::optional<NanoUsd> input, output;  // of a million tokens
};

std::vector<Row> rows_of(const routing::Topology& topology, const std::string& only) {
  std::vector<Row> rows;
  for (const auto& upstream : topology.upstreams()) {
    const auto& provider = *upstream->provider;
    if (!only.empty() && provider.name() != only) continue;
    std::vector<std::string> models = topology.models(*upstream);
    // What the config speaks of is there whatever the catalog knows.
    for (const auto& [model, _] : provider.config().models) {
      if (std::ranges::find(models, model) == models.end()) models.push_back(model);
    }
    for (const auto& model : models) {
      rows.push_back({provider.name(), model, provider.facts(model),
                      provider.cost(model, {.input = 1'000'000, .output = 0}),
                      provider.cost(model, {.input = 0, .output = 1'000'000})});
    }
  }
  return rows;
}

std::string yes(const std::optional<bool>& fact) {
  return !fact ? "?" : *fact ? "yes" : "no";
}
std::string count(const std::optional<int64_t>& n) {
  return n ? std::to_string(*n) : "?";
}
std::string price(const std::optional<NanoUsd>& p) {
  return p ? config::format_scaled(p->value, 9) : "?";
}

std::string table_of(const std::vector<Row>& rows, const observe::Look& look) {
  using observe::Table;
  Table table;
  table.column("model", Table::Align::left, true)
      .column("context", Table::Align::right)
      .column("max out", Table::Align::right);
  for (const char* heading : {"vision", "audio", "tools", "schema", "reasons"}) table.column(heading);
  table.column("$/M in", Table::Align::right).column("$/M out", Table::Align::right);
  for (const auto& r : rows) {
    table.row({{r.provider + "/" + r.model},
               {count(r.facts.context)},
               {count(r.facts.max_output)},
               {yes(r.facts.vision)},
               {yes(r.facts.audio)},
               {yes(r.facts.tools)},
               {yes(r.facts.json_schema)},
               {yes(r.facts.reasoning)},
               {price(r.input)},
               {price(r.output)}});
  }
  return table.text(look);
}

std::string json_of(const std::vector<Row>& rows) {
  std::string out;
  json::Writer writer(out);
  writer.begin_array();
  auto fact = [&](std::string_view name, const std::optional<bool>& value) {
    if (value) writer.member(name, *value);
  };
  for (const auto& r : rows) {
    writer.begin_object().member("provider", r.provider).member("model", r.model);
    if (r.facts.context) writer.member("context", *r.facts.context);
    if (r.facts.max_output) writer.member("max_output", *r.facts.max_output);
    fact("vision", r.facts.vision);
    fact("audio", r.facts.audio);
    fact("tools", r.facts.tools);
    fact("parallel_tools", r.facts.parallel_tools);
    fact("json_schema", r.facts.json_schema);
    fact("reasoning", r.facts.reasoning);
    if (r.input) writer.key("input_usd_per_million").raw(price(r.input));
    if (r.output) writer.key("output_usd_per_million").raw(price(r.output));
    writer.end_object();
  }
  writer.end_array();
  return out + "\n";
}

int show(const Flags& flags, const routing::Topology& topology) {
  const auto rows = rows_of(topology, flags.provider);
  if (rows.empty() && !flags.json)
    return complain("no model is known of " + (flags.provider.empty() ? "any provider" : flags.provider) +
                        "; name one as provider/model all the same",
                    kOk);
  return print(flags.json ? json_of(rows) : table_of(rows, look_of(STDOUT_FILENO))) ? kOk : kFailed;
}

// With what the providers themselves list, asked now.
int show_live(const Flags& flags, std::shared_ptr<const config::Config> config, const Context& context) {
  auto log_settings = log_options(*config, context.log_level);
  if (context.log_level.empty()) log_settings.level = observe::Level::warn;
  ask::Session session;  // before the log, whose thread is not to get its signals
  observe::Log log(log_settings);
  auto engine = ask::LocalEngine::open(session, std::move(config), log,
                                       {.proxy = net::proxy_settings(config::system_environment()),
                                        .log_requests = false,
                                        .max_cost = {},
                                        .spent = {}});
  if (!engine) return complain(engine.error().message, kUsage);
  session.run(1, [&](int) { (*engine)->ask_for_models(kLivePatience); });
  if (session.signal() != 0) return kFailed;
  return show(flags, (*engine)->topology());
}

int models(const Flags& flags, const Context& context) {
  if (flags.kinds)
    return print(flags.json ? kinds_json() : kinds_table(look_of(STDOUT_FILENO))) ? kOk : kFailed;
  const auto config = load_for_reading(flags.config);
  if (config == nullptr) return kUsage;
  routing::State state;
  const auto topology = routing::Topology::make(config, state);
  if (!topology) return complain(topology.error().message, kUsage);
  if (!flags.provider.empty() && (*topology)->upstream(flags.provider) == nullptr) {
    if (const auto why = providers::why_not_configured(flags.provider, !config->path.empty()); !why.empty())
      return complain(why, kUsage);
    std::string names;
    for (const auto& upstream : (*topology)->upstreams())
      names += (names.empty() ? "" : ", ") + upstream->provider->name();
    return complain(
        "there is no provider '" + flags.provider + "'; there are: " + (names.empty() ? "none" : names),
        kUsage);
  }
  return flags.live ? show_live(flags, config, context) : show(flags, **topology);
}

// `models import FILE`: litellm's price list, for serve and ask on this data_dir.
int import_list(const std::string& config_flag, const std::string& file) {
  const auto config = load_for_reading(config_flag);
  if (config == nullptr) return kUsage;
  std::ifstream in(file);
  if (!in) return complain("cannot read " + file, kUsage);
  std::stringstream text;
  text << in.rdbuf();
  const auto rows = providers::import_litellm(text.str());
  if (!rows) return complain(file + ": " + rows.error().message, kUsage);
  if (rows->empty()) return complain(file + " names no model of a provider that llmgw knows", kUsage);
  const auto written = providers::import_models(config->server.data_dir, *rows, "imported from " + file);
  if (!written) return complain(written.error().message, kFailed);
  const std::string told = "imported " + std::to_string(rows->size()) + " models into " +
                           config->server.data_dir +
                           "/models.tsv; a running serve takes them at its next reload\n";
  return print(told) ? kOk : kFailed;
}

}  // namespace

void add_models(CLI::App& app, Context& context) {
  auto* command = app.add_subcommand("models", "List the models that are known, with their facts and prices");
  auto flags = std::make_shared<Flags>();
  command->add_option("-c,--config", flags->config, "The config (default: as serve)")->type_name("FILE");
  command->add_flag("--json", flags->json, "As JSON");
  command->add_flag("--kinds", flags->kinds, "The kinds of provider that a config may name, in their place");
  command->add_flag("--live", flags->live, "With the models that the providers themselves list, asked now");
  command->add_option("provider", flags->provider, "Of that one only")->type_name("PROVIDER");
  auto* import = command->add_subcommand(
      "import", "Take facts and prices from litellm's model_prices_and_context_window.json");
  auto file = std::make_shared<std::string>();
  import->add_option("file", *file, "The price list")->required()->type_name("FILE");
  import->footer("Examples:\n  llmgw models import model_prices_and_context_window.json");
  import->callback(
      [&context, flags, file] { context.run = [flags, file] { return import_list(flags->config, *file); }; });
  command->footer(
      "A '?' is a fact that is not known; [providers.X.models] and [providers.X.prices] set "
      "it.\n\nExamples:\n  llmgw models\n  llmgw models openai\n  llmgw models --live "
      "openrouter\n  llmgw models --kinds\n  llmgw models --json | jq '.[] | "
      "select(.vision)'");
  command->callback([&context, flags, import] {
    if (!import->parsed()) context.run = [flags, &context] { return models(*flags, context); };
  });
}

}  // namespace llmgw::cmd
