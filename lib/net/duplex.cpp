#include "net/duplex.h"

#include <utility>

namespace llmgw::net {

Result<std::string_view> StreamDuplex::read(TimePoint deadline) {
  if (!early_.empty()) {
    given_ = std::exchange(early_, {});
    return std::string_view(given_);
  }
  given_ = {};
  // No block is held while waiting: most of these connections are silent most of the time.
  if (!stream_.buffered()) {
    if (const Wake why = stream_.handle().wait_readable(deadline); why != Wake::ready)
      return fail(wait_error(why, "reading"));
  }
  auto block = loop_.take_block();
  const auto n = stream_.read({block.get(), Loop::kBlock}, deadline);
  if (n) given_.assign(block.get(), *n);
  loop_.give_back(std::move(block));
  if (!n) return fail(n.error());
  return std::string_view(given_);
}

}  // namespace llmgw::net
