#include "store/sqlite/pins.h"

namespace llmgw::store::sqlite {

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

Result<void> SqlitePins::keep(std::string_view id, const Pin& pin) {
  const std::lock_guard guard(lock_);
  auto db = database();
  if (!db) return fail(std::move(db.error()));
  {
    auto insert = (*db)->prepare("INSERT OR REPLACE INTO pin (id, provider, key) VALUES (?, ?, ?)");
    if (!insert) return fail(std::move(insert.error()));
    if (auto run = insert->bind_text(1, id).bind_text(2, pin.provider).bind_text(3, pin.key).run(); !run)
      return run;
  }
  return (*db)->run("DELETE FROM pin WHERE place <= (SELECT max(place) FROM pin) - " + std::to_string(most_));
}

}  // namespace llmgw::store::sqlite
