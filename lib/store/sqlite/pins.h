#pragma once

#include <mutex>
#include <optional>

#include "store/pins.h"
#include "store/sqlite/database.h"

namespace llmgw::store::sqlite {

// Pins in `directory`/pins.db, opened at the first use, so that a gateway that needs none has none.
class SqlitePins final : public Pins {
 public:
  explicit SqlitePins(std::string directory, int64_t most = 100'000)
      : directory_(std::move(directory)), most_(most) {}

  Result<std::optional<Pin>> find(std::string_view id) override;
  Result<void> keep(std::string_view id, const Pin&) override;

 private:
  Result<Database*> database();

  const std::string directory_;
  const int64_t most_;
  std::mutex lock_;  // guards database_
  std::optional<Database> database_;
};

}  // namespace llmgw::store::sqlite
