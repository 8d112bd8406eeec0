#pragma once

#include <memory>
#include <string>
#include <unordered_map>
#include <vector>

#include "net/dial.h"
#include "net/transport.h"

namespace llmgw::net {

// Calls upstreams over HTTP/1.1 from one loop, and keeps connections for reuse, the latest
// used first. A kept connection that turns out dead before any byte of a reply came is
// replaced once, unseen.
class HttpClient final : public Transport {
 public:
  // `resolver` and `proxy` are shared by all loops and outlive this.
  HttpClient(Loop& loop, Resolver& resolver, const ProxySettings& proxy);
  ~HttpClient() override;

  Result<std::unique_ptr<Exchange>> send(Call call) override;

  // Connections kept for reuse.
  size_t idle() const;

 private:
  friend class HttpExchange;
  struct Kept {
    std::unique_ptr<Stream> stream;
    TimePoint since;
  };
  class Sweep;

  std::unique_ptr<Stream> take(const std::string& id);
  void keep(const std::string& id, std::unique_ptr<Stream>);
  Result<std::unique_ptr<Stream>> connect(const Call&);

  Loop& loop_;
  Resolver& resolver_;
  const ProxySettings& proxy_;
  std::unordered_map<std::string, std::vector<Kept>> kept_;
  std::unique_ptr<Sweep> sweep_;
};

}  // namespace llmgw::net
