#pragma once

#include <string>
#include <string_view>

#include "config/config.h"
#include "observe/record.h"
#include "routing/topology.h"

namespace llmgw::engine {

// The bodies of one request and its reply, for the log (`[log] bodies`). Made only when it asks for them.
class KeptBodies {
 public:
  // Of each body so many bytes are kept; what was more is told in a last line.
  static constexpr size_t kMost = 256 << 10;

  explicit KeptBodies(config::Bodies which) : which_(which) {}

  // As the client sent it. The first word counts: a stream's request is told before it is let go of.
  void request(std::string_view body);
  // What goes to the client: a whole reply, or the next piece of a stream.
  void reply(std::string_view bytes) { reply_.add(bytes); }

  // Puts them into the record of a request that has ended, if its kind is kept, without the keys of
  // any provider.
  void move_into(observe::RequestRecord&, const routing::Topology&);

 private:
  struct Body {
    std::string text;
    size_t size = 0;  // with what is not kept
    void add(std::string_view bytes);
    std::string taken(const routing::Topology&);
  };

  config::Bodies which_;
  Body request_, reply_;
};

}  // namespace llmgw::engine
