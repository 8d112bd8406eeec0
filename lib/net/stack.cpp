#include "net/stack.h"

#include <sys/mman.h>
#include <unistd.h>

#include <new>

namespace llmgw::net {
namespace {

const size_t kPage = static_cast<size_t>(sysconf(_SC_PAGESIZE));

void unmap(const boost::context::stack_context& stack) {
  munmap(static_cast<char*>(stack.sp) - stack.size - kPage, stack.size + kPage);
}

}  // namespace

StackPool::~StackPool() {
  for (const auto& stack : free_) unmap(stack);
}

boost::context::stack_context StackPool::take() {
  if (!free_.empty()) {
    auto stack = free_.back();
    free_.pop_back();
    return stack;
  }
  void* base =
      mmap(nullptr, size_ + kPage, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_STACK, -1, 0);
  if (base == MAP_FAILED) throw std::bad_alloc();
  mprotect(base, kPage, PROT_NONE);
  boost::context::stack_context stack;
  stack.size = size_;
  stack.sp = static_cast<char*>(base) + kPage + size_;
  return stack;
}

void StackPool::give_back(boost::context::stack_context stack) {
  if (free_.size() >= kKept) {
    unmap(stack);
    return;
  }
  free_.push_back(stack);
}

void shed_below(const void* frame, const boost::context::stack_context& stack) {
  char* const lowest = static_cast<char*>(stack.sp) - stack.size;
  const auto used = static_cast<size_t>(static_cast<char*>(stack.sp) - static_cast<const char*>(frame));
  const size_t kept = ((used + kPage - 1) / kPage + 1) * kPage;
  if (kept < stack.size) madvise(lowest, stack.size - kept, MADV_DONTNEED);
}

}  // namespace llmgw::net
