#include "dialects/ollama.h"

#include "base/text.h"
#include "dialects/reading.h"
#include "dialects/translation_of.h"
#include "dialects/unmarked_reader.h"
#include "net/json_lines.h"

namespace llmgw::dialects {
namespace {

using json::Kind;
using json::Value;

using OllamaTranslation = TranslationOf<&read_ollama_request, &write_ollama_request, &read_ollama_answer,
                                        &write_ollama_answer, &ollama_event_decoder, &ollama_event_encoder>;

class OllamaCodec final : public Codec {
 public:
  Result<void> decode_request(Request& request) const override {
    if (auto read = read_envelope(request); !read) return read;
    const Value body = request.doc->root();
    auto& needs = request.needs;
    if (body["stream"].boolean() != false) request.stream = true;
    if (!body["messages"].is(Kind::array)) return refused("messages", "must be an array");
    for (auto [_, message] : body["messages"].elements()) {
      if (message["images"].size() > 0) needs.vision = true;
      needs.text_bytes +=
          static_cast<int64_t>(message["content"].raw().size() + message["tool_calls"].raw().size());
    }
    needs.tools = body["tools"].size() > 0;
    needs.text_bytes += static_cast<int64_t>(body["tools"].raw().size());
    needs.json_schema = body["format"].is(Kind::object);
    if (const auto most = body["options"]["num_predict"].integer(); most && *most > 0)
      needs.max_output = most;
    return {};
  }
  void edit_request(const Request& request, std::string_view model, bool, json::Edit& edit) const override {
    edit_envelope(request, model, edit);
  }

  Result<ReplyFacts> read_reply(std::string_view body) const override {
    const auto doc = parse_reply(body);
    if (!doc) return fail(doc.error());
    const auto reply = doc->root();
    ReplyFacts facts;
    read_ollama_usage(reply, facts.usage);
    if (const auto error = reply["error"]; error && !error.is_null()) {
      facts.error_object = reply.raw();
    } else if (!reply["message"].is(Kind::object)) {
      return fail(ErrorClass::invalid_response, "a reply without a message: " + shortened(body, 120));
    }
    return facts;
  }

  std::unique_ptr<StreamReader> stream_reader() const override {
    return std::make_unique<UnmarkedStreamReader>(ollama_event_decoder());
  }
  // ollama-python raises ResponseError of it, whatever the status (_client.py).
  std::string error_body(const Error& error, std::string_view) const override {
    std::string out;
    json::Writer(out).begin_object().member("error", error.message).end_object();
    return out;
  }
  std::string error_event(const Error& error, const StreamSoFar&,
                          std::string_view extra_fields) const override {
    return error_body(error, extra_fields) + "\n";
  }
  std::string attach(const net::SseEvent& event, std::string_view) const override {
    return std::string(event.raw);
  }
  std::string_view end_event() const override { return {}; }
  std::unique_ptr<net::EventSplitter> splitter() const override {
    return std::make_unique<net::JsonLinesSplitter>();
  }
  std::string_view stream_type() const override { return "application/x-ndjson"; }
  bool shows_extra_fields() const override { return false; }  // its clients' types drop what they do not know
  const Translation* translation() const override { return &translation_; }

 private:
  OllamaTranslation translation_;
};

}  // namespace

const Codec& ollama_chat() {
  static const OllamaCodec codec;
  return codec;
}

}  // namespace llmgw::dialects
