#pragma once

#include <memory>
#include <span>

#include "base/error.h"

namespace llmgw::store {

// The mapped file of a ledger's journal: `directory`/ledger.journal, 0600, of fixed size, its blocks
// allocated beforehand, so that a full disk cannot fail a store into it.
class LedgerFile {
 public:
  static constexpr uint32_t kVersion = 1;
  static constexpr uint32_t kSlots = 32768;

  enum class Mode : uint8_t { read, write };  // write creates it where it is not there
  // `ledger` tells whose it is: the number in ledger.db. Errors: server_error, when it cannot be made or
  // mapped, or belongs to another ledger or version; it is not touched then.
  static Result<std::unique_ptr<LedgerFile>> open(const std::string& directory, int64_t ledger, Mode);
  ~LedgerFile();
  LedgerFile(const LedgerFile&) = delete;
  LedgerFile& operator=(const LedgerFile&) = delete;

  std::span<uint64_t> words() const;
  // Pages that were looked at take no memory of this process's until they are used again.
  void relax();
  // All that was stored before is on the disk when it returns.
  Result<void> sync();

 private:
  LedgerFile(void* memory, std::string path) : memory_(memory), path_(std::move(path)) {}

  void* memory_;
  std::string path_;
};

}  // namespace llmgw::store
