#include "store/sqlite/ledger_table.h"

#include "base/random.h"
#include "store/sqlite/schema.h"

namespace llmgw::store::sqlite {
namespace {

// Money in nano-dollars, times in Unix ms.
constexpr std::string_view kFirst = R"(
CREATE TABLE account(id INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE);
CREATE TABLE spent(account INTEGER NOT NULL, since INTEGER NOT NULL, until INTEGER NOT NULL,
  amount INTEGER NOT NULL, PRIMARY KEY(account, since, until)) WITHOUT ROWID;
CREATE TABLE state(one INTEGER PRIMARY KEY, id INTEGER NOT NULL, watermark INTEGER NOT NULL);
)";
constexpr std::string_view kSteps[] = {kFirst};

WallTime time_of(int64_t ms) {
  return WallTime{std::chrono::milliseconds{ms}};
}

Error named(Error error) {
  if (error.code == kCorrupt)
    error.message += "; restore it from a copy, or move it away, and every budget counts from nothing";
  return error;
}

}  // namespace

Result<LedgerTable> LedgerTable::open(const std::string& directory, Database::Mode mode) {
  auto database = Database::open(directory + "/ledger.db", mode);
  if (!database) return fail(named(std::move(database.error())));
  if (mode == Database::Mode::write) {
    auto done = database->run("PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL;");
    if (done) done = migrate(*database, kSteps);
    if (done) {
      done = database->run("INSERT OR IGNORE INTO state VALUES(1, " +
                           std::to_string(static_cast<int64_t>(entropy() >> 2)) + ", 0)");
    }
    if (!done) return fail(named(std::move(done.error())));
  }
  return LedgerTable(std::move(*database));
}

Result<int64_t> LedgerTable::id() {
  return database_.number("SELECT id FROM state");
}

Result<uint64_t> LedgerTable::watermark() {
  const auto found = database_.number("SELECT watermark FROM state");
  if (!found) return fail(named(found.error()));
  return static_cast<uint64_t>(*found);
}

Result<uint32_t> LedgerTable::account(const std::string& name) {
  auto insert = database_.prepare("INSERT OR IGNORE INTO account(name) VALUES(?)");
  if (!insert) return fail(std::move(insert.error()));
  if (auto done = insert->bind_text(1, name).run(); !done) return fail(std::move(done.error()));
  auto find = database_.prepare("SELECT id FROM account WHERE name = ?");
  if (!find) return fail(std::move(find.error()));
  const auto row = find->bind_text(1, name).step();
  if (!row) return fail(row.error());
  if (!*row) return fail(ErrorClass::server_error, database_.path() + " does not keep the account " + name);
  return static_cast<uint32_t>(find->number(0));
}

Result<std::map<uint32_t, std::string>> LedgerTable::names() {
  auto read = database_.prepare("SELECT id, name FROM account");
  if (!read) return fail(named(std::move(read.error())));
  std::map<uint32_t, std::string> names;
  for (;;) {
    const auto more = read->step();
    if (!more) return fail(named(more.error()));
    if (!*more) return names;
    names.emplace(static_cast<uint32_t>(read->number(0)), read->text(1));
  }
}

Result<std::vector<LedgerTable::Row>> LedgerTable::rows(WallTime now) {
  auto read = database_.prepare("SELECT account, since, until, amount FROM spent WHERE until > ?");
  if (!read) return fail(named(std::move(read.error())));
  read->bind(1, unix_ms(now));
  std::vector<Row> rows;
  for (;;) {
    const auto more = read->step();
    if (!more) return fail(named(more.error()));
    if (!*more) return rows;
    rows.push_back({.account = static_cast<uint32_t>(read->number(0)),
                    .window = {time_of(read->number(1)), time_of(read->number(2))},
                    .spent = {read->number(3)}});
  }
}

Result<void> LedgerTable::add(std::span<const Charge> charges, uint64_t watermark, WallTime forget) {
  auto transaction = Transaction::begin(database_);
  if (!transaction) return fail(std::move(transaction.error()));
  {
    auto insert = database_.prepare(
        "INSERT INTO spent VALUES(?, ?, ?, ?) ON CONFLICT DO UPDATE SET amount = amount + excluded.amount");
    if (!insert) return fail(std::move(insert.error()));
    for (const auto& charge : charges) {
      insert->bind(1, int64_t{charge.account}).bind(2, unix_ms(charge.window.begin));
      insert->bind(3, unix_ms(charge.window.end)).bind(4, charge.amount.value);
      if (auto done = insert->run(); !done) return done;
    }
    auto state = database_.prepare("UPDATE state SET watermark = ?");
    if (!state) return fail(std::move(state.error()));
    if (auto done = state->bind(1, static_cast<int64_t>(watermark)).run(); !done) return done;
    auto trim = database_.prepare("DELETE FROM spent WHERE until < ?");
    if (!trim) return fail(std::move(trim.error()));
    if (auto done = trim->bind(1, unix_ms(forget)).run(); !done) return done;
  }
  return transaction->commit();
}

}  // namespace llmgw::store::sqlite
