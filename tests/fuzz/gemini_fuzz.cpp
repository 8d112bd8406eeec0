// Requests, replies and stream events of Gemini's dialects: what is read can be written again.
#include <cstdint>
#include <cstdlib>

#include "dialects/gemini.h"

using namespace llmgw;
using dialects::Dialect;

namespace {

void check_json(std::string_view bytes) {
  if (!json::Doc::parse(bytes, {.max_depth = 2048, .allow_lone_surrogates = true})) std::abort();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string_view bytes(reinterpret_cast<const char*>(data), size);
  for (const auto dialect : {Dialect::gemini_generate, Dialect::gemini_embed}) {
    const auto* codec = dialects::codec(dialect);
    dialects::Request request;
    request.dialect = dialect;
    request.model = "m";
    request.body = bytes;
    if (codec->decode_request(request)) {
      json::Edit edit(request.doc->root());
      codec->edit_request(request, "other", true, edit);
      check_json(edit.apply());
      if (codec->translation() != nullptr) {
        if (const auto read = codec->translation()->read_request(request)) {
          dialects::Warnings warnings;
          for (const auto* model : {"gemini-2.5-pro", "gemini-3-flash"})
            check_json(
                codec->translation()->write_request(*read, {.model = model, .kind = "gemini"}, warnings));
        }
      } else {
        (void)codec->embeddings()->read_request(request);
      }
    }
    (void)codec->read_reply(bytes);
    if (codec->embeddings() != nullptr) (void)codec->embeddings()->read_answer(bytes);
  }
  if (const auto answer = dialects::read_gemini_answer(bytes))
    check_json(dialects::write_gemini_answer(*answer));
  net::SseSplitter splitter;
  splitter.feed(bytes);
  splitter.finish();
  const auto decoder = dialects::gemini_event_decoder();
  const auto encoder = dialects::gemini_event_encoder({});
  std::string out;
  std::vector<dialects::StreamEvent> events;
  for (auto event = splitter.next(); event && *event; event = splitter.next()) {
    events.clear();
    if (!decoder->decode(**event, events)) continue;
    for (const auto& one : events) encoder->encode(one, out);
  }
  encoder->end("{}", out);
  return 0;
}
