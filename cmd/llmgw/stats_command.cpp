#include <unistd.h>

#include <CLI/CLI.hpp>

#include "command.h"
#include "load_config.h"
#include "observe/report.h"
#include "since.h"
#include "store/sqlite/request_history.h"
#include "terminal.h"

namespace llmgw::cmd {
namespace {

struct Flags {
  std::string config, since, by;
  std::vector<std::string> checks;
  bool unclassified = false, json = false;
};

int stats(const Flags& flags) {
  const auto since = parse_since(flags.since, SystemClock().wall());
  if (!since) return complain(since.error().message, kUsage);
  const auto by = flags.by.empty() ? observe::StatsBy::none
                                   : observe::stats_by(flags.by).value_or(observe::StatsBy::none);
  std::vector<observe::StatsCheck> checks;
  for (const auto& text : flags.checks) {
    auto check = observe::parse_stats_check(text);
    if (!check) return complain("--check " + text + ": " + check.error().message, kUsage);
    checks.push_back(std::move(*check));
  }
  const auto config = load_for_reading(flags.config);
  if (config == nullptr) return kUsage;
  auto history = store::sqlite::SqliteRequestHistory::open(config->server.data_dir);
  if (!history) return complain(history.error().message, kFailed);
  auto found = (*history)->stats(*since, by);
  if (!found) return complain(found.error().message, kFailed);
  std::string text = flags.json ? observe::stats_json(*found, by)
                                : observe::stats_page(*found, by, flags.unclassified, look_of(STDOUT_FILENO));
  if (!text.ends_with('\n')) text += '\n';
  if (!print(text)) return kFailed;
  int code = kOk;
  for (size_t i = 0; i < checks.size(); ++i) {
    if (checks[i].holds(*found)) continue;
    const auto value = observe::figure(*found, checks[i].figure);
    code = complain("--check " + flags.checks[i] + " does not hold: it is " +
                        (value ? std::to_string(*value) : "unknown"),
                    kFailed);
  }
  return code;
}

}  // namespace

void add_stats(CLI::App& app, Context& context) {
  auto* command = app.add_subcommand("stats", "Add up what happened");
  auto flags = std::make_shared<Flags>();
  command->add_option("-c,--config", flags->config, "The config whose data_dir is read")->type_name("FILE");
  command->add_option("--since", flags->since, "1h, 7d, 2026-01-31, 2026-01-31T12:00:00Z")->type_name("TIME");
  command->add_option("--by", flags->by, "In groups")
      ->type_name("WHAT")
      ->check(CLI::IsMember({"provider", "model", "key", "tag"}));
  command->add_option("--check", flags->checks, "Exit 1 unless it holds: fallback_rate<0.05; repeat for more")
      ->type_name("FIGURE<NUMBER")
      ->allow_extra_args(false);
  command->add_flag("--unclassified", flags->unclassified, "Also the error shapes that are not known");
  command->add_flag("--json", flags->json, "As JSON");
  command->footer(
      "Examples:\n  llmgw stats --since 1d --by provider\n  llmgw stats --since 1h --check "
      "'fallback_rate<0.05' --check 'success_rate>=0.999'");
  command->callback([&context, flags] { context.run = [flags] { return stats(*flags); }; });
}

}  // namespace llmgw::cmd
