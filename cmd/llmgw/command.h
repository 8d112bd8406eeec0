#pragma once

#include <functional>
#include <string>

namespace CLI {
class App;
}

namespace llmgw::cmd {

// What `llmgw` ends with (docs: "Commands").
enum Exit : int { kOk = 0, kFailed = 1, kUsage = 2 };

// Every command registers its flags with the app and leaves in `run` what is to be done.
struct Context {
  std::function<int()> run;  // of the command that was given
  std::string log_level;     // --log-level; empty: the config's
};

void add_serve(CLI::App&, Context&);
void add_mock(CLI::App&, Context&);
void add_version(CLI::App&, Context&);

// "llmgw: what went wrong; what to do" on stderr.
int complain(const std::string& message, int exit_code);

}  // namespace llmgw::cmd
