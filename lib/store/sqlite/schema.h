#pragma once

#include <span>
#include <string_view>

#include "store/sqlite/database.h"

namespace llmgw::store::sqlite {

// A database's versions in order: the i-th step makes version i + 1 of version i. A step that was
// released never changes.
using Steps = std::span<const std::string_view>;

// Brings a database up to the last step, in one transaction, so that several processes
// may try at once. Fails, and changes nothing, when the file is of a newer version than we know.
Result<void> migrate(Database&, Steps);

// The request log's.
//
// Rows are written in the order in which requests end, and nothing but the row number is an index:
// what finds rows are the blocks of kBlockRows rows each. For a block, `block` has the span of its
// arrival times, and `facet` the providers, models, keys, tags, classes that occur in it (see
// facet.h), each with a bit for every row that has it. A filter of several conditions is the
// intersection of their bits, so that it reads the few rows that can be meant, whether or not what
// it looks for is rare. A row costs little by it: a facet is written once a block and transaction.
extern const Steps kRequestLogSteps;
inline constexpr int kBlockShift = 8;
inline constexpr int64_t kBlockRows = int64_t{1} << kBlockShift;
// An attempt's key is the request's row and the attempt's place in the trail.
inline constexpr int kAttemptShift = 10;
inline constexpr int64_t kMostAttempts = int64_t{1} << kAttemptShift;

}  // namespace llmgw::store::sqlite
