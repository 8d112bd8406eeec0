#include "net/stream.h"

#include <sys/socket.h>
#include <sys/uio.h>

#include <array>
#include <cerrno>
#include <cstring>

namespace llmgw::net {

Result<size_t> TcpStream::read(std::span<char> into, TimePoint deadline) {
  for (;;) {
    if (const Wake why = handle_->wait_readable(deadline); why != Wake::ready) {
      return fail(wait_error(why, "reading"));
    }
    const ssize_t n = ::recv(handle_->fd(), into.data(), into.size(), 0);
    if (n >= 0) {
      // A short read has emptied the socket: what comes later brings a new event.
      if (static_cast<size_t>(n) < into.size() && n > 0) handle_->drained();
      return static_cast<size_t>(n);
    }
    if (errno == EAGAIN || errno == EWOULDBLOCK) {
      handle_->drained();
      if (handle_->hung_up()) return fail(ErrorClass::network, "the connection broke");
    } else if (errno != EINTR) {
      return fail(ErrorClass::network, std::string("the connection broke: ") + std::strerror(errno));
    }
  }
}

Result<void> TcpStream::write(std::span<const std::string_view> pieces, Duration stall) {
  constexpr size_t kMost = 16;
  size_t first = 0, skip = 0;  // pieces written whole; bytes written of the next
  while (first < pieces.size()) {
    std::array<iovec, kMost> parts;
    size_t count = 0;
    for (size_t i = first; i < pieces.size() && count < kMost; ++i) {
      const auto piece = i == first ? pieces[i].substr(skip) : pieces[i];
      parts[count++] = {const_cast<char*>(piece.data()), piece.size()};
    }
    msghdr message{};
    message.msg_iov = parts.data();
    message.msg_iovlen = count;
    ssize_t n = ::sendmsg(handle_->fd(), &message, MSG_NOSIGNAL);
    if (n < 0) {
      if (errno == EINTR) continue;
      if (errno != EAGAIN && errno != EWOULDBLOCK) {
        return fail(ErrorClass::network, std::string("the connection broke: ") + std::strerror(errno));
      }
      handle_->full();
      if (const Wake why = handle_->wait_writable(after(handle_->loop().now(), stall)); why != Wake::ready) {
        return fail(wait_error(why, "writing"));
      }
      continue;
    }
    auto left = static_cast<size_t>(n);
    while (first < pieces.size() && left >= pieces[first].size() - skip) {
      left -= pieces[first].size() - skip;
      ++first;
      skip = 0;
    }
    skip += left;
  }
  return {};
}

void TcpStream::shut_down_writing() {
  ::shutdown(handle_->fd(), SHUT_WR);
}

}  // namespace llmgw::net
