#pragma once

#include <memory>

#include "store/rest_table.h"

namespace llmgw::store {

// Rests in a file that `serve` and every `ask` on one data_dir have mapped at once (see RestTable for
// why a killed process harms nobody). The file is 0600, of fixed size, with its blocks allocated
// beforehand, so that a full disk cannot fail a write to it.
class MappedRests final : public Rests {
 public:
  static constexpr uint32_t kVersion = 1;
  static constexpr uint32_t kSlots = 2048;

  // Opens or creates `directory`/rests. A file of another version or size, or of garbage, is set
  // aside; then `set_aside_as` says where, for a message. Fails when the directory cannot be written.
  static Result<std::unique_ptr<MappedRests>> open(const std::string& directory, WallTime now);
  ~MappedRests() override;
  MappedRests(const MappedRests&) = delete;
  MappedRests& operator=(const MappedRests&) = delete;

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

  // Where the file that stood in the way was put; empty: none did.
  const std::string& set_aside_as() const { return set_aside_as_; }

 private:
  MappedRests(void* memory, size_t size, std::string set_aside_as);

  void* memory_;
  size_t size_;
  std::string set_aside_as_;
  RestTable table_;
};

}  // namespace llmgw::store
