#include "config/unbuilt.h"

#include <algorithm>
#include <array>
#include <vector>

#include "base/text.h"

namespace llmgw::config {
namespace {

struct Part {
  std::string_view path;  // "*" stands for any key, and any item of an array
  std::string_view
      allowed;  // texts that ask for nothing, separated by spaces; empty: the key itself is refused
  std::string_view what;
};

// Delete a row when its part works.
constexpr std::array kUnbuilt = std::to_array<Part>({
    {"server.tls", "", "TLS for clients"},
    {"virtual_keys.*.provider.*.weight", "", "weights of a virtual key's providers"},
    {"virtual_keys.*.priority", "", "priorities"},
    {"cache.mode", "off", "the response cache"},
    {"cache.embedder", "none", "the vector tier of the cache"},
    {"routes.*.strategy", "priority weighted", "strategies other than priority and weighted"},
    {"routes.*.hedge", "", "hedged requests"},
    {"routes.*.when", "", "conditions of routes"},
    {"routes.*.affinity", "", "affinity"},
    {"routes.*.shadow", "", "shadow targets"},
    {"routes.*.on_cut", "error", "continuing a cut stream"},
    {"fallback.on_cut", "error", "continuing a cut stream"},
    {"guardrails", "", "guardrails"},
    {"plugins", "", "custom plugins"},
    {"telemetry.otlp", "", "OTLP export"},
    {"alerts", "", "alerts"},
    {"audit", "", "the audit log"},
    {"cluster", "", "clusters of several nodes"},
    {"vault", "", "secrets from Vault"},
});

bool allowed(const Part& part, const Node& value) {
  // A value of another type has its problem already.
  if (!part.allowed.empty() && value.kind != Node::Kind::string) return true;
  const auto words = split(part.allowed, ' ');
  return value.kind == Node::Kind::string && std::ranges::find(words, value.text) != words.end();
}

void refuse(const Part& part, std::string_view rest, const Node& node, const std::string& path,
            Session& session) {
  if (rest.empty()) {
    if (!allowed(part, node)) session.error(node.at, path, "not built yet: " + std::string(part.what));
    return;
  }
  const auto dot = rest.find('.');
  const auto key = rest.substr(0, dot);
  const auto tail = dot == rest.npos ? std::string_view{} : rest.substr(dot + 1);
  for (size_t i = 0; key == "*" && i < node.items.size(); ++i)
    refuse(part, tail, node.items[i], join(path, i), session);
  for (const auto& member : node.members) {
    if (key == "*" || key == member.key) refuse(part, tail, member.value, join(path, member.key), session);
  }
}

}  // namespace

void refuse_unbuilt(const Node& root, Session& session) {
  for (const auto& part : kUnbuilt) refuse(part, part.path, root, "", session);
}

std::optional<std::string_view> unbuilt(std::string_view path) {
  for (const auto& part : kUnbuilt) {
    if (part.path == path) return part.what;
  }
  return std::nullopt;
}

}  // namespace llmgw::config
