#pragma once

#include <exception>
#include <functional>

#include <doctest/doctest.h>

#include "net/loop.h"

namespace llmgw::net {

// Waits until the calling fiber is the loop's only one.
inline void await_others(Loop& loop) {
  while (loop.live() > 1) loop.sleep_until(after(loop.now(), 1ms));
}

// Runs `body` on a fiber of `loop` until it and all other fibers have ended, however busy the machine.
// What `body` throws (a REQUIRE that does not hold) is thrown on from here: a fiber has nobody to catch it.
inline void run_on(Loop& loop, const std::function<void()>& body) {
  std::exception_ptr thrown;
  loop.spawn([&] {
    try {
      body();
    } catch (...) {
      thrown = std::current_exception();
    }
    if (!thrown) await_others(loop);
    loop.quit();
  });
  loop.run();
  if (thrown) std::rethrow_exception(thrown);
  CHECK(loop.live() == 0);
}

}  // namespace llmgw::net
