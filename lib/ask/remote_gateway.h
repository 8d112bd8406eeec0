#pragma once

#include <memory>

#include "ask/asker.h"
#include "base/secret.h"
#include "net/http_client.h"

namespace llmgw::ask {

// A gateway that runs elsewhere (--via): any server of OpenAI's chat API will do, one of ours tells its
// trail.
class RemoteGateway final : public Asker {
 public:
  // `url`: "http://127.0.0.1:8484", with or without /v1. `key`: the credential it wants, may be empty.
  // Errors: bad_request that names the URL.
  static Result<std::unique_ptr<RemoteGateway>> open(Session& session, const std::string& url, Secret key,
                                                     const net::ProxySettings& proxy);

  observe::RequestRecord ask(const std::string& body, std::optional<Duration> timeout,
                             AnswerReader&) override;

 private:
  RemoteGateway(Session& session, Secret key, const net::ProxySettings& proxy);
  Result<void> exchange(const std::string& body, std::optional<Duration> timeout, AnswerReader&);

  Session& session_;
  Secret key_;
  net::ProxySettings proxy_;
  net::Endpoint endpoint_;
  net::Resolver resolver_;
  net::HttpClient client_;
};

}  // namespace llmgw::ask
