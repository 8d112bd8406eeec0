#include "ask/template.h"

#include "config/find.h"
#include "config/node.h"

namespace llmgw::ask {
namespace {

std::unexpected<Error> wrong(const std::string& path, config::Position at, std::string message) {
  return fail(ErrorClass::bad_request, config::format({.at = at, .message = std::move(message)}, path));
}

std::string in_config_folder(const std::string& name, const config::Environment& environment) {
  auto folder = environment.variable("XDG_CONFIG_HOME");
  if (!folder || !folder->starts_with('/')) folder = environment.variable("HOME").value_or("") + "/.config";
  return *folder + "/llmgw/templates/" + name + ".toml";
}

bool has_input(std::string_view text) {
  return fill(text, "") != fill(text, "x");
}

}  // namespace

Result<Template> load_template(const std::string& name, const config::Environment& environment) {
  const bool is_path = name.find('/') != std::string::npos || name.ends_with(".toml");
  const std::string path = is_path ? name : in_config_folder(name, environment);
  if (!environment.exists(path)) {
    return fail(ErrorClass::bad_request,
                "there is no template " + path + (is_path ? "" : "; give a path, or write that file"));
  }
  const auto text = environment.read_file(path);
  if (!text) return fail(ErrorClass::bad_request, path + ": " + text.error().message);
  const auto root = config::parse_toml(*text);
  if (!root) return fail(ErrorClass::bad_request, config::format(root.error(), path));

  Template made;
  for (const auto& member : root->members) {
    std::string* into = member.key == "system"   ? &made.system
                        : member.key == "prompt" ? &made.prompt
                                                 : nullptr;
    if (into == nullptr)
      return wrong(path, member.at, member.key + ": unknown key; a template has 'system' and 'prompt'");
    if (member.value.kind != config::Node::Kind::string) {
      return wrong(path, member.value.at,
                   member.key + ": expected a string, not " + std::string(config::name(member.value.kind)));
    }
    *into = member.value.text;
  }
  if (made.system.empty() && made.prompt.empty())
    return wrong(path, {}, "it has neither 'system' nor 'prompt'");
  return made;
}

std::string fill(std::string_view text, std::string_view input) {
  constexpr std::string_view kInput = "$input";
  std::string out;
  while (!text.empty()) {
    if (text.starts_with(kInput)) {
      out += input;
      text.remove_prefix(kInput.size());
      continue;
    }
    if (text.starts_with("$$")) text.remove_prefix(1);
    out += text.front();
    text.remove_prefix(1);
  }
  return out;
}

std::string prompt_of(const Template& made, std::string_view input) {
  std::string prompt = fill(made.prompt, input);
  if (has_input(made.prompt) || has_input(made.system) || input.empty()) return prompt;
  return prompt.empty() ? std::string(input) : prompt + "\n\n" + std::string(input);
}

}  // namespace llmgw::ask
