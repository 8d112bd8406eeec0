#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "base/error.h"

namespace llmgw::net {

// Decodes gzip, deflate (zlib) or zstd as the bytes come.
class Inflater {
 public:
  // For a Content-Encoding; nullptr for one that we don't know.
  static std::unique_ptr<Inflater> make(std::string_view coding);
  virtual ~Inflater() = default;

  // Appends what `bytes` decode to. Fails with invalid_response on broken data, or once more
  // than `limit` bytes stand in `out`.
  virtual Result<void> feed(std::string_view bytes, std::string& out, uint64_t limit) = 0;
  // Whether the data ended where they should.
  virtual bool complete() const = 0;
};

}  // namespace llmgw::net
