#pragma once

#include "store/rest_table.h"

namespace llmgw::store {

// Rests of this process only: for the simulator, for tests, and for a server whose data_dir cannot
// be written. Holds at most `slots` at a time.
class MemoryRests final : public Rests {
 public:
  explicit MemoryRests(size_t slots = 2048);

  std::optional<RestState> get(std::string_view name, WallTime now) const override {
    return table_.get(name, now);
  }
  WallTime begin(std::string_view name, ErrorClass cause, std::optional<Duration> retry_after,
                 WallTime now) override {
    return table_.begin(name, cause, retry_after, now);
  }
  void answered(std::string_view name) override { table_.answered(name); }
  bool wake(std::string_view name, WallTime now) override { return table_.wake(name, now); }
  std::vector<Rest> list(WallTime now) const override { return table_.list(now); }

 private:
  std::vector<uint64_t> words_;
  RestTable table_;
};

}  // namespace llmgw::store
