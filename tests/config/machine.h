#pragma once

#include <map>
#include <string>

#include "config/load.h"

namespace llmgw::config {

// A machine of variables and files that a test makes up.
struct Machine {
  std::map<std::string, std::string> variables = {{"HOME", "/home/u"}};
  std::map<std::string, std::string> files = {};
  bool open = false;  // whether everybody may read its files

  Environment environment() const {
    return {.variable = [this](const std::string& name) -> std::optional<std::string> {
              const auto found = variables.find(name);
              return found == variables.end() ? std::nullopt : std::optional(found->second);
            },
            .read_file = [this](const std::string& path) -> Result<std::string> {
              const auto found = files.find(path);
              if (found == files.end())
                return fail(ErrorClass::bad_request, "cannot be read: No such file or directory");
              return found->second;
            },
            .exists = [this](const std::string& path) { return files.contains(path); },
            .others_can_read = [this](const std::string&) { return open; }};
  }
};

// Some rows as the catalog has them.
inline Known some_kinds() {
  return {.kinds = {{"openai", "", "OPENAI_API_KEY"},
                    {"anthropic", "", "ANTHROPIC_API_KEY"},
                    {"groq", "", "GROQ_API_KEY"},
                    {"azure", "endpoint", "AZURE_OPENAI_API_KEY"},
                    {"bedrock", "", ""},
                    {"ollama", "", ""},
                    {"openai-compatible", "base_url", ""},
                    {"mock", "", ""}},
          .model = [](std::string_view model) {
            return model.starts_with("gpt-") || model.starts_with("claude-");
          }};
}

}  // namespace llmgw::config
