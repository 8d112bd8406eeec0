#include <CLI/CLI.hpp>

#include "command.h"
#include "completion.h"
#include "man_page.h"
#include "terminal.h"

namespace llmgw::cmd {

void add_completion(CLI::App& app, Context& context) {
  auto* command = app.add_subcommand("completion", "Print a shell's completions");
  auto shell = std::make_shared<std::string>();
  command->add_option("shell", *shell, "bash, zsh or fish")
      ->type_name("SHELL")
      ->required()
      ->check(CLI::IsMember({"bash", "zsh", "fish"}));
  command->footer(
      "Examples:\n  eval \"$(llmgw completion bash)\"\n"
      "  llmgw completion zsh > ~/.zfunc/_llmgw\n  llmgw completion fish > "
      "~/.config/fish/completions/llmgw.fish");
  command->callback([&context, shell] {
    context.run = [&context, shell] { return print(completion(*context.app, *shell)) ? kOk : kFailed; };
  });

  // docs/llmgw.1 is made of it.
  auto* man = app.add_subcommand("man", "Print the man page");
  man->group("");
  man->callback(
      [&context] { context.run = [&context] { return print(man_page(*context.app)) ? kOk : kFailed; }; });
}

}  // namespace llmgw::cmd
