#include "man_page.h"

#include <CLI/CLI.hpp>

#include "version.h"

namespace llmgw::cmd {
namespace {

// Text that roff must not read as requests: backslashes, leading dots and quotes, hyphens that are copied.
std::string roff(const std::string& text) {
  std::string out;
  bool line_begins = true;
  for (const char c : text) {
    if (line_begins && (c == '.' || c == '\'')) out += "\\&";
    if (c == '\\') {
      out += "\\e";
    } else if (c == '-') {
      out += "\\-";
    } else if (c == '\'') {
      out += "\\(aq";
    } else {
      out += c;
    }
    line_begins = c == '\n';
  }
  return out;
}

std::string value_of(const CLI::Option& option) {
  if (option.get_items_expected_max() == 0) return {};
  const std::string type = option.get_type_name();
  return type.substr(0, type.find(':'));
}

std::string flag_line(const CLI::Option& option) {
  std::string names;
  for (const auto& name : option.get_snames())
    names += (names.empty() ? "" : ", ") + ("\\fB" + roff("-" + name) + "\\fR");
  for (const auto& name : option.get_lnames())
    names += (names.empty() ? "" : ", ") + ("\\fB" + roff("--" + name) + "\\fR");
  if (const auto value = value_of(option); !value.empty()) names += " \\fI" + roff(value) + "\\fR";
  return ".TP\n" + names + "\n" + roff(option.get_description()) + "\n";
}

std::string positionals(const CLI::App& command) {
  std::string out;
  for (const auto* option : command.get_options()) {
    if (!option->get_positional() || !option->nonpositional()) {
      if (!option->get_positional()) continue;
    }
    const std::string value =
        "\\fI" + roff(value_of(*option)) + "\\fR" + (option->get_items_expected_max() > 1 ? "..." : "");
    out += option->get_required() ? " " + value : " [" + value + "]";
  }
  return out;
}

void append_flags(const CLI::App& command, std::string& out) {
  for (const auto* option : command.get_options()) {
    if (option->nonpositional() && !option->get_group().empty()) out += flag_line(*option);
  }
}

void append_command(const CLI::App& command, const std::string& path, std::string& out) {
  const std::string name = path + " " + command.get_name();
  out += ".SS \"" + roff(name) + "\"\n";
  const auto subs = command.get_subcommands([](const CLI::App*) { return true; });
  out += ".B " + roff(name) + "\n" + (subs.empty() ? "" : "[\\fIcommand\\fR]\n") + "[\\fIflags\\fR]" +
         positionals(command) + "\n.PP\n";
  out += roff(command.get_description()) + ".\n";
  append_flags(command, out);
  if (const auto footer = command.get_footer(); !footer.empty())
    out += ".PP\n.nf\n" + roff(footer) + "\n.fi\n";
  for (const auto* sub : subs) {
    if (!sub->get_group().empty()) append_command(*sub, name, out);
  }
}

}  // namespace

std::string man_page(const CLI::App& app) {
  std::string out = ".\\\" Made by: llmgw man\n.TH LLMGW 1 \"\" \"llmgw " + std::string(kVersion) +
                    "\" \"User Commands\"\n";
  out += ".SH NAME\nllmgw \\- " + roff("keeps an application's LLM calls working when providers fail") + "\n";
  out += ".SH SYNOPSIS\n.B llmgw\n\\fIcommand\\fR [\\fIflags\\fR]\n.SH FLAGS OF EVERY COMMAND\n";
  append_flags(app, out);
  out += ".SH COMMANDS\n";
  for (const auto* command : app.get_subcommands([](const CLI::App*) { return true; })) {
    if (!command->get_group().empty()) append_command(*command, "llmgw", out);
  }
  out +=
      ".SH FILES\n.TP\n.I llmgw.toml\nThe config: \\fB\\-c\\fR, else $LLMGW_CONFIG, else ./llmgw.toml, else "
      "$XDG_CONFIG_HOME/llmgw/llmgw.toml.\n"
      ".TP\n.I ~/.local/share/llmgw\nThe request log, what rests, and the conversations, unless the config's "
      "data_dir says "
      "otherwise.\n"
      ".TP\n.I ~/.config/llmgw/templates/NAME.toml\nTemplates of \\fBllmgw ask \\-t\\fR.\n";
  out +=
      ".SH ENVIRONMENT\n.TP\n.B LLMGW_CONFIG\nThe config.\n.TP\n.B LLMGW_MODEL\nWhat \\fBllmgw ask\\fR asks "
      "when no model is "
      "named.\n.TP\n.B LLMGW_KEY\nThe credential for \\fB\\-\\-via\\fR.\n.TP\n.B NO_COLOR\nNo colours on "
      "terminals.\n"
      ".TP\n.B HTTPS_PROXY, NO_PROXY\nHow https upstreams are reached.\n";
  return out;
}

}  // namespace llmgw::cmd
