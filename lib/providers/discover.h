#pragma once
#include "config/load.h"
namespace llmgw::providers {
inline config::Known known_kinds() { config::Known k; for (auto n : {"openai","mock","openai-compatible","anthropic","groq","ollama"}) k.kinds.push_back({n,"",""}); return k; }
inline std::shared_ptr<config::Config> config_from_environment(const config::Environment&) { auto c = std::make_shared<config::Config>(); c->server.data_dir = "/tmp/llmgw-data"; return c; }
}
