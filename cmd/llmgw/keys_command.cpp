#include <unistd.h>

#include <CLI/CLI.hpp>

#include "base/json_writer.h"
#include "command.h"
#include "keys_spend.h"
#include "load_config.h"
#include "observe/report.h"
#include "observe/timestamp.h"
#include "routing/topology.h"
#include "store/mapped_rests.h"
#include "terminal.h"

namespace llmgw::cmd {
namespace {

struct Flags {
  std::string config, name;
  bool json = false;
};

// A key, or a target that rests, as people name it.
struct Entry {
  std::string provider, name, group;
  double weight = 1;
  std::string models;    // globs it is for; empty: all
  bool readable = true;  // its secret is at hand; without it its rests cannot be told
  std::vector<store::Rest> rests;
  bool target = false;  // `name` is a model
  bool login = false;   // of a client's login at a target

  std::string full_name() const { return provider + "/" + name; }
};

void add_rests(const store::Rests& rests, const routing::KeyRing::RestNames& names, WallTime now,
               Entry& entry) {
  for (auto& rest : rests.list(now)) {
    if (rest.name == names.key || rest.name.starts_with(names.key + ":") ||
        (!names.group.empty() && rest.name == names.group)) {
      entry.rests.push_back(std::move(rest));
    }
  }
}

// Logins of clients that rest (engine/login.h): "login:HASH:PROVIDER/MODEL".
void add_logins(const store::Rests& rests, WallTime now, std::vector<Entry>& entries) {
  constexpr std::string_view kLogin = "login:";
  constexpr size_t kShown = 8;  // of the hash: enough to tell logins apart
  for (auto& rest : rests.list(now)) {
    if (!rest.name.starts_with(kLogin)) continue;
    const auto name = rest.name.substr(kLogin.size());
    const size_t colon = name.find(':'), slash = name.find('/');
    if (colon == std::string::npos || slash == std::string::npos || slash < colon) continue;
    Entry entry{.provider = name.substr(colon + 1, slash - colon - 1),
                .name = "login-" + name.substr(0, kShown) + ":" + name.substr(slash + 1),
                .target = true,
                .login = true};
    entry.rests.push_back(std::move(rest));
    entries.push_back(std::move(entry));
  }
}

std::vector<Entry> entries_of(const routing::Topology& topology, const store::Rests& rests, WallTime now) {
  std::vector<Entry> entries;
  for (const auto& upstream : topology.upstreams()) {
    for (size_t i = 0; i < upstream->keys.size(); ++i) {
      const auto& key = upstream->keys.key(i);
      Entry entry{
          .provider = upstream->provider->name(), .name = key.name, .group = key.group, .weight = key.weight};
      for (const auto& glob : key.models.value_or(std::vector<std::string>()))
        entry.models += (entry.models.empty() ? "" : ", ") + glob;
      entry.readable = key.usable();
      if (entry.readable) add_rests(rests, upstream->keys.rest_names(i), now, entry);
      entries.push_back(std::move(entry));
    }
  }
  constexpr std::string_view kTarget = "target:";
  for (auto& rest : rests.list(now)) {
    if (!rest.name.starts_with(kTarget)) continue;
    const auto name = rest.name.substr(kTarget.size());
    const size_t slash = name.find('/');
    Entry entry{.provider = name.substr(0, slash),
                .name = slash == std::string::npos ? "" : name.substr(slash + 1),
                .target = true};
    entry.rests.push_back(std::move(rest));
    entries.push_back(std::move(entry));
  }
  add_logins(rests, now, entries);
  return entries;
}

std::string rest_text(const Entry& entry, WallTime now) {
  if (!entry.readable) return "unknown: its secret is not at hand";
  std::string text;
  for (const auto& rest : entry.rests) {
    const size_t colon = rest.name.starts_with("key:") ? rest.name.find(':', 4) : std::string::npos;
    text += text.empty() ? "" : "; ";
    if (colon != std::string::npos) text += rest.name.substr(colon + 1) + ": ";
    text += "for " + observe::shown(rest.until - now) + " (" + std::string(name(rest.cause)) +
            (rest.announced ? ", as it was told" : "") + ")";
  }
  return text.empty() ? "–" : text;
}

std::string table_of(const std::vector<Entry>& entries, WallTime now, const observe::Look& look) {
  observe::Table table;
  table.column("key")
      .column("weight", observe::Table::Align::right)
      .column("group")
      .column("models", observe::Table::Align::left, true);
  table.column("rests", observe::Table::Align::left, true);
  for (const auto& e : entries) {
    char weight[32];
    std::snprintf(weight, sizeof weight, "%g", e.weight);
    table.row({{e.full_name() + (e.target && !e.login ? " (target)" : "")},
               {e.target ? "" : weight},
               {e.group},
               {e.target           ? ""
                : e.models.empty() ? "all"
                                   : e.models},
               {rest_text(e, now), e.rests.empty() ? observe::Tone::faint : observe::Tone::warn}});
  }
  return table.text(look);
}

std::string json_of(const std::vector<Entry>& entries) {
  std::string out;
  json::Writer writer(out);
  writer.begin_array();
  for (const auto& e : entries) {
    writer.begin_object()
        .member("provider", e.provider)
        .member(e.login    ? "login"
                : e.target ? "model"
                           : "key",
                e.name);
    if (!e.target) writer.member("weight", e.weight);
    if (!e.group.empty()) writer.member("group", e.group);
    writer.key("rests").begin_array();
    for (const auto& rest : e.rests) {
      const size_t colon = rest.name.starts_with("key:") ? rest.name.find(':', 4) : std::string::npos;
      writer.begin_object()
          .member("until", observe::timestamp(rest.until))
          .member("class", name(rest.cause))
          .member("announced", rest.announced);
      if (colon != std::string::npos) writer.member("model", std::string_view(rest.name).substr(colon + 1));
      writer.end_object();
    }
    writer.end_array().end_object();
  }
  writer.end_array();
  return out + "\n";
}

// What both commands need.
struct Opened {
  std::shared_ptr<const routing::Topology> topology;
  std::unique_ptr<store::MappedRests> rests;
  routing::State state;
  WallTime now = SystemClock().wall();
};

Result<void> open(const std::shared_ptr<const config::Config>& config, Opened& opened) {
  auto topology = routing::Topology::make(config, opened.state);
  if (!topology) return fail(std::move(topology.error()));
  opened.topology = std::move(*topology);
  auto rests = store::MappedRests::open(config->server.data_dir, opened.now);
  if (!rests) return fail(std::move(rests.error()));
  opened.rests = std::move(*rests);
  return {};
}

int list(const Flags& flags) {
  const auto config = load_for_reading(flags.config);
  if (config == nullptr) return kUsage;
  Opened opened;
  if (const auto done = open(config, opened); !done) return complain(done.error().message, kFailed);
  const auto entries = entries_of(*opened.topology, *opened.rests, opened.now);
  if (entries.empty() && !flags.json)
    return complain("no provider has a key; add [[providers.NAME.keys]] or set OPENAI_API_KEY", kOk);
  return print(flags.json ? json_of(entries) : table_of(entries, opened.now, look_of(STDOUT_FILENO)))
             ? kOk
             : kFailed;
}

int wake(const Flags& flags) {
  const auto config = load_for_reading(flags.config);
  if (config == nullptr) return kUsage;
  Opened opened;
  if (const auto done = open(config, opened); !done) return complain(done.error().message, kFailed);
  const auto entries = entries_of(*opened.topology, *opened.rests, opened.now);
  const Entry* found = nullptr;
  for (const auto& entry : entries) {
    if (entry.full_name() == flags.name) {
      found = &entry;
      break;
    }
    if (entry.name != flags.name) continue;
    if (found != nullptr)
      return complain(
          "both " + found->full_name() + " and " + entry.full_name() + " are called so; say which", kUsage);
    found = &entry;
  }
  if (found == nullptr)
    return complain("there is no key or resting target '" + flags.name + "'; llmgw keys lists them", kUsage);
  if (!found->readable)
    return complain("the secret of " + found->full_name() +
                        " is not at hand, so that its rests cannot be told; set its variable",
                    kFailed);
  int ended = 0;
  for (const auto& rest : found->rests) ended += opened.rests->wake(rest.name, opened.now) ? 1 : 0;
  if (ended == 0) return print(found->full_name() + " does not rest\n") ? kOk : kFailed;
  return print(found->full_name() + " is awake\n") ? kOk : kFailed;
}

}  // namespace

void add_keys(CLI::App& app, Context& context) {
  auto* command = app.add_subcommand("keys", "List the providers' keys by name, and what rests");
  auto flags = std::make_shared<Flags>();
  command->add_option("-c,--config", flags->config, "The config (default: as serve)")->type_name("FILE");
  command->add_flag("--json", flags->json, "As JSON");
  auto* waker = command->add_subcommand("wake", "End the rests of a key or target");
  waker->add_option("name", flags->name, "PROVIDER/KEY, a key's name alone, or PROVIDER/MODEL of a target")
      ->type_name("NAME")
      ->required();
  waker->footer("Example:\n  llmgw keys wake openai/main");
  waker->callback([&context, flags] { context.run = [flags] { return wake(*flags); }; });
  auto* spend =
      command->add_subcommand("spend", "What virtual keys, teams and all have spent of their budgets");
  spend->fallthrough();  // -c and --json are of `keys`
  spend->footer("Reads data_dir, also while a server runs.\n\nExample:\n  llmgw keys spend");
  spend->callback(
      [&context, flags] { context.run = [flags] { return keys_spend(flags->config, flags->json); }; });
  command->require_subcommand(0, 1);
  command->footer(
      "Values are never shown.\n\nExamples:\n  llmgw keys\n  llmgw keys wake openai/main\n  llmgw keys "
      "spend");
  command->callback([&context, flags] {
    if (!context.run) context.run = [flags] { return list(*flags); };
  });
}

}  // namespace llmgw::cmd
