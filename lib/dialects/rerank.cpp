#include "dialects/rerank.h"

#include "base/text.h"
#include "dialects/cohere.h"
#include "dialects/no_stream.h"
#include "dialects/openai.h"
#include "dialects/reading.h"

namespace llmgw::dialects {
namespace {

using json::Kind;
using json::Value;

class RerankCodec final : public Codec {
 public:
  Result<void> decode_request(Request& request) const override {
    if (auto read = read_envelope(request); !read) return read;
    const auto body = request.doc->root();
    if (!body["query"].is(Kind::string) && !body["query"].is(Kind::object))
      return refused("query", "must be a string");
    if (!body["documents"].is(Kind::array)) return refused("documents", "must be an array");
    // Documents stand alone, and are cut to fit by who ranks them.
    request.needs.text_bytes = static_cast<int64_t>(body["query"].raw().size());
    return {};
  }
  void edit_request(const Request& request, std::string_view model, bool, json::Edit& edit) const override {
    edit_envelope(request, model, edit);
  }

  Result<ReplyFacts> read_reply(std::string_view body) const override {
    const auto doc = parse_reply(body);
    if (!doc) return fail(doc.error());
    const auto reply = doc->root();
    ReplyFacts facts{.object = true};
    read_cohere_usage(reply["meta"], facts.usage);
    read_usage(reply["usage"], facts.usage);
    if (reply["results"].is(Kind::array) || reply["data"].is(Kind::array)) return facts;
    if (const auto error = openai_error(reply)) {
      facts.error_object = error.raw();
    } else if (reply["message"].is(Kind::string) || reply["detail"]) {
      facts.error_object = reply.raw();
    } else {
      return fail(ErrorClass::invalid_response, "a reply without results: " + shortened(body, 120));
    }
    return facts;
  }
  std::unique_ptr<StreamReader> stream_reader() const override { return std::make_unique<NoStreamReader>(); }

  std::string error_body(const Error& error, std::string_view extra_fields) const override {
    return cohere_error_body(error, extra_fields);
  }
  std::string error_event(const Error&, const StreamSoFar&, std::string_view) const override { return {}; }
  std::string attach(const net::SseEvent& event, std::string_view) const override {
    return std::string(event.raw);
  }
  std::string_view end_event() const override { return {}; }

 private:
  // Jina and Voyage count `total_tokens` alone: all of it is input.
  static void read_usage(Value usage, observe::Usage& out) {
    read_openai_usage(usage, out);
    if (const auto total = usage["total_tokens"].integer(); total && out.input < 0) out.input = *total;
    if (out.input >= 0 && out.output < 0) out.output = 0;
  }
};

}  // namespace

const Codec& rerank() {
  static const RerankCodec codec;
  return codec;
}

}  // namespace llmgw::dialects
