#include "net/dial.h"

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>

#include "base/text.h"
#include "net/http_parser.h"
#include "net/tls.h"

namespace llmgw::net {
namespace {

constexpr Duration kNextAddress = 250ms;  // RFC 8305, section 5: "Connection Attempt Delay"

// The families take turns, the first address's first (RFC 8305, section 4).
std::vector<Address> interleaved(const std::vector<Address>& addresses) {
  std::vector<Address> first, second, out;
  for (const auto& address : addresses) {
    (address.family() == addresses.front().family() ? first : second).push_back(address);
  }
  for (size_t i = 0; i < std::max(first.size(), second.size()); ++i) {
    if (i < first.size()) out.push_back(first[i]);
    if (i < second.size()) out.push_back(second[i]);
  }
  return out;
}

// A socket whose connection is being made; the errno where it can't even begin.
std::expected<std::unique_ptr<Handle>, int> begin_connect(Loop& loop, const Address& address) {
  const int fd = ::socket(address.family(), SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  if (fd < 0) return std::unexpected(errno);
  const int on = 1;
  ::setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  if (::connect(fd, reinterpret_cast<const sockaddr*>(&address.storage), address.size) != 0 &&
      errno != EINPROGRESS) {
    const int error = errno;
    ::close(fd);
    return std::unexpected(error);
  }
  auto handle = std::make_unique<Handle>(loop, fd);
  handle->full();
  return handle;
}

int socket_error(int fd) {
  int error = 0;
  socklen_t size = sizeof error;
  ::getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &size);
  return error;
}

Result<std::unique_ptr<Handle>> connect_any(Loop& loop, const std::vector<Address>& addresses,
                                            const std::string& where, TimePoint deadline) {
  std::vector<std::unique_ptr<Handle>> open;
  const auto order = interleaved(addresses);
  size_t next = 0;
  TimePoint next_at = loop.now();
  int last_error = ECONNREFUSED;
  for (;;) {
    if (next < order.size() && (open.empty() || loop.now() >= next_at)) {
      auto begun = begin_connect(loop, order[next++]);
      next_at = loop.now() + kNextAddress;
      if (begun) {
        open.push_back(std::move(*begun));
      } else {
        last_error = begun.error();
      }
      continue;
    }
    if (open.empty()) {
      return fail(ErrorClass::network, "cannot connect to " + where + ": " + std::strerror(last_error));
    }
    const TimePoint until = next < order.size() ? std::min(next_at, deadline) : deadline;
    const Wake why = Handle::wait_any_writable(open, until);
    if (why == Wake::cancelled || (why == Wake::timeout && until == deadline)) {
      return fail(wait_error(why, "connecting to " + where));
    }
    for (size_t i = 0; i < open.size();) {
      if (!open[i]->maybe_writable()) {
        ++i;
        continue;
      }
      const int error = socket_error(open[i]->fd());
      if (error == 0) return std::move(open[i]);
      last_error = error;
      open.erase(open.begin() + static_cast<std::ptrdiff_t>(i));
    }
  }
}

// "CONNECT host:port" to a proxy (RFC 9110, 9.3.6); the socket is the upstream's afterwards.
Result<void> tunnel(Stream& stream, const Endpoint& endpoint, std::string_view credentials,
                    TimePoint deadline) {
  const std::string host =
      endpoint.host.find(':') == std::string::npos ? endpoint.host : "[" + endpoint.host + "]";
  const std::string where = host + ":" + std::to_string(endpoint.port);
  std::string request = "CONNECT " + where + " HTTP/1.1\r\nHost: " + where + "\r\n";
  if (!credentials.empty()) {
    request += "Proxy-Authorization: Basic " +
               base64(percent_decoded(credentials).value_or(std::string(credentials))) + "\r\n";
  }
  request += "\r\n";
  if (auto sent = stream.write(request, deadline - stream.handle().loop().now()); !sent) return sent;

  // Byte by byte at the end: what follows the head belongs to TLS. A head is short.
  ResponseParser parser({.head = 16 << 10}, true);
  std::string head;
  while (!head.ends_with("\r\n\r\n")) {
    char byte = 0;
    auto n = stream.read({&byte, 1}, deadline);
    if (!n) return std::unexpected(n.error());
    if (*n == 0 || head.size() > (16 << 10))
      return fail(ErrorClass::network, "the proxy closed the connection");
    head += byte;
  }
  std::string body;
  if (!parser.feed(head, body) || !parser.head_done())
    return fail(ErrorClass::network, "the proxy answered no HTTP");
  if (const int status = parser.response().status; status / 100 != 2) {
    return fail(ErrorClass::network,
                "the proxy refused to connect to " + where + ": HTTP " + std::to_string(status));
  }
  return {};
}

}  // namespace

bool ProxySettings::excludes(std::string_view host) const {
  if (host == "localhost" || host == "::1" || host.starts_with("127.")) return true;
  return std::ranges::any_of(excluded, [&](std::string_view name) {
    if (name == "*" || iequals(name, host)) return true;
    while (name.starts_with('.') || name.starts_with('*')) name.remove_prefix(1);
    return host.size() > name.size() && host[host.size() - name.size() - 1] == '.' &&
           iequals(host.substr(host.size() - name.size()), name);
  });
}

Result<std::unique_ptr<Stream>> dial(Loop& loop, Resolver& resolver, const ProxySettings& proxy,
                                     const Endpoint& endpoint, TimePoint deadline) {
  std::string host = endpoint.host, credentials;
  uint16_t port = endpoint.port;
  const bool proxied = endpoint.secure() && !proxy.url.empty() && !proxy.excludes(endpoint.host);
  if (proxied) {
    std::string url = proxy.url;
    const size_t begin = url.find("://") == std::string::npos ? 0 : url.find("://") + 3;
    if (const size_t at = url.rfind('@'); at != std::string::npos) {
      credentials = url.substr(begin, at - begin);
      url.erase(begin, at + 1 - begin);
    }
    if (begin == 0) url.insert(0, "http://");
    const auto parsed = parse_base_url(url);
    if (!parsed) return fail(ErrorClass::network, "HTTPS_PROXY cannot be used: " + parsed.error().message);
    host = parsed->host;
    port = parsed->port;
  }
  auto addresses = resolver.resolve(loop, host, port, deadline);
  if (!addresses) return fail(std::move(addresses.error()));
  auto handle = connect_any(loop, *addresses, host + ":" + std::to_string(port), deadline);
  if (!handle) return fail(std::move(handle.error()));

  if (proxied) {
    auto stream = std::make_unique<TcpStream>(std::move(*handle));
    if (auto opened = tunnel(*stream, endpoint, credentials, deadline); !opened)
      return fail(std::move(opened.error()));
    handle = stream->release();
  }
  if (endpoint.secure()) return start_tls(std::move(*handle), endpoint, deadline);
  return std::make_unique<TcpStream>(std::move(*handle));
}

}  // namespace llmgw::net
