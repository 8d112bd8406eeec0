// Names of targets, and the paths and headers that carry them.
#include <cstdint>
#include <cstdlib>

#include "routing/topology.h"
#include "service/face.h"
#include "service/request_headers.h"

using namespace llmgw;

namespace {

const routing::Topology& topology() {
  static routing::State state;
  static const auto made = [] {
    auto config = std::make_shared<config::Config>();
    config->providers.push_back(
        {.name = "a", .kind = "openai-compatible", .base_url = "http://127.0.0.1:1/v1"});
    config->providers.push_back(
        {.name = "b", .kind = "openai-compatible", .base_url = "http://127.0.0.1:2/v1"});
    config->routes.push_back({.name = "fast",
                              .targets = {{.model = "a/x"}, {.model = "b/y", .weight = 2}},
                              .strategy = config::Strategy::weighted});
    config->aliases["gpt"] = "fast";
    return routing::Topology::make(std::move(config), state);
  }();
  return **made;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string_view bytes(reinterpret_cast<const char*>(data), size);
  Random random(size);
  const size_t half = size / 2;
  dialects::Request request;
  request.model = bytes.substr(0, half);
  request.fallbacks = std::vector<std::string>{std::string(bytes.substr(half))};
  const auto chain = topology().chain(request, random);
  if (chain && chain->links.empty()) std::abort();
  (void)service::find_face(bytes);
  if (bytes.find_first_of(std::string_view("\r\n\0", 3)) == std::string_view::npos) {
    net::Headers headers;
    for (const std::string_view name :
         {"x-llmgw-fallbacks", "x-llmgw-timeout", "x-llmgw-commit", "x-llmgw-tag-a", "x-request-id"}) {
      headers.add(name, bytes);
    }
    dialects::Request other;
    (void)service::read_request_headers(headers, other);
  }
  return 0;
}
