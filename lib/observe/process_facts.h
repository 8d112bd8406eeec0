#pragma once

#include <cstdint>

namespace llmgw::observe {

struct ProcessFacts {
  double cpu_seconds = 0;  // user and system, of all threads
  int64_t resident_bytes = 0;
  int64_t open_descriptors = 0;
  double started = 0;  // Unix time in seconds
};

// Of this process, from /proc/self (proc(5)); what cannot be read is 0.
ProcessFacts process_facts();

}  // namespace llmgw::observe
