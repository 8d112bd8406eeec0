#include "net/tls.h"

#include <arpa/inet.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>
#include <sys/socket.h>

#include <mutex>
#include <unordered_map>

#include "net/resolver.h"
#include "net/tls_bio.h"

namespace llmgw::net {
namespace {

struct FreeSsl {
  void operator()(SSL* ssl) const { SSL_free(ssl); }
  void operator()(SSL_CTX* context) const { SSL_CTX_free(context); }
  void operator()(SSL_SESSION* session) const { SSL_SESSION_free(session); }
};
using SslPtr = std::unique_ptr<SSL, FreeSsl>;
using ContextPtr = std::unique_ptr<SSL_CTX, FreeSsl>;
using SessionPtr = std::unique_ptr<SSL_SESSION, FreeSsl>;

// The latest error OpenSSL noted on this thread, and none is left noted.
std::string last_fault() {
  const unsigned long code = ERR_peek_last_error();
  ERR_clear_error();
  const char* reason = ERR_reason_error_string(code);
  return reason != nullptr ? reason : "the peer closed the connection";
}

}  // namespace

struct TlsContext::Impl {
  ContextPtr context;
  std::mutex lock;                                       // guards sessions
  std::unordered_map<std::string, SessionPtr> sessions;  // by Endpoint::id: the latest ticket

  // A TLS 1.3 ticket is for one use (RFC 8446, C.4), so it is taken out.
  SessionPtr take(const std::string& id) {
    std::lock_guard guard(lock);
    auto it = sessions.find(id);
    if (it == sessions.end()) return nullptr;
    auto session = std::move(it->second);
    if (SSL_SESSION_get_protocol_version(session.get()) < TLS1_3_VERSION &&
        SSL_SESSION_up_ref(session.get())) {
      it->second.reset(session.get());
    } else {
      sessions.erase(it);
    }
    return session;
  }
  void keep(const std::string& id, SSL_SESSION* session) {
    std::lock_guard guard(lock);
    constexpr size_t kMost = 1024;
    if (sessions.size() >= kMost && !sessions.contains(id)) return;
    sessions[id].reset(session);
  }
};

// A TLS connection; reads and writes are OpenSSL's on the non-blocking socket.
class TlsStream final : public Stream {
 public:
  TlsStream(std::unique_ptr<Handle> handle, SslPtr ssl, std::shared_ptr<const TlsContext> context,
            std::string id)
      : handle_(std::move(handle)), ssl_(std::move(ssl)), context_(std::move(context)), id_(std::move(id)) {}
  ~TlsStream() override {
    // Without a close_notify OpenSSL would not let the session be resumed; one attempt, unread.
    if (ready_) {
      ERR_clear_error();
      SSL_shutdown(ssl_.get());
    }
  }

  static TlsStream* of(const SSL* ssl) { return static_cast<TlsStream*>(SSL_get_app_data(ssl)); }
  static TlsContext::Impl& sessions_of(const TlsContext& context) { return *context.impl_; }
  static int on_session(SSL* ssl, SSL_SESSION* session) {
    TlsStream* stream = of(ssl);
    if (stream == nullptr) return 0;
    stream->context_->impl_->keep(stream->id_, session);
    return 1;  // the session is ours now
  }

  Result<void> shake_hands(const std::string& host, TimePoint deadline) {
    SSL_set_app_data(ssl_.get(), this);
    for (;;) {
      ERR_clear_error();
      const int result = SSL_connect(ssl_.get());
      if (result == 1) {
        ready_ = true;
        return {};
      }
      const int error = SSL_get_error(ssl_.get(), result);
      if (error != SSL_ERROR_WANT_READ && error != SSL_ERROR_WANT_WRITE) {
        const long verdict = SSL_get_verify_result(ssl_.get());
        return fail(
            ErrorClass::network,
            "TLS with " + host + " failed: " +
                (verdict != X509_V_OK ? std::string(X509_verify_cert_error_string(verdict)) : last_fault()));
      }
      if (auto waited = wait(error, deadline, "shaking hands"); !waited) return waited;
    }
  }

  using Stream::write;
  Result<size_t> read(std::span<char> into, TimePoint deadline) override {
    for (;;) {
      ERR_clear_error();
      size_t n = 0;
      const int result = SSL_read_ex(ssl_.get(), into.data(), into.size(), &n);
      if (result == 1) return n;
      const int error = SSL_get_error(ssl_.get(), result);
      if (error == SSL_ERROR_ZERO_RETURN) return 0;
      if (error != SSL_ERROR_WANT_READ && error != SSL_ERROR_WANT_WRITE) {
        ready_ = false;
        return fail(ErrorClass::network, "the TLS connection broke: " + last_fault());
      }
      if (auto waited = wait(error, deadline, "reading"); !waited) return std::unexpected(waited.error());
    }
  }

  Result<void> write(std::span<const std::string_view> pieces, Duration stall) override {
    // One record for a head and a small body, where copying costs less than another record.
    std::string joined;
    size_t total = 0;
    for (auto piece : pieces) total += piece.size();
    if (pieces.size() > 1 && total <= kRecord) {
      joined.reserve(total);
      for (auto piece : pieces) joined += piece;
      const std::string_view whole = joined;
      return write_one(whole, stall);
    }
    for (auto piece : pieces) {
      if (auto written = write_one(piece, stall); !written) return written;
    }
    return {};
  }

  void shut_down_writing() override {
    if (ready_) SSL_shutdown(ssl_.get());
    ready_ = false;
  }
  Handle& handle() override { return *handle_; }
  bool buffered() const override { return SSL_has_pending(ssl_.get()) == 1; }

 private:
  static constexpr size_t kRecord = 16 << 10;

  Result<void> write_one(std::string_view bytes, Duration stall) {
    while (!bytes.empty()) {
      ERR_clear_error();
      size_t n = 0;
      const int result = SSL_write_ex(ssl_.get(), bytes.data(), bytes.size(), &n);
      if (result == 1) {
        bytes.remove_prefix(n);
        continue;
      }
      const int error = SSL_get_error(ssl_.get(), result);
      if (error != SSL_ERROR_WANT_READ && error != SSL_ERROR_WANT_WRITE) {
        ready_ = false;
        return fail(ErrorClass::network, "the TLS connection broke: " + last_fault());
      }
      if (auto waited = wait(error, after(handle_->loop().now(), stall), "writing"); !waited) return waited;
    }
    return {};
  }

  Result<void> wait(int error, TimePoint deadline, std::string_view what) {
    Wake why;
    if (error == SSL_ERROR_WANT_READ) {
      why = handle_->wait_readable(deadline);
    } else {
      why = handle_->wait_writable(deadline);
    }
    if (why != Wake::ready) return fail(wait_error(why, what));
    return {};
  }

  std::unique_ptr<Handle> handle_;
  SslPtr ssl_;
  std::shared_ptr<const TlsContext> context_;
  std::string id_;
  bool ready_ = false;
};

TlsContext::TlsContext(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
TlsContext::~TlsContext() = default;

Result<std::shared_ptr<const TlsContext>> TlsContext::make(const config::Tls& tls) {
  auto impl = std::make_unique<Impl>();
  impl->context.reset(SSL_CTX_new(TLS_client_method()));
  SSL_CTX* context = impl->context.get();
  auto refuse = [](const std::string& what, const std::string& file) {
    return fail(ErrorClass::bad_request, "cannot use the " + what + " in " + file + ": " + last_fault());
  };
  ERR_clear_error();
  SSL_CTX_set_min_proto_version(context, TLS1_2_VERSION);
  SSL_CTX_set_mode(context, SSL_MODE_RELEASE_BUFFERS | SSL_MODE_ENABLE_PARTIAL_WRITE |
                                SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
  SSL_CTX_set_read_ahead(context, 1);
  SSL_CTX_set_default_read_buffer_len(context, 32 << 10);
  SSL_CTX_set_session_cache_mode(context, SSL_SESS_CACHE_CLIENT | SSL_SESS_CACHE_NO_INTERNAL);
  SSL_CTX_sess_set_new_cb(context, &TlsStream::on_session);
  static constexpr unsigned char kAlpn[] = "\x08http/1.1";
  SSL_CTX_set_alpn_protos(context, kAlpn, sizeof kAlpn - 1);
  SSL_CTX_set_verify(context, tls.verify ? SSL_VERIFY_PEER : SSL_VERIFY_NONE, nullptr);
  if (!tls.ca.empty()) {
    if (SSL_CTX_load_verify_file(context, tls.ca.c_str()) != 1) return refuse("authorities", tls.ca);
  } else if (tls.verify) {
    SSL_CTX_set_default_verify_paths(context);
  }
  if (!tls.cert.empty() && SSL_CTX_use_certificate_chain_file(context, tls.cert.c_str()) != 1) {
    return refuse("client certificate", tls.cert);
  }
  if (!tls.key.empty() && SSL_CTX_use_PrivateKey_file(context, tls.key.c_str(), SSL_FILETYPE_PEM) != 1) {
    return refuse("client key", tls.key);
  }
  return std::shared_ptr<const TlsContext>(new TlsContext(std::move(impl)));
}

Result<std::unique_ptr<Stream>> start_tls(std::unique_ptr<Handle> handle, const Endpoint& endpoint,
                                          TimePoint deadline) {
  auto& sessions = TlsStream::sessions_of(*endpoint.tls);
  SslPtr ssl(SSL_new(sessions.context.get()));
  BIO* bio = handle_bio(*handle);
  SSL_set_bio(ssl.get(), bio, bio);
  X509_VERIFY_PARAM* verify = SSL_get0_param(ssl.get());
  if (literal_address(endpoint.host, 0)) {
    X509_VERIFY_PARAM_set1_ip_asc(verify, endpoint.host.c_str());
  } else {
    SSL_set_tlsext_host_name(ssl.get(), endpoint.host.c_str());
    SSL_set1_host(ssl.get(), endpoint.host.c_str());
  }
  if (auto session = sessions.take(endpoint.id)) SSL_set_session(ssl.get(), session.get());
  auto stream = std::make_unique<TlsStream>(std::move(handle), std::move(ssl), endpoint.tls, endpoint.id);
  if (auto shaken = stream->shake_hands(endpoint.host, deadline); !shaken)
    return fail(std::move(shaken.error()));
  return stream;
}

}  // namespace llmgw::net
