#include "store/sqlite/pins.h"

namespace llmgw::store::sqlite {
namespace {

// Beyond so many that a broken disk does not take, new ids are not remembered.
constexpr size_t kMostNoted = 10'000;

}  // namespace

Result<Database*> SqlitePins::database() {
  if (!database_) {
    auto opened = Database::open(directory_ + "/pins.db", Database::Mode::write);
    if (!opened) return fail(std::move(opened.error()));
    auto made = opened->run(
        "PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL;"
        "CREATE TABLE IF NOT EXISTS pin (place INTEGER PRIMARY KEY, id TEXT NOT NULL UNIQUE, provider TEXT "
        "NOT NULL, key TEXT NOT NULL)");
    if (!made) return fail(std::move(made.error()));
    database_.emplace(std::move(*opened));
  }
  return &*database_;
}

Result<std::optional<Pin>> SqlitePins::find(std::string_view id) {
  {
    const std::lock_guard guard(noted_lock_);
    for (const Noted* known : {&noted_, &writing_}) {
      if (const auto at = known->find(id); at != known->end()) return at->second;
    }
  }
  const std::lock_guard guard(lock_);
  auto db = database();
  if (!db) return fail(std::move(db.error()));
  auto statement = (*db)->prepare("SELECT provider, key FROM pin WHERE id = ?");
  if (!statement) return fail(std::move(statement.error()));
  statement->bind_text(1, id);
  const auto row = statement->step();
  if (!row) return fail(row.error());
  if (!*row) return std::nullopt;
  return Pin{std::string(statement->text(0)), std::string(statement->text(1))};
}

void SqlitePins::note(std::string_view id, const Pin& pin) {
  const std::lock_guard guard(noted_lock_);
  if (noted_.size() < kMostNoted) noted_.insert_or_assign(std::string(id), pin);
}

Result<void> SqlitePins::flush() {
  const std::lock_guard guard(lock_);
  {
    const std::lock_guard noted_guard(noted_lock_);
    if (noted_.empty()) return {};
    writing_.swap(noted_);
  }
  auto written = write(writing_);  // only this thread changes it, under lock_
  const std::lock_guard noted_guard(noted_lock_);
  // What could not be written is known at least here, until the next attempt.
  if (!written) noted_.merge(writing_);
  writing_.clear();
  return written;
}

Result<void> SqlitePins::write(const Noted& pins) {
  auto db = database();
  if (!db) return fail(std::move(db.error()));
  auto transaction = Transaction::begin(**db);
  if (!transaction) return fail(std::move(transaction.error()));
  {
    auto insert = (*db)->prepare("INSERT OR REPLACE INTO pin (id, provider, key) VALUES (?, ?, ?)");
    if (!insert) return fail(std::move(insert.error()));
    for (const auto& [id, pin] : pins) {
      if (auto run = insert->bind_text(1, id).bind_text(2, pin.provider).bind_text(3, pin.key).run(); !run)
        return run;
    }
  }
  auto trimmed =
      (*db)->run("DELETE FROM pin WHERE place <= (SELECT max(place) FROM pin) - " + std::to_string(most_));
  if (!trimmed) return trimmed;
  return transaction->commit();
}

}  // namespace llmgw::store::sqlite
