#include "service/local_servers.h"

#include "base/json.h"
#include "base/text.h"
#include "net/http_client.h"
#include "net/whole_reply.h"

namespace llmgw::service {
namespace {

constexpr size_t kMostListed = 500;
constexpr size_t kMostBytes = 4 << 20;

// The ids in OpenAI's list of models; none when the reply is anything else.
std::optional<std::vector<std::string>> listed_models(const net::HttpResponse& reply) {
  if (reply.status != 200) return std::nullopt;
  const auto doc = json::Doc::parse(reply.body, {.allow_lone_surrogates = true});
  if (!doc || !doc->root()["data"].is(json::Kind::array)) return std::nullopt;
  std::vector<std::string> ids;
  for (auto [_, entry] : doc->root()["data"].elements()) {
    if (auto id = entry["id"].string(); id && printable(*id) && !id->empty() && ids.size() < kMostListed)
      ids.push_back(std::move(*id));
  }
  return ids;
}

}  // namespace

std::vector<config::Provider> find_local_servers(const std::vector<providers::Probe>& probes,
                                                 Duration patience) {
  std::vector<std::optional<std::vector<std::string>>> found(probes.size());
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
          const auto reply = net::whole_reply(client,
                                              {.endpoint = &*endpoint,
                                               .method = "GET",
                                               .target = probes[i].path,
                                               .connect = patience,
                                               .deadline = by},
                                              by, kMostBytes);
          if (reply) found[i] = listed_models(*reply);
        }
        if (--left == 0) loop.quit();
      });
    }
    loop.run();
  }
  std::vector<config::Provider> providers;
  for (size_t i = 0; i < probes.size(); ++i) {
    if (!found[i]) continue;
    providers.push_back(probes[i].provider());
    providers.back().listed = std::move(*found[i]);
  }
  return providers;
}

}  // namespace llmgw::service
