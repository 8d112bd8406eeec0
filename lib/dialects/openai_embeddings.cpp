// Embeddings (https://platform.openai.com/docs/api-reference/embeddings), and the calls whose
// bodies pass as they are.
#include "base/text.h"
#include "dialects/openai.h"

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
