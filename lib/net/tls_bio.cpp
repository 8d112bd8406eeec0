#include "net/tls_bio.h"

#include <sys/socket.h>

#include <cerrno>
#include <memory>

namespace llmgw::net {
namespace {

Handle& handle_of(BIO* bio) {
  return *static_cast<Handle*>(BIO_get_data(bio));
}

bool would_block() {
  return errno == EAGAIN || errno == EWOULDBLOCK;
}

int read(BIO* bio, char* into, size_t size, size_t* count) {
  Handle& handle = handle_of(bio);
  BIO_clear_retry_flags(bio);
  ssize_t n = 0;
  do {
    n = ::recv(handle.fd(), into, size, 0);
  } while (n < 0 && errno == EINTR);
  if (n > 0) {
    if (static_cast<size_t>(n) < size) handle.drained();
    *count = static_cast<size_t>(n);
    return 1;
  }
  if (n == 0) BIO_set_flags(bio, BIO_FLAGS_IN_EOF);
  if (n < 0 && would_block()) {
    handle.drained();
    BIO_set_retry_read(bio);
  }
  return 0;
}

int write(BIO* bio, const char* bytes, size_t size, size_t* count) {
  Handle& handle = handle_of(bio);
  BIO_clear_retry_flags(bio);
  ssize_t n = 0;
  do {
    n = ::send(handle.fd(), bytes, size, MSG_NOSIGNAL);
  } while (n < 0 && errno == EINTR);
  if (n >= 0) {
    *count = static_cast<size_t>(n);
    return 1;
  }
  if (would_block()) {
    handle.full();
    BIO_set_retry_write(bio);
  }
  return 0;
}

long control(BIO* bio, int what, long, void*) {
  if (what == BIO_CTRL_FLUSH) return 1;
  if (what == BIO_CTRL_EOF) return BIO_test_flags(bio, BIO_FLAGS_IN_EOF) != 0 ? 1 : 0;
  return 0;
}

const BIO_METHOD* method() {
  static const std::unique_ptr<BIO_METHOD, decltype(&BIO_meth_free)> method = [] {
    std::unique_ptr<BIO_METHOD, decltype(&BIO_meth_free)> m(
        BIO_meth_new(BIO_get_new_index() | BIO_TYPE_SOURCE_SINK, "handle"), &BIO_meth_free);
    BIO_meth_set_read_ex(m.get(), &read);
    BIO_meth_set_write_ex(m.get(), &write);
    BIO_meth_set_ctrl(m.get(), &control);
    return m;
  }();
  return method.get();
}

}  // namespace

BIO* handle_bio(Handle& handle) {
  BIO* bio = BIO_new(method());
  BIO_set_data(bio, &handle);
  BIO_set_init(bio, 1);
  return bio;
}

}  // namespace llmgw::net
