#pragma once

#include <memory>

#include "engine/world.h"

// Asks providers for their models (routing::State::live_models), on the fiber of a request that wants to
// know.
namespace llmgw::engine {

// For a request that names a model which nobody is known to have: all that were not asked lately.
inline constexpr Duration kLookUp = 2s;

// Which lists are wanted anew.
enum class Lists : uint8_t {
  missing,  // of providers that never told
  old,      // and those older than LiveModels::kFresh
  recent,   // and those older than LiveModels::kPatience
};

// Asks all of them at once and returns when they have told, or after `patience`; who has not told by then has
// failed. A failure is no error: what is known stands.
void ask_for_models(const World&, const routing::Topology&, Lists, Duration patience);

}  // namespace llmgw::engine
