#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace llmgw::cmd {

// What `llmgw mock` was asked for on its command line.
struct MockOptions {
  std::vector<std::string> listen = {"127.0.0.1:8485"};  // each with all models; port 0: a free one
  std::string scenario;                                  // a file; empty: none
  int loops = 1;                                         // threads
  std::optional<uint64_t> seed;                          // the scenario's own goes before it; absent: 0
  bool quiet = false;                                    // no banner
};

// Plays a provider on sockets until SIGINT or SIGTERM. Prints where it listens on stdout. Returns the exit
// code: 0 when it was asked to stop, 2 when a scenario or an address is wrong, which it says on stderr.
int mock_command(const MockOptions& options);

}  // namespace llmgw::cmd
