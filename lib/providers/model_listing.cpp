#include "providers/model_listing.h"

#include "base/text.h"

namespace llmgw::providers {

std::optional<Dialect> listing_dialect(const Provider& provider) {
  const auto kind = provider.kind();
  if (provider.row().auth == AuthScheme::none || kind == "azure" || kind == "bedrock" || kind == "vertex")
    return std::nullopt;
  if (provider.keys().empty() && (!provider.keyless() || provider.config().forward_auth)) return std::nullopt;
  for (const Dialect own : {Dialect::anthropic_messages, Dialect::gemini_generate}) {
    if (provider.own(own)) return own;
  }
  if (provider.speaks(Dialect::openai_chat)) return Dialect::openai_chat;
  return std::nullopt;
}

std::string listing_path(const Provider& provider, Dialect dialect, std::string_view next) {
  std::string path = "/models";
  if (dialect == Dialect::anthropic_messages) {
    path += "?limit=1000";
    if (!next.empty()) path += "&after_id=" + percent_encoded(next);
  } else if (dialect == Dialect::gemini_generate) {
    path += "?pageSize=1000";
    if (!next.empty()) path += "&pageToken=" + percent_encoded(next);
  }
  return provider.path(dialect, path, "");
}

Result<ModelPage> read_model_page(Dialect dialect, std::string_view body) {
  const auto doc = json::Doc::parse(body, {.allow_lone_surrogates = true});
  const auto page = doc ? doc->root() : json::Value();
  const bool gemini = dialect == Dialect::gemini_generate;
  // Together answers the bare array.
  const auto list = page.is(json::Kind::array) ? page : page[gemini ? "models" : "data"];
  if (!list.is(json::Kind::array))
    return fail(ErrorClass::invalid_response, "no list of models: " + shortened(body, 120));
  ModelPage out;
  for (auto [_, entry] : list.elements()) {
    std::string id = entry[gemini ? "name" : "id"].text();
    if (gemini && id.starts_with("models/")) id.erase(0, std::string_view("models/").size());
    if (!id.empty() && printable(id)) out.models.push_back(std::move(id));
  }
  if (gemini) {
    out.next = page["nextPageToken"].text();
  } else if (page["has_more"].boolean().value_or(false)) {
    out.next = page["last_id"].text();
  }
  return out;
}

}  // namespace llmgw::providers
