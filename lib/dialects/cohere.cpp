#include "dialects/cohere.h"

#include <algorithm>
#include <functional>

#include "base/text.h"
#include "dialects/decoding_reader.h"
#include "dialects/no_stream.h"
#include "dialects/reading.h"
#include "dialects/translation_of.h"

namespace llmgw::dialects {
namespace {

using json::Kind;
using json::Value;

using CohereTranslation = TranslationOf<&read_cohere_request, &write_cohere_request, &read_cohere_answer,
                                        &write_cohere_answer, &cohere_event_decoder, &cohere_event_encoder>;

class CohereStreamReader final : public DecodingStreamReader {
 public:
  CohereStreamReader() : DecodingStreamReader(cohere_event_decoder()) {}

 private:
  bool holdable(const net::SseEvent& event) const override {
    return event.type == "message-end" && event.data != "[DONE]";
  }
};

void read_needs(Value content, Needs& needs) {
  if (content.is(Kind::string)) needs.text_bytes += static_cast<int64_t>(content.raw().size()) - 2;
  for (auto [_, block] : content.elements()) {
    if (block["type"].says("image_url")) {
      needs.vision = true;
    } else {
      needs.text_bytes += static_cast<int64_t>(block.raw().size());
    }
  }
}

// What both calls share.
class CohereCodec : public Codec {
 public:
  void edit_request(const Request& request, std::string_view model, bool, json::Edit& edit) const override {
    edit_envelope(request, model, edit);
  }
  std::string error_body(const Error& error, std::string_view extra_fields) const override {
    return cohere_error_body(error, extra_fields);
  }
  // The one event with a place for it (types/chat_message_end_event_delta.py).
  std::string error_event(const Error& error, const StreamSoFar&,
                          std::string_view extra_fields) const override {
    std::string out = "event: message-end\ndata: ";
    json::Writer writer(out);
    writer.begin_object().member("type", "message-end").key("delta").begin_object();
    writer.member("error", error.message).member("finish_reason", "ERROR").end_object();
    if (!extra_fields.empty()) writer.key("extra_fields").raw(extra_fields);
    writer.end_object();
    return out + "\n\n";
  }
  std::string attach(const net::SseEvent& event, std::string_view extra_fields) const override {
    return "event: " + std::string(event.type) +
           "\ndata: " + json::with_last_member(event.data, "extra_fields", extra_fields) + "\n\n";
  }
  std::string_view end_event() const override { return {}; }
};

// The error object of a reply: {"id", "message"} without anything else; empty: it is none.
std::string_view error_in(Value reply) {
  if (reply["message"].is(Kind::string)) return reply.raw();
  const auto error = reply["error"];
  return error && !error.is_null() ? error.raw() : std::string_view();
}

class CohereChatCodec final : public CohereCodec {
 public:
  Result<void> decode_request(Request& request) const override {
    if (auto read = read_envelope(request); !read) return read;
    const Value body = request.doc->root();
    auto& needs = request.needs;
    if (!body["messages"].is(Kind::array)) return refused("messages", "must be an array");
    for (auto [_, message] : body["messages"].elements()) {
      read_needs(message["content"], needs);
      needs.text_bytes += static_cast<int64_t>(message["tool_calls"].raw().size());
    }
    needs.tools = body["tools"].size() > 0;
    needs.text_bytes += static_cast<int64_t>(body["tools"].raw().size() + body["documents"].raw().size());
    const auto format = body["response_format"];
    needs.json_schema = format["json_schema"].is(Kind::object) || format["schema"].is(Kind::object);
    needs.max_output = body["max_tokens"].integer();
    return {};
  }

  Result<ReplyFacts> read_reply(std::string_view body) const override {
    const auto doc = parse_reply(body);
    if (!doc) return fail(doc.error());
    const auto reply = doc->root();
    const auto message = reply["message"];
    ReplyFacts facts{.object = true};
    read_cohere_usage(reply["usage"], facts.usage);
    if (const auto error = error_in(reply); !error.empty()) {
      facts.error_object = error;
    } else if (auto failure = cohere_failure(reply["finish_reason"].text(), {}); !failure.empty()) {
      facts.error_object = std::move(failure);
      facts.error_made = true;
    } else if (!message.is(Kind::object) ||
               (message["content"].size() == 0 && message["tool_calls"].size() == 0 &&
                !reply["finish_reason"].is(Kind::string))) {
      return fail(ErrorClass::invalid_response, "a reply without a message: " + shortened(body, 120));
    }
    return facts;
  }

  std::unique_ptr<StreamReader> stream_reader() const override {
    return std::make_unique<CohereStreamReader>();
  }
  const Translation* translation() const override { return &translation_; }

 private:
  CohereTranslation translation_;
};

class CohereEmbedCodec final : public CohereCodec {
 public:
  Result<void> decode_request(Request& request) const override {
    if (auto read = read_envelope(request); !read) return read;
    const auto body = request.doc->root();
    // Each text stands alone: the longest must fit.
    for (const std::string_view field : {"texts", "inputs"}) {
      for (auto [_, text] : body[field].elements())
        request.needs.text_bytes =
            std::max(request.needs.text_bytes, static_cast<int64_t>(text.raw().size()));
    }
    return {};
  }

  Result<ReplyFacts> read_reply(std::string_view body) const override {
    const auto doc = parse_reply(body);
    if (!doc) return fail(doc.error());
    const auto reply = doc->root();
    ReplyFacts facts{.object = true};
    read_cohere_usage(reply["meta"], facts.usage);
    // By type, or a list of them in version 1.
    if (reply["embeddings"].size() > 0) return facts;
    if (const auto error = error_in(reply); !error.empty()) {
      facts.error_object = error;
      return facts;
    }
    return fail(ErrorClass::invalid_response, "a reply without embeddings: " + shortened(body, 120));
  }
  std::unique_ptr<StreamReader> stream_reader() const override { return std::make_unique<NoStreamReader>(); }
};

}  // namespace

// The SDK picks the class by the status alone (v2/raw_client.py) and keeps the body as it came.
std::string cohere_error_body(const Error& error, std::string_view extra_fields) {
  const auto doc = json::Doc::parse(extra_fields.empty() ? "{}" : extra_fields);
  std::string out;
  json::Writer writer(out);
  writer.begin_object();
  if (const auto id = doc ? doc->root()["request_id"] : Value(); id.is(Kind::string))
    writer.key("id").raw(id.raw());
  writer.member("message", error.message);
  if (!extra_fields.empty()) writer.key("extra_fields").raw(extra_fields);
  writer.end_object();
  return out;
}

const Codec& cohere_chat() {
  static const CohereChatCodec codec;
  return codec;
}

const Codec& cohere_embed() {
  static const CohereEmbedCodec codec;
  return codec;
}

}  // namespace llmgw::dialects
