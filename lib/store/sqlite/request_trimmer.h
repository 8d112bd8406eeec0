#pragma once

#include "store/request_log.h"
#include "store/sqlite/database.h"

namespace llmgw::store::sqlite {

// One step of retention, in transactions of its own: rows of the oldest block that are too old, the
// whole block when the file is too large, then a few pages given back. True: there is more to do.
Result<bool> trim_step(Database&, const Retention&, WallTime now);

}  // namespace llmgw::store::sqlite
