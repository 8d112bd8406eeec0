#pragma once

#include <span>

#include "providers/catalog.h"

namespace llmgw::providers {

// The catalog's parts. hosted: one key, one URL; cloud: accounts with regions, projects or endpoints;
// local: servers that the user runs, any OpenAI-compatible URL, and the built-in mock.
std::span<const Row> hosted_rows();
std::span<const Row> cloud_rows();
std::span<const Row> local_rows();

// The headers of OpenAI, which most took over (platform.openai.com/docs/guides/rate-limits).
inline constexpr LimitHeaders kOpenAiRequests = {
    "x-ratelimit-limit-requests", "x-ratelimit-remaining-requests", "x-ratelimit-reset-requests"};
inline constexpr LimitHeaders kOpenAiTokens = {"x-ratelimit-limit-tokens", "x-ratelimit-remaining-tokens",
                                               "x-ratelimit-reset-tokens"};

}  // namespace llmgw::providers
