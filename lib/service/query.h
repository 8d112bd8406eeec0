#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace llmgw::service {

// A request's query as it may go upstream: without `key`, which is a client's credential, and `api-version`,
// which Azure's clients send to any server and a provider that has one gets from its own config.
std::string forwarded_query(std::string_view query);

// The value of the first pair of that name, decoded; none: there is no such pair, or its value is broken.
std::optional<std::string> query_value(std::string_view query, std::string_view name);

// Whether it asks Google's way for server-sent events, `alt=sse`; else a stream is a JSON array
// (https://cloud.google.com/apis/docs/system-parameters).
bool asks_for_events(std::string_view query);

}  // namespace llmgw::service
