#include "keys_spend.h"

#include <unistd.h>

#include "base/json_writer.h"
#include "command.h"
#include "load_config.h"
#include "observe/report.h"
#include "observe/timestamp.h"
#include "plugins/governance/budget_book.h"
#include "store/ledger_view.h"
#include "store/memory_ledger.h"
#include "terminal.h"

namespace llmgw::cmd {
namespace {

// A budget as it stands.
struct Entry {
  const plugins::BudgetBook::Account* account;
  store::Window window;
  NanoUsd spent, reserved;
};

std::vector<Entry> entries_of(const plugins::BudgetBook& book, const std::vector<store::LedgerRow>& rows,
                              WallTime now) {
  std::vector<Entry> entries;
  for (const auto& account : book.all()) {
    Entry entry{.account = account.get(), .window = account->window(now), .spent = {}, .reserved = {}};
    for (const auto& row : rows) {
      if (row.account != account->name || row.window != entry.window) continue;
      entry.spent = row.spent;
      entry.reserved = row.reserved;
    }
    entries.push_back(entry);
  }
  return entries;
}

std::string table_of(const std::vector<Entry>& entries, WallTime now, const observe::Look& look) {
  using Align = observe::Table::Align;
  observe::Table table;
  table.column("budget", Align::left, true)
      .column("limit", Align::right)
      .column("per")
      .column("spent", Align::right)
      .column("reserved", Align::right)
      .column("resets in", Align::right);
  for (const auto& e : entries) {
    const auto& budget = e.account->budget;
    const auto left = budget.limit - e.spent - e.reserved;
    table.row({{e.account->name},
               {observe::shown(budget.limit)},
               {budget.per},
               {observe::shown(e.spent), left.value <= 0 ? observe::Tone::warn : observe::Tone::plain},
               {observe::shown(e.reserved)},
               {observe::shown(e.window.end - now)}});
  }
  return table.text(look);
}

std::string json_of(const std::vector<Entry>& entries) {
  std::string out;
  json::Writer writer(out);
  writer.begin_array();
  for (const auto& e : entries) {
    writer.begin_object()
        .member("level", e.account->name)
        .member("usd", to_usd(e.account->budget.limit))
        .member("per", e.account->budget.per)
        .member("spent_usd", to_usd(e.spent))
        .member("reserved_usd", to_usd(e.reserved))
        .member("resets_at", observe::timestamp(e.window.end))
        .end_object();
  }
  writer.end_array();
  return out + "\n";
}

}  // namespace

int keys_spend(const std::string& config_flag, bool json) {
  const auto config = load_for_reading(config_flag);
  if (config == nullptr) return kUsage;
  store::MemoryLedger numbers;  // gives the accounts their numbers, and nothing else
  const auto book = plugins::BudgetBook::make(config, numbers);
  if (!book) return complain(book.error().message, kFailed);
  if ((*book)->all().empty() && !json)
    return complain("the config has no budget; add budget = { usd = 50, per = \"month\" } to a virtual key",
                    kOk);
  const WallTime now = SystemClock().wall();
  const auto rows = store::read_ledger(config->server.data_dir, now);
  if (!rows) return complain(rows.error().message, kFailed);
  const auto entries = entries_of(**book, *rows, now);
  return print(json ? json_of(entries) : table_of(entries, now, look_of(STDOUT_FILENO))) ? kOk : kFailed;
}

}  // namespace llmgw::cmd
