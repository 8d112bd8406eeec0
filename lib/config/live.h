#pragma once

#include <atomic>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "config/load.h"

namespace llmgw::config {

// What became of a reload.
struct Reload {
  std::shared_ptr<const Config> config;  // the one in use now: the new one, or the old one
  bool applied = false;                  // false: an error in `problems` kept the old one
  std::vector<Problem> problems;
  std::vector<std::string> need_replace;  // changed, but only a start with --replace takes them over
};

// The config in use. Readers get an immutable one that stays whole for as long as they hold
// it; a reload swaps the pointer. Thread-safe.
class Live {
 public:
  using Loader = std::function<Loaded()>;
  using Subscriber = std::function<void(const Reload&)>;

  // `first` was loaded without errors. `load` reads the same source again; it may block.
  Live(Loaded first, Loader load);

  // Takes a lock for the copy of a pointer. An event loop keeps its own copy and asks again
  // only when version() has moved.
  std::shared_ptr<const Config> current() const;
  uint64_t version() const { return version_.load(std::memory_order_acquire); }

  // Reads everything again, and puts it to use unless it has errors. Blocks on files: not for
  // a fiber. Reloads come one after another.
  Reload reload();

  // Calls `subscriber` after each reload, refused ones too, on the thread that reloads, in the
  // order of subscribing. It must not reload or subscribe itself. Stays for the life of this.
  void subscribe(Subscriber);

  // The files the config came from and depends on: what a watch should look at.
  std::vector<std::string> files() const;
  // When they were last read.
  WallTime read_at() const;

 private:
  const Loader load_;
  std::mutex reloading_;  // guards subscribers_ and the order of reloads
  std::vector<Subscriber> subscribers_;
  mutable std::mutex current_mutex_;  // guards current_, files_ and read_at_
  std::shared_ptr<const Config> current_;
  std::vector<std::string> files_;
  WallTime read_at_;
  std::atomic<uint64_t> version_ = 1;
};

// The keys that differ and need --replace: "server.listen", "server.data_dir", "cluster".
std::vector<std::string> need_replace(const Config& before, const Config& after);

}  // namespace llmgw::config
