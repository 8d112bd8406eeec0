// embedContent and batchEmbedContents (https://ai.google.dev/api/embeddings; google-genai 2.34.0, models.py).
#include <algorithm>
#include <array>

#include "base/json_writer.h"
#include "base/text.h"
#include "dialects/decoding_reader.h"
#include "dialects/gemini.h"
#include "dialects/reading.h"

namespace llmgw::dialects {
namespace {

using json::Kind;
using json::Value;

constexpr std::string_view kResource = "models/";

// One EmbedContentRequest: its text goes to `out`, what else it says to `out.unmodelled`.
Result<void> read_embed(Value request, const std::string& path, EmbeddingRequest& out) {
  const std::string prefix = path.empty() ? "" : path + ".";
  const auto content = request["content"];
  if (!content.is(Kind::object))
    return refused(prefix + "content", "must be a content, an object with parts");
  std::string text;
  size_t i = 0;
  for (auto [_, part] : content["parts"].elements()) {
    const std::string here = at(prefix + "content.parts", i++);
    if (!part["text"].is(Kind::string)) {
      auto no = refused(here, "is no text: another vendor's model embeds only text");
      no.error().code = "unsupported_parameter";
      return no;
    }
    text += part["text"].text();
  }
  out.inputs.push_back(std::move(text));
  if (const auto n = gemini_field(request, "outputDimensionality").integer()) {
    if (out.dimensions && out.dimensions != n)
      return refused(prefix + "outputDimensionality", "must be the same in all requests");
    out.dimensions = n;
  }
  constexpr std::array<std::string_view, 7> kRead = {"model",       "content",     "outputDimensionality",
                                                     "fallbacks",   "fallback_on", "output_dimensionality",
                                                     "extra_fields"};
  for (auto [key, value] : request.members()) {
    const std::string name = key.text();
    if (!value.is_null() && std::ranges::find(kRead, std::string_view(name)) == kRead.end())
      out.unmodelled.push_back(prefix + name);
  }
  return {};
}

void write_vector(json::Writer& writer, const std::vector<double>& vector) {
  writer.begin_object().key("values").begin_array();
  for (const double x : vector) writer.number(x);
  writer.end_array().end_object();
}

class GeminiEmbeddingTranslation final : public EmbeddingTranslation {
 public:
  Result<EmbeddingRequest> read_request(const Request& request) const override {
    const auto body = request.doc->root();
    EmbeddingRequest out;
    out.single = !body["requests"];
    if (out.single) {
      if (auto read = read_embed(body, "", out); !read) return fail(std::move(read.error()));
      return out;
    }
    size_t i = 0;
    for (auto [_, one] : body["requests"].elements()) {
      if (auto read = read_embed(one, at("requests", i++), out); !read) return fail(std::move(read.error()));
    }
    if (out.inputs.empty()) return refused("requests", "must hold a request");
    return out;
  }

  // Always a batch: Provider::path asks for one.
  std::string write_request(const EmbeddingRequest& asked, std::string_view model) const override {
    std::string out;
    json::Writer writer(out);
    const std::string resource = std::string(kResource).append(model);
    writer.begin_object().key("requests").begin_array();
    for (const auto& text : asked.inputs) {
      writer.begin_object().member("model", resource).key("content").begin_object().key("parts");
      writer.begin_array().begin_object().member("text", text).end_object().end_array().end_object();
      if (asked.dimensions) writer.member("outputDimensionality", *asked.dimensions);
      writer.end_object();
    }
    writer.end_array().end_object();
    return out;
  }

  Result<EmbeddingAnswer> read_answer(std::string_view body) const override {
    const auto doc = json::Doc::parse(body);
    EmbeddingAnswer out;
    auto read = [&](Value embedding) {
      auto& vector = out.vectors.emplace_back();
      for (auto [_, x] : embedding["values"].elements()) vector.push_back(x.number().value_or(0));
    };
    if (doc) {
      const auto reply = doc->root();
      read_gemini_usage(gemini_field(reply, "usageMetadata"), out.usage);
      if (reply["embedding"]) read(reply["embedding"]);
      for (auto [_, embedding] : reply["embeddings"].elements()) read(embedding);
    }
    return checked(std::move(out), body);
  }

  std::string write_answer(const EmbeddingAnswer& answer, const EmbeddingRequest& asked,
                           std::string_view) const override {
    std::string out;
    json::Writer writer(out);
    writer.begin_object();
    if (asked.single) {
      write_vector(writer.key("embedding"), answer.vectors.front());
    } else {
      writer.key("embeddings").begin_array();
      for (const auto& vector : answer.vectors) write_vector(writer, vector);
      writer.end_array();
    }
    if (answer.usage.input >= 0) {
      writer.key("usageMetadata").begin_object().member("promptTokenCount", answer.usage.input);
      writer.end_object();
    }
    writer.end_object();
    return out;
  }
};

class EmbedCodec final : public GeminiCodec {
 public:
  Result<void> decode_needs(Value body, Request& request) const override {
    const bool batch = request.path.ends_with(":batchEmbedContents");
    if (batch && !body["requests"].is(Kind::array)) return refused("requests", "must be an array");
    if (!batch && !body["content"].is(Kind::object)) return refused("content", "must be an object");
    request.needs.text_bytes = static_cast<int64_t>(body.raw().size());
    return {};
  }

  // Each request of a batch names the model again, and Google wants it to be the path's.
  void edit_request(const Request& request, std::string_view model, bool ask_usage,
                    json::Edit& edit) const override {
    GeminiCodec::edit_request(request, model, ask_usage, edit);
    const auto requests = request.doc->root()["requests"];
    if (!requests.is(Kind::array)) return;
    const std::string resource = json::quoted(std::string(kResource).append(model));
    std::string out = "[";
    for (auto [_, one] : requests.elements()) {
      if (out.size() > 1) out += ',';
      if (!one.is(Kind::object)) {
        out += one.raw();
        continue;
      }
      json::Edit inner(one);
      inner.set("model", resource);
      out += inner.apply();
    }
    edit.set("requests", out + "]");
  }

  Result<ReplyFacts> read_reply(std::string_view body) const override {
    const auto doc = parse_reply(body);
    if (!doc) return fail(doc.error());
    const auto reply = doc->root();
    ReplyFacts facts;
    read_gemini_usage(gemini_field(reply, "usageMetadata"), facts.usage);
    if (const auto error = reply["error"]; error && !error.is_null()) {
      facts.error_object = error.raw();
    } else if (reply["embedding"]["values"].size() == 0 && reply["embeddings"].size() == 0) {
      return fail(ErrorClass::invalid_response, "a reply without embeddings: " + shortened(body, 120));
    }
    return facts;
  }
  // The call has no stream.
  std::unique_ptr<StreamReader> stream_reader() const override {
    return std::make_unique<DecodingStreamReader>(gemini_event_decoder());
  }
  const EmbeddingTranslation* embeddings() const override { return &translation_; }

 private:
  GeminiEmbeddingTranslation translation_;
};

}  // namespace

const Codec& gemini_embed() {
  static const EmbedCodec codec;
  return codec;
}

}  // namespace llmgw::dialects
