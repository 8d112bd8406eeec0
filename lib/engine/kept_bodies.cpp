#include "engine/kept_bodies.h"

#include <algorithm>

namespace llmgw::engine {
namespace {

// A key that the cut would go through must be whole to be found.
constexpr size_t kLongestSecret = 8 << 10;

bool failed(const std::optional<ErrorClass>& c) {
  return c && *c != ErrorClass::cancelled;
}

bool any_failed(const observe::RequestRecord& record) {
  return failed(record.error_class) ||
         std::ranges::any_of(record.attempts, [](const auto& a) { return failed(a.error_class); });
}

}  // namespace

void KeptBodies::request(std::string_view body) {
  if (request_.size == 0) request_.add(body);
}

void KeptBodies::move_into(observe::RequestRecord& record, const routing::Topology& topology) {
  if (which_ == config::Bodies::failures && !any_failed(record)) return;
  record.request_body = request_.taken(topology);
  record.response_body = reply_.taken(topology);
}

void KeptBodies::Body::add(std::string_view bytes) {
  size += bytes.size();
  text.append(bytes.substr(0, kMost + kLongestSecret - text.size()));
}

std::string KeptBodies::Body::taken(const routing::Topology& topology) {
  for (const auto& upstream : topology.upstreams()) text = upstream->provider->scrub(text);
  if (size > kMost && text.size() > kMost) {
    size_t end = kMost;
    while (end > 0 && (static_cast<unsigned char>(text[end]) & 0xC0) == 0x80) --end;  // whole characters
    text.resize(end);
    text += "\n[cut by llmgw: the first " + std::to_string(end) + " of " + std::to_string(size) + " bytes]";
  }
  return std::move(text);
}

}  // namespace llmgw::engine
