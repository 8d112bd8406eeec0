#pragma once

#include <list>
#include <mutex>
#include <optional>
#include <string>
#include <unordered_map>
#include <vector>

#include "dialects/answer.h"

namespace llmgw::routing {

// The seals of turns whose client cannot carry them: reasoning and calls that their provider wants back with
// the tool's result. By the id of the call; the least recently used go first. Thread-safe. Lives in memory
// only: a conversation that outlives the process goes on without its seals, with a warning.
class SealStore {
 public:
  struct Turn {
    dialects::Seal call;                         // of the call itself
    std::vector<dialects::Reasoning> reasoning;  // what stood before it, in order
  };

  // `most_bytes` bounds what is kept in all.
  explicit SealStore(size_t most_bytes = 16 << 20) : most_bytes_(most_bytes) {}

  // Keeps what the answer's choices have sealed before and in their tool calls.
  void remember(const std::vector<dialects::Part>& parts);
  // Puts back what is kept and missing in the assistant's turns.
  void restore(dialects::Conversation& conversation) const;

 private:
  struct Entry {
    std::string id;
    Turn turn;
    size_t bytes;
  };
  void keep(const std::string& id, Turn turn);
  std::optional<Turn> find(const std::string& id) const;

  size_t most_bytes_;
  mutable std::mutex lock_;         // guards all below
  mutable std::list<Entry> order_;  // the latest used first
  std::unordered_map<std::string, std::list<Entry>::iterator> by_id_;
  size_t bytes_ = 0;
};

}  // namespace llmgw::routing
