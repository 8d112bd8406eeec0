#pragma once

#include <unordered_map>

#include "store/sqlite/database.h"

namespace llmgw::store::sqlite {

struct StringHash {
  using is_transparent = void;
  size_t operator()(std::string_view text) const { return std::hash<std::string_view>{}(text); }
};

// The `name` table for a writer: text to id, remembered. Ids that were found in a transaction that
// was rolled back, or before names were deleted, must be forgotten. The Database outlives it.
class NameIds {
 public:
  static Result<NameIds> over(Database&);

  // The id of `text`, adding it when it is new; 0 for an empty one. Cut after 256 bytes.
  Result<int64_t> id(std::string_view text);
  void forget() { known_.clear(); }

 private:
  NameIds(Statement find, Statement add) : find_(std::move(find)), add_(std::move(add)) {}

  Statement find_, add_;
  std::unordered_map<std::string, int64_t, StringHash, std::equal_to<>> known_;
};

// The `name` table for a reader: both ways, remembered. Ids are never used again for another text
// while a row has them.
class Names {
 public:
  static Result<Names> over(Database&);

  // The text of an id; "" for 0 and for one that is gone.
  const std::string& text(int64_t id);
  // The id of a text, -1 when nothing has that name.
  Result<int64_t> id(std::string_view text);

 private:
  Names(Statement by_id, Statement by_text) : by_id_(std::move(by_id)), by_text_(std::move(by_text)) {}

  Statement by_id_, by_text_;
  std::unordered_map<int64_t, std::string> known_;
};

}  // namespace llmgw::store::sqlite
