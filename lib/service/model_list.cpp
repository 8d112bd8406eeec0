#include "service/model_list.h"

#include <algorithm>
#include <vector>

#include "base/json_writer.h"

namespace llmgw::service {
namespace {

struct Entry {
  std::string id, owner;
};

std::vector<Entry> entries(const routing::Topology& topology) {
  std::vector<Entry> out;
  for (const auto& route : topology.config().routes) out.push_back({route.name, "llmgw"});
  for (const auto& [alias, name] : topology.config().aliases) out.push_back({alias, "llmgw"});
  for (const auto& upstream : topology.upstreams()) {
    const auto& provider = *upstream->provider;
    for (const auto& model : provider.models())
      out.push_back({provider.name() + "/" + model, provider.name()});
  }
  return out;
}

void write(json::Writer& writer, const Entry& entry) {
  writer.begin_object().member("id", entry.id).member("object", "model").member("created", 0);
  writer.member("owned_by", entry.owner).end_object();
}

}  // namespace

std::string model_list(const routing::Topology& topology) {
  std::string out;
  json::Writer writer(out);
  writer.begin_object().member("object", "list").key("data").begin_array();
  for (const auto& entry : entries(topology)) write(writer, entry);
  writer.end_array().end_object();
  return out;
}

std::optional<std::string> model_entry(const routing::Topology& topology, std::string_view id) {
  const auto all = entries(topology);
  const auto found = std::ranges::find_if(all, [&](const Entry& e) { return e.id == id; });
  if (found == all.end()) return std::nullopt;
  std::string out;
  json::Writer writer(out);
  write(writer, *found);
  return out;
}

}  // namespace llmgw::service
