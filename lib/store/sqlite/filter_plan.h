#pragma once

#include <vector>

#include "store/request_log.h"
#include "store/sqlite/facet.h"
#include "store/sqlite/name_ids.h"

namespace llmgw::store::sqlite {

struct BlockRows {
  int64_t block = 0;
  RowSet rows{};
};

// How a filter is answered: which rows can be meant, and the condition that tells.
struct FilterPlan {
  // Blocks with the rows in them that can be meant, oldest first. Absent: any row.
  std::optional<std::vector<BlockRows>> blocks;
  // Of `request r`: "1", or conditions on its columns. Parameters ?1 and ?2 are the rows, ?3 and ?4
  // the first and last id, where `id_first` is not empty.
  std::string where;
  std::string id_first, id_last;
};

// A filter that names what was never logged has no blocks.
Result<FilterPlan> plan(Database&, Names&, const LogFilter&);

// Rows that follow each other without a gap.
struct RowRun {
  int64_t first = 0, last = 0;
};

// The rows of a block between `first` and `last`, in their order.
std::vector<RowRun> runs(const BlockRows&, int64_t first, int64_t last);

}  // namespace llmgw::store::sqlite
