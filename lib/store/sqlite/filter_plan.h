#pragma once

#include <vector>

#include "store/request_log.h"
#include "store/sqlite/name_ids.h"

namespace llmgw::store::sqlite {

// How a filter is answered: which rows can hold a match, and the condition that tells.
struct FilterPlan {
  // First and last row of runs of blocks, oldest first.
  std::vector<std::pair<int64_t, int64_t>> rows;
  // Of `request r`: "1", or conditions on its columns. Parameters ?1 and ?2 are the rows, ?3 and ?4
  // the first and last id, where `id_first` is not empty.
  std::string where;
  std::string id_first, id_last;
};

// `last` bounds the rows. A filter that names what was never logged has no rows.
Result<FilterPlan> plan(Database&, Names&, const LogFilter&, int64_t last);

}  // namespace llmgw::store::sqlite
