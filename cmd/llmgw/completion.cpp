#include "completion.h"

#include <CLI/CLI.hpp>

#include "shell_word.h"

namespace llmgw::cmd {
namespace {

struct Flag {
  std::vector<std::string> names;  // with their dashes
  std::string description;
  std::string value;               // the name of what it takes; empty: nothing
  std::vector<std::string> words;  // it takes one of these
};

struct Command {
  std::string name, description;
  std::vector<Flag> flags;
  std::vector<Command> commands;
};

// The words of a CLI::IsMember check: "{a,b}" in the option's type name.
std::vector<std::string> words_of(const std::string& type) {
  const size_t open = type.find('{'), close = type.find('}');
  std::vector<std::string> words;
  if (open == std::string::npos || close == std::string::npos) return words;
  std::string word;
  for (size_t i = open + 1; i <= close; ++i) {
    if (type[i] == ',' || type[i] == '}') {
      words.push_back(std::move(word));
      word.clear();
    } else {
      word += type[i];
    }
  }
  return words;
}

Command read(const CLI::App& app) {
  Command command{.name = app.get_name(), .description = app.get_description(), .flags = {}, .commands = {}};
  for (const auto* option : app.get_options()) {
    Flag flag{.names = {},
              .description = option->get_description(),
              .value = {},
              .words = words_of(option->get_type_name())};
    for (const auto& name : option->get_snames()) flag.names.push_back("-" + name);
    for (const auto& name : option->get_lnames()) flag.names.push_back("--" + name);
    if (option->get_items_expected_max() > 0)
      flag.value = option->get_type_name().substr(0, option->get_type_name().find(':'));
    command.flags.push_back(std::move(flag));
  }
  for (const auto* sub : app.get_subcommands([](const CLI::App*) { return true; })) {
    if (!sub->get_group().empty()) command.commands.push_back(read(*sub));
  }
  return command;
}

std::string joined(const std::vector<std::string>& words, const char* separator = " ") {
  std::string text;
  for (const auto& word : words) text += (text.empty() ? "" : separator) + word;
  return text;
}

std::string names_of(const std::vector<Command>& commands) {
  std::vector<std::string> names;
  for (const auto& command : commands) names.push_back(command.name);
  return joined(names);
}

bool takes_file(const Flag& flag) {
  return flag.value == "FILE" || flag.value == "IN" || flag.value == "TEMPLATE";
}

// What may follow `path` ("llmgw ask"), as lines of a case.
void bash_cases(const Command& command, const std::string& path, std::string& out) {
  std::string values, words = names_of(command.commands);
  for (const auto& flag : command.flags) {
    if (!flag.names.empty()) words += (words.empty() ? "" : " ") + joined(flag.names);
    if (flag.names.empty() && !flag.words.empty()) words += (words.empty() ? "" : " ") + joined(flag.words);
    if (flag.value.empty() || flag.names.empty()) continue;
    values += "        " + joined(flag.names, "|") + ") ";
    values += takes_file(flag)
                  ? "compopt -o default; return"
                  : "COMPREPLY=($(compgen -W " + shell_word(joined(flag.words)) + " -- \"$word\")); return";
    values += " ;;\n";
  }
  out += "    " + shell_word(path) + ")\n";
  if (!values.empty()) out += "      case \"$previous\" in\n" + values + "      esac\n";
  out += "      words=" + shell_word(words) + " ;;\n";
  for (const auto& sub : command.commands) bash_cases(sub, path + " " + sub.name, out);
}

std::string bash(const Command& root) {
  std::string commands = names_of(root.commands), cases;
  for (const auto& command : root.commands) {
    if (!command.commands.empty()) commands += " " + names_of(command.commands);
  }
  bash_cases(root, root.name, cases);
  return "# bash completion for llmgw; made by: llmgw completion bash\n"
         "_llmgw() {\n"
         "  local word=\"${COMP_WORDS[COMP_CWORD]}\" previous=\"${COMP_WORDS[COMP_CWORD-1]}\" path=llmgw "
         "words='' i\n"
         "  COMPREPLY=()\n"
         "  for ((i = 1; i < COMP_CWORD; i++)); do\n"
         "    case \"${COMP_WORDS[i]}\" in\n"
         "      --) compopt -o default; return ;;\n"
         "      -*) ;;\n"
         "      *) case ' " +
         commands +
         " ' in *\" ${COMP_WORDS[i]} \"*) path=\"$path ${COMP_WORDS[i]}\" ;; esac ;;\n"
         "    esac\n"
         "  done\n"
         "  case \"$path\" in\n" +
         cases +
         "  esac\n"
         "  COMPREPLY=($(compgen -W \"$words\" -- \"$word\"))\n"
         "  [[ ${#COMPREPLY[@]} -gt 0 || $word == -* ]] || compopt -o default\n"
         "}\n"
         "complete -F _llmgw llmgw\n";
}

// For zsh's _arguments: no colon, bracket or quote may stand bare in a description.
std::string zsh_text(const std::string& text) {
  std::string out;
  for (const char c : text) {
    if (c == '[' || c == ']' || c == ':' || c == '\\') out += '\\';
    out += c == '\'' ? std::string("'\\''") : std::string(1, c);
  }
  return out;
}

void zsh_function(const Command& command, const std::string& name, std::string& out) {
  out += name + "() {\n";
  if (!command.commands.empty()) {
    out += "  local -a commands=(\n";
    for (const auto& sub : command.commands)
      out += "    '" + sub.name + ":" + zsh_text(sub.description) + "'\n";
    out += "  )\n";
  }
  out += "  _arguments -S";
  for (const auto& flag : command.flags) {
    const std::string values =
        flag.words.empty() ? (takes_file(flag) ? "_files" : " ") : "(" + joined(flag.words) + ")";
    if (flag.names.empty()) {
      out += " \\\n    '*:" + zsh_text(flag.value.empty() ? "argument" : flag.value) + ":" +
             (flag.words.empty() ? "_files" : values) + "'";
      continue;
    }
    for (const auto& one : flag.names) {
      out += " \\\n    '*" + one + "[" + zsh_text(flag.description) + "]";
      if (!flag.value.empty()) out += ":" + zsh_text(flag.value) + ":" + values;
      out += "'";
    }
  }
  if (!command.commands.empty())
    out += " \\\n    '1:command:{_describe command commands}' '*::argument:->rest'";
  out += "\n";
  if (!command.commands.empty()) {
    out += "  [[ $state == rest ]] || return 0\n  case $words[1] in\n";
    for (const auto& sub : command.commands)
      out += "    " + sub.name + ") " + name + "_" + sub.name + " ;;\n";
    out += "  esac\n";
  }
  out += "}\n";
  for (const auto& sub : command.commands) zsh_function(sub, name + "_" + sub.name, out);
}

std::string zsh(const Command& root) {
  std::string out = "#compdef llmgw\n# zsh completion for llmgw; made by: llmgw completion zsh\n";
  zsh_function(root, "_llmgw", out);
  return out + "if [[ $funcstack[1] == _llmgw ]]; then _llmgw \"$@\"; else compdef _llmgw llmgw; fi\n";
}

// Inside fish's single quotes a backslash and a quote are escaped.
std::string fish_quoted(const std::string& text) {
  std::string out = "'";
  for (const char c : text) {
    if (c == '\'' || c == '\\') out += '\\';
    out += c;
  }
  return out + "'";
}

void fish_lines(const Command& command, const std::string& condition, std::string& out) {
  std::string own = condition;
  if (!command.commands.empty() && !condition.empty())
    own += "; and not __fish_seen_subcommand_from " + names_of(command.commands);
  for (const auto& sub : command.commands) {
    const std::string when = condition.empty() ? "__fish_use_subcommand" : own;
    out += "complete -c llmgw -n " + fish_quoted(when) + " -f -a " + sub.name + " -d " +
           fish_quoted(sub.description) + "\n";
  }
  for (const auto& flag : command.flags) {
    std::string line = "complete -c llmgw";
    if (!condition.empty()) line += " -n " + fish_quoted(condition);
    for (const auto& name : flag.names)
      line += name.starts_with("--") ? " -l " + name.substr(2) : " -s " + name.substr(1);
    if (flag.names.empty() && flag.words.empty()) continue;
    if (!flag.names.empty() && !flag.value.empty()) line += takes_file(flag) ? " -r" : " -x";
    if (!flag.words.empty()) line += " -f -a " + fish_quoted(joined(flag.words));
    out += line + " -d " + fish_quoted(flag.description) + "\n";
  }
  for (const auto& sub : command.commands) {
    fish_lines(sub,
               (condition.empty() ? "" : condition + "; and ") + "__fish_seen_subcommand_from " + sub.name,
               out);
  }
}

std::string fish(const Command& root) {
  std::string out = "# fish completion for llmgw; made by: llmgw completion fish\n";
  fish_lines(root, "", out);
  return out;
}

}  // namespace

std::string completion(const CLI::App& app, const std::string& shell) {
  const auto root = read(app);
  return shell == "bash" ? bash(root) : shell == "zsh" ? zsh(root) : fish(root);
}

}  // namespace llmgw::cmd
