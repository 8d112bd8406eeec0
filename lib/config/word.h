#pragma once

#include "config/types.h"

// The words that several sections share.
namespace llmgw::config {

inline constexpr auto kExtraFields = words<ExtraFields>(
    {{"full", ExtraFields::full}, {"basic", ExtraFields::basic}, {"off", ExtraFields::off}});
inline constexpr auto kCommit =
    words<Commit>({{"first_token", Commit::first_token}, {"complete", Commit::complete}});
inline constexpr auto kOnCut = words<OnCut>({{"error", OnCut::error}, {"continue", OnCut::continue_}});
inline constexpr auto kTranslation =
    words<Translation>({{"lenient", Translation::lenient}, {"strict", Translation::strict}});

}  // namespace llmgw::config
