#pragma once

#include <array>
#include <cstdint>

#include "base/hash.h"
#include "store/request_log.h"
#include "store/sqlite/schema.h"

namespace llmgw::store::sqlite {

// What can be looked for, as a number: `facet` says in which blocks of rows it occurs, and in which rows.
enum class NameKind : uint8_t { provider, model, key, virtual_key, route, type };

inline constexpr int kNameKindShift = 4;

// Of a name's id, positive.
constexpr int64_t facet(NameKind kind, int64_t id) {
  return id << kNameKindShift | static_cast<int64_t>(kind);
}
constexpr int64_t name_of_facet(int64_t facet) {
  return facet >> kNameKindShift;
}

constexpr int64_t facet(ErrorClass c) {
  return -1 - static_cast<int64_t>(c);
}
inline constexpr int64_t kFailedFacet = -100;
inline constexpr int64_t kFallbackFacet = -101;

// Of a tag as tag_json() has it. Tags that share a number cost a row read in vain, nothing else.
constexpr int64_t tag_facet(std::string_view tag_json) {
  return -1000 - static_cast<int64_t>(hash64(tag_json) >> 2);
}

// `"name":"value"`, as it stands in the `tags` column, so that it can be looked for there.
std::string tag_json(std::string_view name, std::string_view value);

// Rows of a block, a bit each.
struct RowSet {
  std::array<uint64_t, kBlockRows / 64> words{};

  void add(int64_t row) {
    words[static_cast<size_t>(row & (kBlockRows - 1)) / 64] |= uint64_t{1} << (row & 63);
  }
  bool has(int64_t row) const {
    return (words[static_cast<size_t>(row & (kBlockRows - 1)) / 64] >> (row & 63) & 1) != 0;
  }
  bool empty() const { return words == std::array<uint64_t, kBlockRows / 64>{}; }
  RowSet& operator&=(const RowSet& other) {
    for (size_t i = 0; i < words.size(); ++i) words[i] &= other.words[i];
    return *this;
  }
  RowSet& operator|=(const RowSet& other) {
    for (size_t i = 0; i < words.size(); ++i) words[i] |= other.words[i];
    return *this;
  }
  static RowSet all() {
    RowSet rows;
    rows.words.fill(~uint64_t{0});
    return rows;
  }
};

// A row's numbers that have facets; 0 is none. `classes` has a bit for each class in the request.
struct FacetRow {
  int64_t provider = 0, model_requested = 0, model = 0, key = 0, virtual_key = 0, route = 0, type = 0;
  int64_t classes = 0;
  bool failed = false, fallback = false;
};

// Calls each(int64_t) for every facet of a row but those of its tags and attempts.
template <typename Each>
void each_facet(const FacetRow& row, const Each& each) {
  auto named = [&each](NameKind kind, int64_t id) {
    if (id != 0) each(facet(kind, id));
  };
  named(NameKind::provider, row.provider);
  named(NameKind::model, row.model_requested);
  named(NameKind::model, row.model);
  named(NameKind::key, row.key);
  named(NameKind::virtual_key, row.virtual_key);
  named(NameKind::route, row.route);
  named(NameKind::type, row.type);
  for (int64_t bits = row.classes, c = 0; bits != 0; bits >>= 1, ++c) {
    if ((bits & 1) != 0) each(facet(static_cast<ErrorClass>(c)));
  }
  if (row.failed) each(kFailedFacet);
  if (row.fallback) each(kFallbackFacet);
}

}  // namespace llmgw::store::sqlite
