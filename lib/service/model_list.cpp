#include "service/model_list.h"

#include <algorithm>
#include <vector>

#include "base/json_writer.h"
#include "plugins/governance/key_book.h"

namespace llmgw::service {
namespace {

using dialects::Dialect;

struct Entry {
  std::string id, owner;
};

std::vector<Entry> entries(const routing::Topology& topology, const config::VirtualKey* key) {
  std::vector<Entry> out;
  for (const auto& route : topology.config().routes) out.push_back({route.name, "llmgw"});
  for (const auto& [alias, name] : topology.config().aliases) out.push_back({alias, "llmgw"});
  for (const auto& upstream : topology.upstreams()) {
    const auto& provider = *upstream->provider;
    for (const auto& model : topology.models(*upstream)) {
      if (key == nullptr || plugins::why_barred(*key, provider.name(), model).empty())
        out.push_back({provider.name() + "/" + model, provider.name()});
    }
  }
  return out;
}

void write(json::Writer& writer, Dialect dialect, const Entry& entry) {
  writer.begin_object();
  switch (dialect) {
    case Dialect::anthropic_messages:
      writer.member("type", "model").member("id", entry.id).member("display_name", entry.id);
      writer.member("created_at", "1970-01-01T00:00:00Z");
      break;
    case Dialect::gemini_generate:
      writer.member("name", "models/" + entry.id).member("displayName", entry.id);
      writer.key("supportedGenerationMethods").begin_array();
      for (const std::string_view verb : {"generateContent", "streamGenerateContent", "countTokens"})
        writer.string(verb);
      writer.end_array();
      break;
    case Dialect::cohere_chat:  // cohere-python 7.3.1, types/get_model_response.py
      writer.member("name", entry.id).key("endpoints").begin_array().string("chat").end_array();
      break;
    case Dialect::ollama_chat:  // api/types.go, ListModelResponse
      writer.member("name", entry.id).member("model", entry.id);
      writer.member("modified_at", "1970-01-01T00:00:00Z").member("size", 0).member("digest", "");
      writer.key("details").begin_object().member("family", entry.owner).end_object();
      break;
    default:
      writer.member("id", entry.id).member("object", "model").member("created", 0);
      writer.member("owned_by", entry.owner);
  }
  writer.end_object();
}

}  // namespace

std::string model_list(const routing::Topology& topology, Dialect dialect, const config::VirtualKey* key) {
  std::string out;
  json::Writer writer(out);
  writer.begin_object();
  const auto all = entries(topology, key);
  if (dialect == Dialect::gemini_generate || dialect == Dialect::cohere_chat ||
      dialect == Dialect::ollama_chat) {
    writer.key("models");
  } else {
    if (dialect != Dialect::anthropic_messages) writer.member("object", "list");
    writer.key("data");
  }
  writer.begin_array();
  for (const auto& entry : all) write(writer, dialect, entry);
  writer.end_array();
  if (dialect == Dialect::anthropic_messages) {
    writer.member("has_more", false).key("first_id");
    if (all.empty()) {
      writer.null().key("last_id").null();
    } else {
      writer.string(all.front().id).member("last_id", all.back().id);
    }
  }
  writer.end_object();
  return out;
}

std::optional<std::string> model_entry(const routing::Topology& topology, Dialect dialect,
                                       std::string_view id, const config::VirtualKey* key) {
  const auto all = entries(topology, key);
  const auto found = std::ranges::find_if(all, [&](const Entry& e) { return e.id == id; });
  if (found == all.end()) return std::nullopt;
  std::string out;
  json::Writer writer(out);
  write(writer, dialect, *found);
  return out;
}

}  // namespace llmgw::service
