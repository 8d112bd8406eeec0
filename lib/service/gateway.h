#pragma once

#include <atomic>
#include <functional>
#include <memory>

#include "engine/engine.h"
#include "net/http_server.h"
#include "net/offload.h"
#include "plugins/governance/governance.h"
#include "plugins/governance/key_book.h"
#include "service/face.h"
#include "store/pins.h"

namespace llmgw::service {

// What the loops of one gateway share. Thread-safe.
struct Shared {
  std::atomic<std::shared_ptr<const routing::Topology>> topology;
  std::atomic<std::shared_ptr<const plugins::KeyBook>> keys;
  plugins::Governance::Budgets budgets;  // nullptr: none are configured
  net::ServerState server;
  std::atomic<bool> ready{true};         // /ready; false once a shutdown was asked for
  std::function<std::string()> metrics;  // the text of /metrics
  std::function<Result<std::string>()>
      reload;                       // POST /api/reload: a line for people. Blocks: it runs off the loops
  net::Offload* offload = nullptr;  // for the stores
  net::Offload* files = nullptr;    // for bodies in files
  store::Pins* pins = nullptr;
};

// The HTTP face of one loop: finds out what a request is, and hands it to the engine.
class Gateway final : public net::HttpHandler {
 public:
  Gateway(const engine::Engine& engine, Shared& shared) : engine_(engine), shared_(shared) {}

  void handle(net::HttpRequest&, net::ResponseWriter&) override;
  std::string refusal(const net::HttpFault&, const net::HttpRequest&) override;

 private:
  void route(net::HttpRequest&, net::ResponseWriter&, const std::shared_ptr<const routing::Topology>&);
  bool serve_own(net::HttpRequest&, net::ResponseWriter&, const routing::Topology&);
  void serve_inference(net::HttpRequest&, net::ResponseWriter&, Face,
                       std::shared_ptr<const routing::Topology>);
  // serve_websocket.cpp.
  void serve_websocket(net::HttpRequest&, net::ResponseWriter&, const Face&,
                       std::shared_ptr<const routing::Topology>);
  // serve_count.cpp. `request` is decoded.
  void serve_count(dialects::Request&, const std::shared_ptr<const routing::Topology>&, net::ResponseWriter&);
  // Notes the request's virtual key. `target` is the request's, as on the wire.
  Result<void> admit(std::string_view target, const config::Server&, dialects::Request&) const;
  void refuse(net::ResponseWriter&, const Error&, dialects::Dialect = dialects::Dialect::openai_other);
  Result<void> read_form(std::string_view type, dialects::Request&);
  Result<void> pin(dialects::Request&);
  void serve_models(net::HttpRequest&, net::ResponseWriter&, const routing::Topology&, const Face&);
  void serve_admin(const net::HttpRequest&, net::ResponseWriter&,
                   const std::shared_ptr<const routing::Topology>&);
  void serve_reload(net::ResponseWriter&);

  const engine::Engine& engine_;
  Shared& shared_;
};

}  // namespace llmgw::service
