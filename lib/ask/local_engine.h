#pragma once

#include <memory>
#include <unordered_map>

#include "ask/asker.h"
#include "engine/engine.h"
#include "net/http_client.h"
#include "observe/log.h"
#include "simulate/mock/mock.h"
#include "simulate/mock/mock_transport.h"
#include "store/log_writer.h"

namespace llmgw::ask {

// The engine of `serve` in this process, on the session's loop: the same chain, the same rests (those of
// data_dir, shared with every other process), a row in the same request log.
class LocalEngine final : public Asker {
 public:
  struct Options {
    net::ProxySettings proxy;
    bool log_requests = true;
    std::optional<NanoUsd> max_cost;  // of all questions together
    NanoUsd spent;                    // of it, before
  };

  // `session` and `log` outlive it. Errors: bad_request with a text for people.
  static Result<std::unique_ptr<LocalEngine>> open(Session& session,
                                                   std::shared_ptr<const config::Config> config,
                                                   observe::Log& log, const Options& options);
  // Writes what is still to be logged.
  ~LocalEngine() override;

  observe::RequestRecord ask(const std::string& body, std::optional<Duration> timeout,
                             AnswerReader&) override;

  // Asks the providers for their models, at most `patience` long. On a fiber of the session.
  void ask_for_models(Duration patience);

  const routing::Topology& topology() const { return *topology_; }

 private:
  LocalEngine(Session& session, const Options& options);

  Session& session_;
  Random random_;
  routing::State state_;
  SystemClock clock_;
  std::unique_ptr<store::Rests> rests_;
  std::unique_ptr<store::RequestLog> request_log_;
  std::unique_ptr<store::LogWriter> log_writer_;
  std::shared_ptr<const routing::Topology> topology_;
  net::ProxySettings proxy_;
  std::unique_ptr<net::Resolver> resolver_;
  std::unique_ptr<net::HttpClient> client_;
  std::unique_ptr<simulate::MockState> mock_state_;
  std::unique_ptr<simulate::MockProvider> mock_;  // the provider "mock", in this process
  std::unique_ptr<simulate::MockTransport> transport_;
  std::vector<std::unique_ptr<plugins::Plugin>> plugins_;
  std::unique_ptr<engine::Engine> engine_;
  std::unordered_map<net::Fiber*, observe::RequestRecord> ended_;  // until ask() takes them
};

}  // namespace llmgw::ask
