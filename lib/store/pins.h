#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "base/error.h"

namespace llmgw::store {

// Who gave an id out: the provider and, by its name, the key that its account belongs to.
struct Pin {
  std::string provider, key;
  friend bool operator==(const Pin&, const Pin&) = default;
};

// Ids that providers gave out (files, batches, responses, conversations), so that later calls
// that name one go where it is known. Kept across restarts; thread-safe. Every call but note() may
// block on a disk: not for a fiber.
class Pins {
 public:
  virtual ~Pins() = default;

  // None: nobody gave it out through us, or too long ago.
  virtual Result<std::optional<Pin>> find(std::string_view id) = 0;
  // Remembers an id, in memory: find() knows it from now on, so that a client may name what it was just
  // given. The latest word on it holds. The caller sees to a flush().
  virtual void note(std::string_view id, const Pin&) = 0;
  // Writes what was noted. The oldest give way above 100,000.
  virtual Result<void> flush() = 0;
};

}  // namespace llmgw::store
