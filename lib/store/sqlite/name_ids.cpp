#include "store/sqlite/name_ids.h"

#include "base/text.h"

namespace llmgw::store::sqlite {
namespace {

constexpr size_t kMostKnown = 20'000;  // clients choose model names: what is remembered is bounded
constexpr size_t kLongestName = 256;

}  // namespace

Result<NameIds> NameIds::over(Database& database) {
  auto find = database.prepare("SELECT id FROM name WHERE text = ?");
  if (!find) return fail(std::move(find.error()));
  auto add = database.prepare("INSERT INTO name(text) VALUES(?) RETURNING id");
  if (!add) return fail(std::move(add.error()));
  return NameIds(std::move(*find), std::move(*add));
}

Result<int64_t> NameIds::id(std::string_view text) {
  if (text.empty()) return 0;
  if (const auto at = known_.find(text); at != known_.end()) return at->second;
  const std::string name = shortened(text, kLongestName);
  int64_t id = 0;
  for (Statement* statement : {&find_, &add_}) {
    auto row = statement->bind_text(1, name).step();
    if (row && *row) id = statement->number(0);
    statement->reset();
    if (!row) return fail(std::move(row.error()));
    if (id != 0) break;
  }
  if (known_.size() >= kMostKnown) known_.clear();
  known_.emplace(text, id);
  return id;
}

Result<Names> Names::over(Database& database) {
  auto by_id = database.prepare("SELECT text FROM name WHERE id = ?");
  if (!by_id) return fail(std::move(by_id.error()));
  auto by_text = database.prepare("SELECT id FROM name WHERE text = ?");
  if (!by_text) return fail(std::move(by_text.error()));
  return Names(std::move(*by_id), std::move(*by_text));
}

const std::string& Names::text(int64_t id) {
  static const std::string kNone;
  if (id == 0) return kNone;
  if (const auto at = known_.find(id); at != known_.end()) return at->second;
  if (known_.size() >= kMostKnown) known_.clear();
  std::string text;
  if (const auto row = by_id_.bind(1, id).step(); row && *row) text = std::string(by_id_.text(0));
  by_id_.reset();
  return known_.emplace(id, std::move(text)).first->second;
}

Result<int64_t> Names::id(std::string_view text) {
  const std::string name = shortened(text, kLongestName);
  auto row = by_text_.bind_text(1, name).step();
  const int64_t id = row && *row ? by_text_.number(0) : -1;
  by_text_.reset();
  if (!row) return fail(std::move(row.error()));
  return id;
}

}  // namespace llmgw::store::sqlite
