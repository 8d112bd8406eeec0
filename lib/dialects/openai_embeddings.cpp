// Embeddings (https://platform.openai.com/docs/api-reference/embeddings), and the calls whose
// bodies pass as they are.
#include <algorithm>
#include <array>
#include <bit>

#include "base/json_writer.h"
#include "base/text.h"
#include "dialects/openai.h"
#include "dialects/reading.h"

namespace llmgw::dialects {
namespace {

// A stream that we don't read into: any event is content, its end is its end.
class OpaqueStreamReader final : public StreamReader {
 public:
  Result<StreamStep> read(const net::SseEvent& event) override {
    StreamStep step;
    step.content = !event.data.empty();
    step.finish = step.content;
    return step;
  }
};

// Vectors asked for as base64 are float32 in little-endian order (openai-python 2.54.0,
// resources/embeddings.py).
std::string packed(const std::vector<double>& vector) {
  std::string bytes;
  bytes.reserve(vector.size() * 4);
  for (const double x : vector) {
    auto bits = std::bit_cast<uint32_t>(static_cast<float>(x));
    for (int i = 0; i < 4; ++i, bits >>= 8) bytes += static_cast<char>(bits & 0xff);
  }
  return base64(bytes);
}

std::vector<double> unpacked(std::string_view bytes) {
  std::vector<double> vector;
  vector.reserve(bytes.size() / 4);
  for (size_t i = 0; i + 4 <= bytes.size(); i += 4) {
    uint32_t bits = 0;
    for (size_t k = 4; k > 0; --k) bits = bits << 8 | static_cast<unsigned char>(bytes[i + k - 1]);
    vector.push_back(static_cast<double>(std::bit_cast<float>(bits)));
  }
  return vector;
}

class OpenAiEmbeddingTranslation final : public EmbeddingTranslation {
 public:
  Result<EmbeddingRequest> read_request(const Request& request) const override {
    const auto body = request.doc->root();
    EmbeddingRequest out;
    const auto input = body["input"];
    if (input.is(json::Kind::string)) {
      out.inputs.push_back(input.text());
    } else if (!input.is(json::Kind::array) || input.size() == 0) {
      return refused("input", "must be a string or an array of strings");
    }
    size_t i = 0;
    for (auto [_, value] : input.elements()) {
      const std::string path = at("input", i++);
      if (!value.is(json::Kind::string)) {
        auto no = refused(path, "is tokens of a model's own: another vendor's takes only text");
        no.error().code = "unsupported_parameter";
        return no;
      }
      out.inputs.push_back(value.text());
    }
    out.dimensions = body["dimensions"].integer();
    const auto format = body["encoding_format"];
    if (format.says("base64")) {
      out.packed = true;
    } else if (format && !format.is_null() && !format.says("float")) {
      return refused("encoding_format", "must be float or base64");
    }
    for (auto [key, value] : body.members()) {
      const std::string name = key.text();
      constexpr std::array<std::string_view, 8> kRead = {"model",           "input",     "dimensions",
                                                         "encoding_format", "fallbacks", "fallback_on",
                                                         "extra_fields",    "models"};
      if (!value.is_null() && std::ranges::find(kRead, std::string_view(name)) == kRead.end())
        out.unmodelled.push_back(name);
    }
    return out;
  }

  std::string write_request(const EmbeddingRequest& asked, std::string_view model) const override {
    std::string out;
    json::Writer writer(out);
    writer.begin_object().member("model", model).key("input").begin_array();
    for (const auto& text : asked.inputs) writer.string(text);
    writer.end_array();
    if (asked.dimensions) writer.member("dimensions", *asked.dimensions);
    writer.member("encoding_format", "float").end_object();
    return out;
  }

  Result<EmbeddingAnswer> read_answer(std::string_view body) const override {
    const auto doc = json::Doc::parse(body);
    EmbeddingAnswer out;
    if (doc) {
      read_openai_usage(doc->root()["usage"], out.usage);
      out.model = doc->root()["model"].text();
      for (auto [_, entry] : doc->root()["data"].elements()) {
        // They may come in any order.
        const auto index = entry["index"].integer().value_or(static_cast<int64_t>(out.vectors.size()));
        if (index < 0 || static_cast<size_t>(index) >= doc->root()["data"].size()) continue;
        if (out.vectors.size() <= static_cast<size_t>(index))
          out.vectors.resize(static_cast<size_t>(index) + 1);
        auto& vector = out.vectors[static_cast<size_t>(index)];
        if (const auto text = entry["embedding"].string())
          vector = unpacked(base64_decoded(*text).value_or(""));
        for (auto [__, x] : entry["embedding"].elements()) vector.push_back(x.number().value_or(0));
      }
    }
    return checked(std::move(out), body);
  }

  std::string write_answer(const EmbeddingAnswer& answer, const EmbeddingRequest& asked,
                           std::string_view model) const override {
    std::string out;
    json::Writer writer(out);
    writer.begin_object().member("object", "list").key("data").begin_array();
    for (size_t i = 0; i < answer.vectors.size(); ++i) {
      writer.begin_object().member("object", "embedding").member("index", static_cast<int64_t>(i));
      writer.key("embedding");
      if (asked.packed) {
        writer.string(packed(answer.vectors[i]));
      } else {
        writer.begin_array();
        for (const double x : answer.vectors[i]) writer.number(x);
        writer.end_array();
      }
      writer.end_object();
    }
    const int64_t tokens = std::max<int64_t>(answer.usage.input, 0);
    writer.end_array().member("model", answer.model.empty() ? model : answer.model).key("usage");
    writer.begin_object().member("prompt_tokens", tokens).member("total_tokens", tokens).end_object();
    writer.end_object();
    return out;
  }
};

class EmbeddingsCodec final : public OpenAiCodec {
 public:
  Result<void> decode_needs(json::Value body, Request& request) const override {
    request.needs.text_bytes = static_cast<int64_t>(body["input"].raw().size());
    return {};
  }

  Result<ReplyFacts> read_reply(std::string_view body) const override {
    const auto doc = json::Doc::parse(body);
    if (!doc || !doc->root().is(json::Kind::object)) {
      return fail(ErrorClass::invalid_response, "a reply that is no JSON object: " + shortened(body, 120));
    }
    ReplyFacts facts{.object = true};
    read_openai_usage(doc->root()["usage"], facts.usage);
    if (doc->root()["data"].size() > 0) return facts;
    const auto error = openai_error(doc->root());
    if (!error)
      return fail(ErrorClass::invalid_response, "a reply without embeddings: " + shortened(body, 120));
    facts.error_object = error.raw();
    return facts;
  }
  std::unique_ptr<StreamReader> stream_reader() const override {
    return std::make_unique<OpaqueStreamReader>();
  }
  const EmbeddingTranslation* embeddings() const override { return &translation_; }

 private:
  OpenAiEmbeddingTranslation translation_;
};

class OtherCodec final : public OpenAiCodec {
 public:
  std::string_view end_event() const override { return {}; }
  Result<void> decode_needs(json::Value, Request&) const override { return {}; }
  Result<ReplyFacts> read_reply(std::string_view body) const override {
    ReplyFacts facts;
    if (!body.starts_with('{')) return facts;
    if (const auto doc = json::Doc::parse(body, {.allow_lone_surrogates = true})) {
      read_openai_usage(doc->root()["usage"], facts.usage);
      facts.object = true;
      facts.id = doc->root()["id"].text();
      read_openai_ids(doc->root(), facts.ids);
      if (doc->root().size() == 1) facts.error_object = openai_error(doc->root()).raw();
    }
    return facts;
  }
  std::unique_ptr<StreamReader> stream_reader() const override {
    return std::make_unique<OpaqueStreamReader>();
  }
};

}  // namespace

const Codec& openai_embeddings() {
  static const EmbeddingsCodec codec;
  return codec;
}

const Codec& openai_other() {
  static const OtherCodec codec;
  return codec;
}

}  // namespace llmgw::dialects
