#include <unistd.h>

#include <thread>

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
  std::string config, since, until, request, provider, model, error_class, tag, virtual_key;
  bool follow = false, failed = false, fallback = false, csv = false, json = false;
  int limit = 50;
};

constexpr auto kLook = std::chrono::milliseconds(300);  // between two looks at what is new

Result<store::LogFilter> filter_of(const Flags& flags) {
  store::LogFilter filter;
  const WallTime now = SystemClock().wall();
  const auto since = parse_since(flags.since, now), until = parse_since(flags.until, now);
  if (!since) return fail(since.error());
  if (!until) return fail(ErrorClass::bad_request, "--until" + until.error().message.substr(7));
  filter.since = *since;
  filter.until = *until;
  filter.id = flags.request;
  filter.provider = flags.provider;
  filter.model = flags.model;
  filter.virtual_key = flags.virtual_key;
  filter.failed = flags.failed;
  filter.fallback = flags.fallback;
  filter.bodies = flags.json || !flags.request.empty();
  if (!flags.error_class.empty()) {
    filter.error_class = error_class(flags.error_class);
    if (!filter.error_class)
      return fail(ErrorClass::bad_request,
                  "--class " + flags.error_class + " is no error class; network, timeout, rate_limit, … are");
  }
  if (!flags.tag.empty()) {
    const size_t equals = flags.tag.find('=');
    if (equals == std::string::npos)
      return fail(ErrorClass::bad_request, "--tag " + flags.tag + ": expected NAME=VALUE");
    filter.tag = {flags.tag.substr(0, equals), flags.tag.substr(equals + 1)};
  }
  return filter;
}

std::string rows(const Flags& flags, const std::vector<store::LogEntry>& entries, const observe::Look& look,
                 bool heading) {
  std::string out = flags.csv && heading ? observe::csv_heading() : "";
  std::vector<observe::RequestRecord> records;
  for (const auto& entry : entries) {
    if (flags.json) {
      out += observe::json_row(entry.record);
      if (!out.ends_with('\n')) out += '\n';
    } else if (flags.csv) {
      out += observe::csv_row(entry.record);
    } else {
      records.push_back(entry.record);
    }
  }
  if (flags.json || flags.csv) return out;
  if (records.size() == 1 && !flags.request.empty()) return observe::request_page(records.front(), look);
  auto table = observe::requests_table(records, look);
  return heading ? table : table.substr(table.find('\n') + 1);
}

int follow(store::RequestHistory& history, const store::LogFilter& filter, const Flags& flags,
           const observe::Look& look) {
  auto row = history.last_row();
  if (!row) return complain(row.error().message, kFailed);
  bool heading = true;
  for (;;) {
    auto page = history.follow(filter, *row, 500);
    if (!page) return complain(page.error().message, kFailed);
    if (!page->entries.empty()) {
      if (!print(rows(flags, page->entries, look, heading))) return kFailed;
      heading = false;
    }
    const bool more = page->cursor && *page->cursor != *row && !page->entries.empty();
    if (page->cursor) row = *page->cursor;
    if (!more) std::this_thread::sleep_for(kLook);
  }
}

int logs(const Flags& flags) {
  if (flags.csv && flags.json) return complain("--csv and --json contradict each other", kUsage);
  const auto filter = filter_of(flags);
  if (!filter) return complain(filter.error().message, kUsage);
  const auto config = load_for_reading(flags.config);
  if (config == nullptr) return kUsage;
  auto history = store::sqlite::SqliteRequestHistory::open(config->server.data_dir);
  if (!history) return complain(history.error().message, kFailed);
  const auto look = look_of(STDOUT_FILENO);
  if (flags.follow) return follow(**history, *filter, flags, look);

  auto page = (*history)->query(*filter, flags.limit, std::nullopt);
  if (!page) return complain(page.error().message, kFailed);
  if (page->entries.empty() && !flags.csv && !flags.json) {
    return complain(
        flags.request.empty() ? "no request fits; loosen the filter" : "there is no request " + flags.request,
        flags.request.empty() ? kOk : kFailed);
  }
  return print(rows(flags, page->entries, look, true)) ? kOk : kFailed;
}

}  // namespace

void add_logs(CLI::App& app, Context& context) {
  auto* command = app.add_subcommand("logs", "Show what happened, request by request");
  auto flags = std::make_shared<Flags>();
  command->add_option("-c,--config", flags->config, "The config whose data_dir is read")->type_name("FILE");
  command->add_flag("-f,--follow", flags->follow, "Go on with what comes");
  command->add_flag("--failed", flags->failed, "What nobody answered");
  command->add_flag("--fallback", flags->fallback, "What a fallback answered");
  command
      ->add_option("--request", flags->request,
                   "One request by its id, or the beginning of it, with its attempts")
      ->type_name("ID");
  command->add_option("--since", flags->since, "1h, 7d, 2026-01-31, 2026-01-31T12:00:00Z")->type_name("TIME");
  command->add_option("--until", flags->until, "The same forms")->type_name("TIME");
  command->add_option("--provider", flags->provider, "That answered, or was tried")->type_name("NAME");
  command->add_option("--model", flags->model, "That was asked for, or tried")->type_name("MODEL");
  command->add_option("--class", flags->error_class, "Of the request's error, or an attempt's")
      ->type_name("CLASS");
  command->add_option("--tag", flags->tag, "That the client sent as x-llmgw-tag-NAME")
      ->type_name("NAME=VALUE");
  command->add_option("--virtual-key", flags->virtual_key, "The client's key by name")->type_name("NAME");
  command->add_option("-n,--limit", flags->limit, "At most so many, the newest")
      ->type_name("N")
      ->check(CLI::Range(1, 1'000'000));
  command->add_flag("--csv", flags->csv, "For a spreadsheet (RFC 4180)");
  command->add_flag("--json", flags->json, "A JSON object a line");
  command->footer(
      "Examples:\n  llmgw logs --failed --since 1h\n  llmgw logs -f --fallback\n  llmgw logs --request "
      "req_01J\n  llmgw logs --json -n 1000 | jq .cost_usd");
  command->callback([&context, flags] { context.run = [flags] { return logs(*flags); }; });
}

}  // namespace llmgw::cmd
