#pragma once

#include <cstddef>
#include <vector>

#include <boost/context/stack_context.hpp>

namespace llmgw::net {

// Stacks of one size, each with a guard page below it, kept for reuse. Not thread-safe:
// every scheduler has its own.
class StackPool {
 public:
  explicit StackPool(size_t size = kDefault) : size_(size) {}
  ~StackPool();
  StackPool(const StackPool&) = delete;
  StackPool& operator=(const StackPool&) = delete;

  // Throws std::bad_alloc when the system gives no memory.
  boost::context::stack_context take();
  void give_back(boost::context::stack_context);

  size_t size() const { return size_; }

#ifdef LLMGW_SANITIZED
  static constexpr size_t kDefault = 512 << 10;  // red zones multiply what a frame takes
#else
  static constexpr size_t kDefault = 64 << 10;
#endif

 private:
  static constexpr size_t kKept = 256;  // free stacks above this go back to the system
  size_t size_;
  std::vector<boost::context::stack_context> free_;
};

// Gives what lies below `frame` back to the system, but for the page that the next calls will want.
// The addresses stay: they hold zeros when they are next touched.
void shed_below(const void* frame, const boost::context::stack_context&);

}  // namespace llmgw::net
