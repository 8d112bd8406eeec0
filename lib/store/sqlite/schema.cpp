#include "store/sqlite/schema.h"

namespace llmgw::store::sqlite {
namespace {

// Times: arrived, since, until in Unix ms; the rest in µs. Money in nano-dollars. Names as ids of
// `name`; class in the order of ErrorClass; NULL where nothing is known.
// flags: 1 stream, 2 fallback, 4 cut, 8 the first call failed, 16 rescued.
// attempt.flags: 1 from the cache, 2 raced, 4 passed over, 8 held back. attempt.at: the request's n << 10,
// and its place.
constexpr std::string_view kFirst = R"(
CREATE TABLE name(id INTEGER PRIMARY KEY AUTOINCREMENT, text TEXT NOT NULL UNIQUE);
CREATE TABLE request(
  n INTEGER PRIMARY KEY, id BLOB NOT NULL, client_id TEXT, arrived INTEGER NOT NULL, took INTEGER NOT NULL,
  first_content INTEGER, type INTEGER, model_requested INTEGER, route INTEGER, provider INTEGER,
  model INTEGER, key INTEGER, virtual_key INTEGER, status INTEGER NOT NULL, class INTEGER,
  classes INTEGER NOT NULL, flags INTEGER NOT NULL, rescue INTEGER, input INTEGER, output INTEGER,
  cached INTEGER, cache_written INTEGER, reasoning INTEGER, cost INTEGER NOT NULL, raced_cost INTEGER NOT NULL,
  tags TEXT);
CREATE TABLE attempt(
  at INTEGER PRIMARY KEY, provider INTEGER, model INTEGER, key INTEGER, status INTEGER NOT NULL,
  class INTEGER, flags INTEGER NOT NULL, started INTEGER NOT NULL, took INTEGER NOT NULL,
  first_content INTEGER, retry_after INTEGER, input INTEGER, output INTEGER, cached INTEGER,
  cache_written INTEGER, reasoning INTEGER, cost INTEGER NOT NULL, upstream_request_id TEXT, code TEXT,
  message TEXT, skipped TEXT);
CREATE TABLE body(n INTEGER PRIMARY KEY, request BLOB, response BLOB);
CREATE TABLE block(b INTEGER PRIMARY KEY, since INTEGER NOT NULL, until INTEGER NOT NULL);
CREATE TABLE facet(what INTEGER NOT NULL, b INTEGER NOT NULL, PRIMARY KEY(what, b)) WITHOUT ROWID;
CREATE TABLE state(one INTEGER PRIMARY KEY, last_row INTEGER NOT NULL, names_deleted INTEGER NOT NULL);
INSERT INTO state VALUES(1, 0, 0);
)";

// Which rows of its block have the facet, a bit each, in four words. Blocks from before say "any".
constexpr std::string_view kRowsOfFacets = R"(
ALTER TABLE facet ADD COLUMN r0 INTEGER NOT NULL DEFAULT -1;
ALTER TABLE facet ADD COLUMN r1 INTEGER NOT NULL DEFAULT -1;
ALTER TABLE facet ADD COLUMN r2 INTEGER NOT NULL DEFAULT -1;
ALTER TABLE facet ADD COLUMN r3 INTEGER NOT NULL DEFAULT -1;
)";

constexpr std::string_view kSteps[] = {kFirst, kRowsOfFacets};

}  // namespace

const Steps kRequestLogSteps{kSteps};

Result<void> migrate(Database& database, Steps steps) {
  const auto newest = static_cast<int64_t>(steps.size());
  auto version = database.number("PRAGMA user_version");
  if (!version) return fail(std::move(version.error()));
  if (*version == newest) return {};
  auto transaction = Transaction::begin(database);
  if (!transaction) return fail(std::move(transaction.error()));
  // Another process may have been faster.
  version = database.number("PRAGMA user_version");
  if (!version) return fail(std::move(version.error()));
  if (*version > newest) {
    return fail(ErrorClass::server_error, database.path() + " is of version " + std::to_string(*version) +
                                              ", this llmgw knows up to " + std::to_string(newest) +
                                              "; run the newer llmgw, or move the file away");
  }
  for (int64_t v = *version; v < newest; ++v) {
    if (auto done = database.run(std::string(steps[static_cast<size_t>(v)])); !done) return done;
  }
  if (auto done = database.run("PRAGMA user_version = " + std::to_string(newest)); !done) return done;
  return transaction->commit();
}

}  // namespace llmgw::store::sqlite
