#pragma once

#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"

namespace CLI {
class App;
}

namespace llmgw::cmd {

// What `llmgw` ends with (docs: "Commands").
enum Exit : int { kOk = 0, kFailed = 1, kUsage = 2 };

// Every command registers its flags with the app and leaves in `run` what is to be done.
struct Context {
  std::function<int()> run;            // of the command that was given
  std::string log_level;               // --log-level; empty: the config's
  const CLI::App* app = nullptr;       // with all its commands: for completion and the man page
  std::vector<std::string> arguments;  // as they were given
};

void add_serve(CLI::App&, Context&);
void add_run(CLI::App&, Context&);
void add_env(CLI::App&, Context&);
void add_ask(CLI::App&, Context&);
void add_check(CLI::App&, Context&);
void add_explain(CLI::App&, Context&);
void add_models(CLI::App&, Context&);
void add_logs(CLI::App&, Context&);
void add_stats(CLI::App&, Context&);
void add_keys(CLI::App&, Context&);
void add_health(CLI::App&, Context&);
void add_completion(CLI::App&, Context&);
void add_mock(CLI::App&, Context&);
void add_version(CLI::App&, Context&);

// "llmgw: what went wrong; what to do" on stderr.
int complain(const std::string& message, int exit_code);

}  // namespace llmgw::cmd
