#pragma once

#include <string_view>

#include "observe/record.h"

namespace llmgw::dialects {

// What a message of a server's side of a WebSocket says of tokens, added to `total`: the responses that it
// tells the end of. OpenAI's Realtime ("response.done") and Responses ("response.completed",
// "response.incomplete"): https://platform.openai.com/docs/api-reference/realtime-server-events,
// https://platform.openai.com/docs/guides/websocket-mode.
void add_realtime_usage(std::string_view message, observe::Usage& total);

}  // namespace llmgw::dialects
