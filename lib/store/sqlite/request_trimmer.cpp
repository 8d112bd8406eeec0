#include "store/sqlite/request_trimmer.h"

#include <algorithm>
#include <set>

#include "base/json.h"
#include "store/sqlite/facet.h"
#include "store/sqlite/schema.h"

namespace llmgw::store::sqlite {
namespace {

struct Sizes {
  int64_t file = 0, used = 0;  // bytes
};

Result<Sizes> sizes(Database& database) {
  const auto page = database.number("PRAGMA page_size"), pages = database.number("PRAGMA page_count"),
             free_pages = database.number("PRAGMA freelist_count");
  for (const auto* n : {&page, &pages, &free_pages}) {
    if (!*n) return fail(n->error());
  }
  return Sizes{*pages * *page, (*pages - *free_pages) * *page};
}

// What occurs in the rows of a block.
Result<std::set<int64_t>> facets_of(Database& database, int64_t block) {
  std::set<int64_t> facets;
  const int64_t first = block << kBlockShift;
  auto rows = database.prepare(
      "SELECT provider, model_requested, model, key, virtual_key, route, type, classes, class, flags, tags "
      "FROM request WHERE n BETWEEN ? AND ?");
  if (!rows) return fail(std::move(rows.error()));
  rows->bind(1, first).bind(2, first + kBlockRows - 1);
  while (true) {
    auto more = rows->step();
    if (!more) return fail(std::move(more.error()));
    if (!*more) break;
    FacetRow row{rows->number(0),           rows->number(1), rows->number(2),
                 rows->number(3),           rows->number(4), rows->number(5),
                 rows->number(6),           rows->number(7), rows->maybe_number(8).has_value(),
                 (rows->number(9) & 2) != 0};
    each_facet(row, [&](int64_t facet) { facets.insert(facet); });
    const std::string tags(rows->text(10));
    if (const auto doc = json::Doc::parse(tags)) {
      for (const auto tag : doc->root().members()) {
        facets.insert(tag_facet(tag_json(tag.key.text(), tag.value.text())));
      }
    }
  }
  auto attempts = database.prepare("SELECT provider, model, key FROM attempt WHERE at >= ? AND at < ?");
  if (!attempts) return fail(std::move(attempts.error()));
  attempts->bind(1, first << kAttemptShift).bind(2, (first + kBlockRows) << kAttemptShift);
  while (true) {
    auto more = attempts->step();
    if (!more) return fail(std::move(more.error()));
    if (!*more) return facets;
    each_facet({attempts->number(0), 0, attempts->number(1), attempts->number(2)},
               [&](int64_t facet) { facets.insert(facet); });
  }
}

// Removes facets of a block, and the names that nothing has any more.
Result<void> remove_facets(Database& database, int64_t block, const std::set<int64_t>& facets) {
  auto remove = database.prepare("DELETE FROM facet WHERE what = ? AND b = ?");
  if (!remove) return fail(std::move(remove.error()));
  auto used = database.prepare("SELECT 1 FROM facet WHERE what BETWEEN ? AND ? LIMIT 1");
  if (!used) return fail(std::move(used.error()));
  auto forget = database.prepare("DELETE FROM name WHERE id = ?");
  if (!forget) return fail(std::move(forget.error()));
  for (const int64_t facet : facets) {
    if (auto done = remove->bind(1, facet).bind(2, block).run(); !done) return done;
  }
  for (const int64_t facet : facets) {
    if (facet < 0) continue;
    const int64_t id = name_of_facet(facet), first = id << kNameKindShift;
    auto found = used->bind(1, first).bind(2, first + (1 << kNameKindShift) - 1).step();
    used->reset();
    if (!found) return fail(std::move(found.error()));
    if (*found) continue;
    if (auto done = forget->bind(1, id).run(); !done) return done;
  }
  // Writers of other processes remember names and facets: they look here first.
  return database.run("UPDATE state SET names_deleted = names_deleted + 1");
}

// Deletes the rows of `block` that arrived before `before`.
Result<void> delete_rows(Database& database, int64_t block, int64_t before) {
  auto was = facets_of(database, block);
  if (!was) return fail(std::move(was.error()));
  const std::string first = std::to_string(block << kBlockShift),
                    last = std::to_string((block << kBlockShift) + kBlockRows - 1);
  const std::string old = "SELECT n FROM request WHERE n BETWEEN " + first + " AND " + last +
                          " AND arrived < " + std::to_string(before);
  const std::string shift = std::to_string(kAttemptShift);
  const std::string steps[] = {
      "DELETE FROM attempt WHERE at >= " + first + " << " + shift + " AND at < (" + last + " + 1) << " +
          shift + " AND at >> " + shift + " IN (" + old + ")",
      "DELETE FROM body WHERE n IN (" + old + ")",
      "DELETE FROM request WHERE n IN (" + old + ")",
      "DELETE FROM block WHERE b = " + std::to_string(block),
      "INSERT INTO block SELECT " + std::to_string(block) +
          ", min(arrived), max(arrived) FROM request WHERE n BETWEEN " + first + " AND " + last +
          " HAVING count(*) > 0",
  };
  for (const auto& step : steps) {
    if (auto done = database.run(step); !done) return done;
  }
  const auto is = facets_of(database, block);
  if (!is) return fail(is.error());
  std::set<int64_t> gone;
  std::ranges::set_difference(*was, *is, std::inserter(gone, gone.end()));
  return remove_facets(database, block, gone);
}

}  // namespace

Result<bool> trim_step(Database& database, const Retention& retention, WallTime now) {
  const auto size = sizes(database);
  if (!size) return fail(size.error());
  const bool too_large = size->used > retention.max_size;
  const int64_t before =
      too_large ? INT64_MAX : unix_ms(now - std::min(retention.keep, now.time_since_epoch()));

  auto oldest = database.prepare("SELECT b, since FROM block ORDER BY b LIMIT 1");
  if (!oldest) return fail(std::move(oldest.error()));
  auto found = oldest->step();
  if (!found) return fail(std::move(found.error()));
  if (*found && oldest->number(1) < before) {
    const int64_t block = oldest->number(0);
    oldest->reset();
    auto transaction = Transaction::begin(database);
    if (!transaction) return fail(std::move(transaction.error()));
    if (auto done = delete_rows(database, block, before); !done) return fail(std::move(done.error()));
    if (auto done = transaction->commit(); !done) return fail(std::move(done.error()));
    return true;
  }
  oldest->reset();
  if (size->file <= retention.max_size || size->file == size->used) return false;
  if (auto done = database.run("PRAGMA incremental_vacuum(256)"); !done) return fail(std::move(done.error()));
  return true;
}

}  // namespace llmgw::store::sqlite
