#include "dialects/token_count.h"

#include "base/json_writer.h"
#include "base/text.h"
#include "dialects/anthropic.h"

namespace llmgw::dialects {
namespace {

constexpr std::string_view kAnthropicField = "input_tokens";
constexpr std::string_view kGeminiField = "totalTokens";

class TokenCountCodec final : public Codec {
 public:
  TokenCountCodec(const Codec& counted, std::string_view field) : counted_(counted), field_(field) {}

  Result<void> decode_request(Request& request) const override { return counted_.decode_request(request); }
  void edit_request(const Request& request, std::string_view model, bool, json::Edit& edit) const override {
    counted_.edit_request(request, model, false, edit);
  }

  Result<ReplyFacts> read_reply(std::string_view body) const override {
    const auto doc = json::Doc::parse(body, {.allow_lone_surrogates = true});
    const auto reply = doc ? doc->root() : json::Value();
    ReplyFacts facts{.object = true};
    if (const auto error = reply["error"]; error.is(json::Kind::object)) {
      facts.error_object = error.raw();
    } else if (!reply[field_].integer()) {
      return fail(ErrorClass::invalid_response, "a count without a number: " + shortened(body, 120));
    }
    return facts;
  }

  // A count is never streamed: what comes as a stream all the same is read as its dialect's, and refused.
  std::unique_ptr<StreamReader> stream_reader() const override { return counted_.stream_reader(); }
  std::string error_body(const Error& error, std::string_view extra_fields) const override {
    return counted_.error_body(error, extra_fields);
  }
  std::string error_event(const Error& error, const StreamSoFar& so_far,
                          std::string_view extra_fields) const override {
    return counted_.error_event(error, so_far, extra_fields);
  }
  std::string attach(const net::SseEvent& event, std::string_view extra_fields) const override {
    return counted_.attach(event, extra_fields);
  }
  std::string_view end_event() const override { return counted_.end_event(); }

 private:
  const Codec& counted_;
  std::string_view field_;
};

}  // namespace

const Codec* anthropic_count() {
  static const TokenCountCodec codec(anthropic_messages(), kAnthropicField);
  return &codec;
}

const Codec* gemini_count() {
  const Codec* counted = codec(Dialect::gemini_generate);
  if (counted == nullptr) return nullptr;
  static const TokenCountCodec count(*counted, kGeminiField);
  return &count;
}

std::string token_count_body(Dialect counting, int64_t tokens) {
  std::string out;
  json::Writer writer(out);
  const auto field = counting == Dialect::gemini_count ? kGeminiField : kAnthropicField;
  writer.begin_object().member(field, tokens).end_object();
  return out;
}

}  // namespace llmgw::dialects
