#pragma once

#include <map>
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
  void note(std::string_view id, const Pin&) override;
  Result<void> flush() override;

 private:
  using Noted = std::map<std::string, Pin, std::less<>>;

  Result<Database*> database();
  Result<void> write(const Noted&);

  const std::string directory_;
  const int64_t most_;
  std::mutex lock_;  // guards database_
  std::optional<Database> database_;
  std::mutex noted_lock_;  // guards what follows; taken for an instant, also by loops
  Noted noted_, writing_;
};

}  // namespace llmgw::store::sqlite
