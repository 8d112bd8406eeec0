#pragma once

#include <cstddef>

// Tells AddressSanitizer and ThreadSanitizer of every switch between stacks
// (compiler-rt: sanitizer/common_interface_defs.h, sanitizer/tsan_interface.h).
// Nothing at all in other builds.
#if defined(__SANITIZE_ADDRESS__)
#define LLMGW_ASAN 1
#elif defined(__SANITIZE_THREAD__)
#define LLMGW_TSAN 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define LLMGW_ASAN 1
#elif __has_feature(thread_sanitizer)
#define LLMGW_TSAN 1
#endif
#endif

#if defined(LLMGW_ASAN)
#include <sanitizer/asan_interface.h>
#include <sanitizer/common_interface_defs.h>
#elif defined(LLMGW_TSAN)
#include <sanitizer/tsan_interface.h>
#endif

namespace llmgw::net {

class SanitizerFiber {
 public:
#if defined(LLMGW_ASAN)
  void create(const void* stack, size_t size) {
    stack_ = stack, size_ = size, fake_ = nullptr;
    // The last frames of the stack's former life were left, not returned from: their red zones still stand.
    __asan_unpoison_memory_region(stack, size);
  }
  void destroy() {}
  // On the scheduler's stack, around the switch.
  void entering() { __sanitizer_start_switch_fiber(&scheduler_fake_, stack_, size_); }
  void back() { __sanitizer_finish_switch_fiber(scheduler_fake_, nullptr, nullptr); }
  // On the fiber's stack.
  void entered() { __sanitizer_finish_switch_fiber(fake_, &scheduler_stack_, &scheduler_size_); }
  void leaving(bool for_good) {
    __sanitizer_start_switch_fiber(for_good ? nullptr : &fake_, scheduler_stack_, scheduler_size_);
  }

 private:
  const void* stack_ = nullptr;
  const void* scheduler_stack_ = nullptr;
  size_t size_ = 0, scheduler_size_ = 0;
  void* fake_ = nullptr;
  void* scheduler_fake_ = nullptr;
#elif defined(LLMGW_TSAN)
  void create(const void*, size_t) { fiber_ = __tsan_create_fiber(0); }
  void destroy() { __tsan_destroy_fiber(fiber_); }
  void entering() {
    scheduler_ = __tsan_get_current_fiber();
    __tsan_switch_to_fiber(fiber_, 0);
  }
  void back() {}
  void entered() {}
  void leaving(bool) { __tsan_switch_to_fiber(scheduler_, 0); }

 private:
  void* fiber_ = nullptr;
  void* scheduler_ = nullptr;
#else
  void create(const void*, size_t) {}
  void destroy() {}
  void entering() {}
  void back() {}
  void entered() {}
  void leaving(bool) {}
#endif
};

}  // namespace llmgw::net
