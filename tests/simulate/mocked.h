#pragma once

#include <string>

#include "base/json.h"
#include "net/sse.h"
#include "simulate/mock/mock.h"
#include "simulate/mock/mock_transport.h"
#include "simulate/virtual_time.h"

namespace llmgw::simulate {

// The mock in process, in virtual time.
struct Mocked {
  explicit Mocked(std::string_view scenario = "", uint64_t seed = 1)
      : state(parse(scenario), seed, fibers.now()), provider(fibers, state, Random(seed)) {}

  struct Got {
    int status = 0;
    net::Headers headers;
    std::string body;
    std::string error;  // the exchange's, if it broke
    Duration head{}, took{};
    json::Doc json() const { return json::Doc::parse(body).value(); }
    bool has(std::string_view text) const { return body.find(text) != std::string::npos; }
  };

  // Calls once and reads to the end, at most for an hour.
  Got call(std::string_view path, std::string_view body, net::Headers headers = {},
           std::string_view method = "POST") {
    Got got;
    fibers.spawn([&] {
      const TimePoint asked = fibers.now();
      if (!headers.has("content-type")) headers.add("Content-Type", "application/json");
      auto exchange = transport.send({.endpoint = &endpoint,
                                      .method = method,
                                      .target = std::string(path),
                                      .headers = headers,
                                      .body = body});
      const TimePoint by = after(asked, 1h);
      const auto head = (*exchange)->head(by);
      got.head = fibers.now() - asked;
      if (!head) {
        got.error = std::string(name(head.error().error_class));
      } else {
        got.status = (*head)->status;
        got.headers = (*head)->headers;
        for (;;) {
          const auto bytes = (*exchange)->read(by);
          if (!bytes) got.error = std::string(name(bytes.error().error_class));
          if (!bytes || bytes->empty()) break;
          got.body += *bytes;
        }
      }
      got.took = fibers.now() - asked;
    });
    fibers.run();
    return got;
  }

  Got chat(std::string_view model, std::string_view more = "", net::Headers headers = {}) {
    return call("/v1/chat/completions",
                R"({"model":")" + std::string(model) +
                    R"(","messages":[{"role":"user","content":"Hello wörld"}])" + std::string(more) + "}",
                std::move(headers));
  }

  static std::shared_ptr<const Scenario> parse(std::string_view text) {
    auto loaded = parse_scenario(text);
    return loaded.scenario;
  }

  class Nobody final : public net::Transport {
    Result<std::unique_ptr<net::Exchange>> send(net::Call) override {
      return fail(ErrorClass::network, "nobody");
    }
  };

  VirtualScheduler fibers;
  MockState state;
  MockProvider provider;
  Nobody nobody;
  MockTransport transport{fibers, provider, nobody};
  net::Endpoint endpoint = net::parse_base_url("mock:").value();
};

// The `data:` of each event.
inline std::vector<std::string> events(const std::string& body) {
  std::vector<std::string> out;
  net::SseSplitter splitter;
  splitter.feed(body);
  for (;;) {
    const auto event = splitter.next();
    if (!event || !*event) return out;
    if (!(*event)->data.empty()) out.emplace_back((*event)->data);
  }
}

}  // namespace llmgw::simulate
