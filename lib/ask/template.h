#pragma once

#include <string>
#include <string_view>

#include "base/error.h"
#include "config/environment.h"

namespace llmgw::ask {

// A question prepared in a TOML file: `system`, and `prompt` in which `$input` stands for what the user
// gives.
struct Template {
  std::string system, prompt;
};

// Reads a template from a path (anything with a '/' or ".toml"), else NAME from
// $XDG_CONFIG_HOME/llmgw/templates/NAME.toml (~/.config without it). Errors: bad_request with
// file:line:column, or where it was looked for.
Result<Template> load_template(const std::string& name, const config::Environment&);

// `text` with each `$input` replaced by `input`; `$$` stands for a '$'.
std::string fill(std::string_view text, std::string_view input);

// The prompt that a template makes of an input: without `$input` in it the input follows it after a blank
// line.
std::string prompt_of(const Template&, std::string_view input);

}  // namespace llmgw::ask
