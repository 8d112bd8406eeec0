#pragma once

#include <functional>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "base/error.h"
#include "base/time.h"

namespace llmgw::config {

// Calls back when one of a set of files has changed: written, replaced by a rename (as
// editors do), or moved to by a symlink in its path (as Kubernetes swaps a mounted secret).
// inotify on the folders only wakes it; what counts is whether a file's identity, size or
// time differs. A burst of changes is one call, once it has been quiet for 100 ms, after 1 s
// at the latest.
class Watch {
 public:
  struct Callbacks {
    // The paths to look at; asked again after each call of `changed`.
    std::function<std::vector<std::string>()> files;
    // On the watch's own thread. Also called for poke().
    std::function<void()> changed;
    // When the files were read last: what was written since, before anybody looked, is a change, too. Empty:
    // only what changes from now on.
    std::function<WallTime()> read_at = {};
  };

  // Starts the thread. Fails when the system is out of inotify instances or descriptors.
  static Result<std::unique_ptr<Watch>> start(Callbacks);

  // Stops the thread; returns when a running callback has.
  ~Watch();
  Watch(const Watch&) = delete;
  Watch& operator=(const Watch&) = delete;

  // Makes the thread call `changed`, whether or not something has. From any thread, and from
  // a signal handler.
  void poke() const;

 private:
  Watch(Callbacks callbacks, int inotify, int wake, int stop);
  void run();

  const Callbacks callbacks_;
  const int inotify_, wake_, stop_;
  std::thread thread_;
};

}  // namespace llmgw::config
