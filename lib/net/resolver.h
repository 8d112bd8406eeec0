#pragma once

#include <netinet/in.h>
#include <sys/socket.h>

#include <memory>
#include <string>
#include <vector>

#include "base/error.h"
#include "net/loop.h"

namespace llmgw::net {

// A socket address of either family.
struct Address {
  sockaddr_storage storage{};
  socklen_t size = 0;
  int family() const { return storage.ss_family; }
};

// An IPv4 or IPv6 literal as an address; none for a name.
std::optional<Address> literal_address(std::string_view host, uint16_t port);

// Looks names up on a thread of its own (c-ares) and keeps answers for their TTL. When DNS
// fails, the last good answer serves on. Shared by all loops; thread-safe.
class Resolver {
 public:
  Resolver();
  ~Resolver();
  Resolver(const Resolver&) = delete;
  Resolver& operator=(const Resolver&) = delete;

  // All addresses of `host`, in the order RFC 6724 gives them. Called on a fiber.
  Result<std::vector<Address>> resolve(Loop&, const std::string& host, uint16_t port, TimePoint deadline);

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace llmgw::net
