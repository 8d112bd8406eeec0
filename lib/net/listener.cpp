#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

#include "base/text.h"
#include "net/http_server.h"
#include "net/resolver.h"

namespace llmgw::net {

Result<int> open_listener(const std::string& address) {
  auto refuse = [&](const std::string& why) {
    return fail(ErrorClass::bad_request, "cannot listen on " + address + ": " + why);
  };
  const size_t colon = address.rfind(':');
  if (colon == std::string::npos) return refuse("expected ADDRESS:PORT");
  std::string host = address.substr(0, colon);
  if (host.starts_with('[') && host.ends_with(']')) host = host.substr(1, host.size() - 2);
  if (host == "localhost") host = "127.0.0.1";
  const auto port = to_number<uint16_t>(std::string_view(address).substr(colon + 1));
  if (!port) return refuse("the port is not between 0 and 65535");
  const auto parsed = literal_address(host, *port);
  if (!parsed) return refuse("'" + host + "' is no IP address");

  const int fd = ::socket(parsed->family(), SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  if (fd < 0) return refuse(std::strerror(errno));
  const int on = 1;
  ::setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
  ::setsockopt(fd, SOL_SOCKET, SO_REUSEPORT, &on, sizeof on);
  if (::bind(fd, reinterpret_cast<const sockaddr*>(&parsed->storage), parsed->size) != 0 ||
      ::listen(fd, 4096) != 0) {
    const int error = errno;
    ::close(fd);
    if (error == EADDRINUSE)
      return refuse("the port is in use by another program; stop it, or choose another with --listen");
    return refuse(std::strerror(error));
  }
  return fd;
}

uint16_t local_port(int fd) {
  sockaddr_storage storage{};
  socklen_t size = sizeof storage;
  ::getsockname(fd, reinterpret_cast<sockaddr*>(&storage), &size);
  return ntohs(storage.ss_family == AF_INET6 ? reinterpret_cast<sockaddr_in6&>(storage).sin6_port
                                             : reinterpret_cast<sockaddr_in&>(storage).sin_port);
}

}  // namespace llmgw::net
