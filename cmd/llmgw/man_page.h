#pragma once

#include <string>

namespace CLI {
class App;
}

namespace llmgw::cmd {

// llmgw(1) in the man macros (man(7)): every command with its flags and examples, as `-h` shows them.
std::string man_page(const CLI::App& app);

}  // namespace llmgw::cmd
