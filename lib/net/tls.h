#pragma once

#include <memory>
#include <string>

#include "config/config.h"
#include "net/endpoint.h"
#include "net/stream.h"

namespace llmgw::net {

// How to speak TLS as a client: authorities, client certificate, verification, and the sessions to
// resume. Immutable but for the sessions; shared by all loops, thread-safe.
class TlsContext {
 public:
  // Loads the files that `tls` names, else the system's authorities. Fails with bad_request and the file's
  // name.
  static Result<std::shared_ptr<const TlsContext>> make(const config::Tls& tls);
  ~TlsContext();
  TlsContext(const TlsContext&) = delete;
  TlsContext& operator=(const TlsContext&) = delete;

 private:
  friend class TlsStream;
  struct Impl;
  explicit TlsContext(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

// Shakes hands over a connected socket: host and chain verified, SNI, ALPN http/1.1, an
// earlier session resumed. Called on a fiber. Fails with network when the peer is not trusted.
Result<std::unique_ptr<Stream>> start_tls(std::unique_ptr<Handle>, const Endpoint&, TimePoint deadline);

}  // namespace llmgw::net
