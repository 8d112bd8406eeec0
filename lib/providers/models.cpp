#include "providers/models.h"

#include <algorithm>

namespace llmgw::providers {
namespace {

auto key(const ModelFacts& f) {
  return std::pair(f.kind, f.model);
}

const ModelFacts* find_in(std::span<const ModelFacts> sorted, std::string_view kind, std::string_view model) {
  const auto it = std::ranges::lower_bound(sorted, std::pair(kind, model), {}, key);
  return it != sorted.end() && key(*it) == std::pair(kind, model) ? &*it : nullptr;
}

}  // namespace

const ModelFacts* facts(std::string_view kind, std::string_view model) {
  return find_in(built_in_models(), kind, model);
}

ModelTable::ModelTable(std::vector<ModelRow> rows) {
  std::ranges::stable_sort(rows, {}, [](const ModelRow& r) { return std::tie(r.kind, r.model); });
  for (ModelRow& row : rows) {
    if (!rows_.empty() && rows_.back().kind == row.kind && rows_.back().model == row.model) {
      rows_.back() = std::move(row);
    } else {
      rows_.push_back(std::move(row));
    }
  }
  for (const ModelRow& row : rows_) facts_.push_back(row.facts());
}

const ModelFacts* ModelTable::find(std::string_view kind, std::string_view model) const {
  return find_in(facts_, kind, model);
}

}  // namespace llmgw::providers
