#include "service/local_servers.h"

#include "base/json.h"
#include "net/http_client.h"

namespace llmgw::service {
namespace {

// Whether the reply is OpenAI's list of models.
bool lists_models(net::Exchange& exchange, TimePoint by) {
  const auto head = exchange.head(by);
  if (!head || (*head)->status != 200) return false;
  std::string body;
  while (body.size() < (4u << 20)) {
    const auto bytes = exchange.read(by);
    if (!bytes) return false;
    if (bytes->empty()) break;
    body += *bytes;
  }
  const auto doc = json::Doc::parse(body, {.allow_lone_surrogates = true});
  return doc && doc->root()["data"].is(json::Kind::array);
}

}  // namespace

std::vector<config::Provider> find_local_servers(const std::vector<providers::Probe>& probes,
                                                 Duration patience) {
  std::vector<char> found(probes.size());
  if (!probes.empty()) {
    net::Loop loop;
    net::Resolver resolver;
    const net::ProxySettings no_proxy;
    net::HttpClient client(loop, resolver, no_proxy);
    const TimePoint by = after(loop.now(), patience);
    size_t left = probes.size();
    for (size_t i = 0; i < probes.size(); ++i) {
      loop.spawn([&, i] {
        const auto endpoint = net::parse_base_url(probes[i].provider().base_url);
        if (endpoint) {
          auto sent = client.send({.endpoint = &*endpoint,
                                   .method = "GET",
                                   .target = probes[i].path,
                                   .connect = patience,
                                   .deadline = by});
          found[i] = sent && lists_models(**sent, by) ? 1 : 0;
        }
        if (--left == 0) loop.quit();
      });
    }
    loop.run();
  }
  std::vector<config::Provider> providers;
  for (size_t i = 0; i < probes.size(); ++i) {
    if (found[i]) providers.push_back(probes[i].provider());
  }
  return providers;
}

}  // namespace llmgw::service
