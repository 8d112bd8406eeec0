#include "dialects/token_bound.h"

#include <algorithm>

namespace llmgw::dialects {
namespace {

using json::Kind;
using json::Value;

constexpr int64_t kImage = 50'000;
// What vendors put before the tools of a request, and around each (Anthropic's is the longest:
// https://docs.anthropic.com/en/docs/agents-and-tools/tool-use/overview, "Pricing").
constexpr int64_t kToolPrompt = 1'024;
constexpr int64_t kMostThought = 65'536;  // that a translation adds to a limit: see budget_of()
// A rerank counts a search for 100 documents, and a document again for each 500 tokens
// (https://docs.cohere.com/docs/how-does-cohere-pricing-work).
constexpr int64_t kDocumentsPerSearch = 100, kTokensPerDocument = 500;
constexpr size_t kShortest = 64;  // text in a picture's place that is no longer counts as text

// Base64, or a data URL of it: what a picture is in JSON.
bool is_payload(std::string_view raw) {
  if (raw.size() < kShortest) return false;
  raw = raw.substr(1, raw.size() - 2);
  if (raw.starts_with("data:")) raw.remove_prefix(std::min(raw.find(',') + 1, raw.size()));
  return std::ranges::all_of(raw, [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '+' ||
           c == '/' || c == '=' || c == '-' || c == '_' || c == '\\';
  });
}

// Names of the members under which a dialect has a picture.
bool names_image(Value key) {
  return key.says("image") || key.says("image_url") || key.says("images");
}

// Names under which a dialect names what it does not hold.
bool names_reference(Value key) {
  return key.says("file_id") || key.says("fileUri") || key.says("file_uri") || key.says("file_url") ||
         key.says("s3Location");
}

bool is_image(Value object) {
  const auto type = object["type"];
  if (type.says("image") || type.says("input_image") || type.says("image_url")) return true;
  for (const std::string_view name : {"mimeType", "mime_type", "media_type"}) {
    if (const auto mime = object[name]; mime.raw().starts_with("\"image/")) return true;
  }
  return false;
}

struct Media {
  int64_t images = 0;
  int64_t image_bytes = 0;  // that are counted by their number
  bool elsewhere = false;   // a part of the prompt is not in the request

  void read(Value value, bool in_image) {
    switch (value.kind()) {
      case Kind::string:
        if (in_image && is_payload(value.raw())) image_bytes += static_cast<int64_t>(value.raw().size());
        return;
      case Kind::array:
        for (auto [_, element] : value.elements()) {
          if (in_image && element.is(Kind::string)) ++images;  // Ollama's list of them
          read(element, in_image);
        }
        return;
      case Kind::object: {
        const bool image = !in_image && is_image(value);
        if (image) ++images;
        // Anthropic's document at a URL.
        if (value["type"].says("url") && value["url"].is(Kind::string) && !in_image) elsewhere = true;
        for (auto [key, member] : value.members()) {
          if (!in_image && !image && names_reference(key) && member.raw().size() > 2) elsewhere = true;
          const bool named = !in_image && !image && names_image(key);
          if (named && !member.is(Kind::array)) ++images;
          read(member, in_image || image || named);
        }
        return;
      }
      default: return;
    }
  }
};

int64_t positive(Value value) {
  return std::clamp<int64_t>(value.integer().value_or(1), 1, 1'000'000);
}

// How many answers a request asks for, in the words of any dialect.
int64_t choices_of(Value body) {
  int64_t choices = std::max(positive(body["n"]), positive(body["best_of"]));
  const auto config = body["generationConfig"] ? body["generationConfig"] : body["generation_config"];
  choices = std::max({choices, positive(config["candidateCount"]), positive(config["candidate_count"])});
  // The legacy completions answer each of several prompts.
  if (const auto prompt = body["prompt"]; prompt.at(0).is(Kind::string) || prompt.at(0).is(Kind::array))
    choices *= std::max<int64_t>(static_cast<int64_t>(prompt.size()), 1);
  return choices;
}

bool asks_for_thoughts(Value body) {
  return body["reasoning_effort"] || body["reasoning"] || body["thinking"] || body["generationConfig"] ||
         body["additionalModelRequestFields"] || body["think"];
}

int64_t times(int64_t a, int64_t b) {
  int64_t product = 0;
  return __builtin_mul_overflow(a, b, &product) ? INT64_MAX / 4 : std::min(product, INT64_MAX / 4);
}

}  // namespace

bool has_output(Dialect d) {
  return d != Dialect::openai_embeddings && d != Dialect::gemini_embed && d != Dialect::cohere_embed &&
         d != Dialect::rerank;
}

TokenBound token_bound(const Request& request, std::optional<int64_t> context,
                       std::optional<int64_t> max_output, bool translated) {
  TokenBound bound;
  const Value body = request.doc ? request.doc->root() : Value();
  Media media;
  media.read(body, false);
  auto input = static_cast<int64_t>(request.body.size()) - media.image_bytes + media.images * kImage;
  if (request.needs.tools) input += kToolPrompt;
  if (request.dialect == Dialect::rerank) {
    const auto documents = static_cast<int64_t>(body["documents"].size());
    bound.searches = 1 + (documents + input / kTokensPerDocument) / kDocumentsPerSearch;
  }
  const bool elsewhere = media.elsewhere || request.needs.state != nullptr || request.websocket ||
                         request.file != nullptr || body["prompt"]["id"];
  if (!elsewhere) {
    bound.input = context ? std::min(input, *context) : input;
  } else if (context) {
    bound.input = context;
  }
  if (!has_output(request.dialect)) {
    bound.output = 0;
    return bound;
  }
  bound.choices = choices_of(body);
  auto output = request.needs.max_output ? request.needs.max_output : max_output;
  if (!output) return bound;
  if (translated && request.needs.max_output && asks_for_thoughts(body)) {
    output = *output + kMostThought;
    if (max_output) output = std::min(*output, std::max(*max_output, *request.needs.max_output));
  }
  bound.output = times(std::max<int64_t>(*output, 0), bound.choices);
  return bound;
}

}  // namespace llmgw::dialects
