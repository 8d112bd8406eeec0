#include "store/ledger_view.h"

#include <filesystem>
#include <map>

#include "store/ledger_file.h"
#include "store/ledger_journal.h"
#include "store/sqlite/ledger_table.h"

namespace llmgw::store {
namespace {

constexpr int kMostReadings = 20;

using Sums = std::map<std::tuple<uint32_t, WallTime, WallTime>, Balance>;

void add_journal(std::span<uint64_t> words, uint64_t watermark, WallTime now, Sums& sums) {
  const LedgerJournal journal(words);
  for (size_t slot = 0; slot < journal.slots(); ++slot) {
    const auto entry = journal.read(slot);
    const bool settled = entry.state == JournalEntry::State::settled;
    if (settled && entry.sequence <= watermark) continue;
    for (const auto& part : entry.parts) {
      if (part.window.end <= now) continue;
      auto& sum = sums[{part.account, part.window.begin, part.window.end}];
      (settled ? sum.spent : sum.reserved) =
          (settled ? sum.spent : sum.reserved) + (settled ? entry.actual : entry.amount);
    }
  }
}

}  // namespace

Result<std::vector<LedgerRow>> read_ledger(const std::string& directory, WallTime now) {
  std::error_code ignored;
  if (!std::filesystem::exists(directory + "/ledger.db", ignored)) return std::vector<LedgerRow>{};
  auto table = sqlite::LedgerTable::open(directory, sqlite::Database::Mode::read);
  if (!table) return fail(std::move(table.error()));
  const auto id = table->id();
  if (!id) return fail(id.error());
  const auto file = LedgerFile::open(directory, *id, LedgerFile::Mode::read);
  if (!file) return fail(file.error());
  // Both are of one moment when the watermark stands still around them.
  for (int i = 0; i < kMostReadings; ++i) {
    const auto before = table->watermark();
    if (!before) return fail(before.error());
    const auto names = table->names();
    if (!names) return fail(names.error());
    const auto rows = table->rows(now);
    if (!rows) return fail(rows.error());
    Sums sums;
    for (const auto& row : *rows) sums[{row.account, row.window.begin, row.window.end}].spent = row.spent;
    add_journal((*file)->words(), *before, now, sums);
    const auto after = table->watermark();
    if (!after) return fail(after.error());
    if (*before != *after) continue;
    std::vector<LedgerRow> out;
    for (const auto& [of, sum] : sums) {
      const auto& [account, begin, end] = of;
      if (const auto name = names->find(account); name != names->end())
        out.push_back({name->second, {begin, end}, sum.spent, sum.reserved});
    }
    return out;
  }
  return fail(ErrorClass::server_error, "the ledger of " + directory + " did not stand still; try again");
}

}  // namespace llmgw::store
