// Requests, replies and stream events of the OpenAI dialects, and multipart forms.
#include <cstdint>
#include <cstdlib>

#include "dialects/codec.h"
#include "dialects/multipart.h"

using namespace llmgw;
using dialects::Dialect;

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string_view bytes(reinterpret_cast<const char*>(data), size);
  for (const auto dialect : {Dialect::openai_chat, Dialect::openai_completions, Dialect::openai_responses,
                             Dialect::openai_embeddings, Dialect::openai_other}) {
    const auto* codec = dialects::codec(dialect);
    dialects::Request request;
    request.dialect = dialect;
    request.body = bytes;
    if (codec->decode_request(request)) {
      json::Edit edit(request.doc->root());
      codec->edit_request(request, "other", true, edit);
      const auto edited = edit.apply();
      const auto doc = json::Doc::parse(edited);
      if (!doc || !doc->root()["model"].says("other") || doc->root()["fallbacks"]) std::abort();
    }
    (void)codec->read_reply(bytes);
    const auto reader = codec->stream_reader();
    net::SseSplitter splitter;
    splitter.feed(bytes);
    for (auto event = splitter.next(); event && *event; event = splitter.next()) {
      const auto step = reader->read(**event);
      if (step && step->holdable) (void)codec->attach(**event, "{}");
    }
  }
  dialects::Request form;
  form.body = bytes;
  auto fields = dialects::scan_form("multipart/form-data; boundary=b", form.body);
  if (fields && dialects::read_form(std::move(*fields), form))
    (void)dialects::changed(form.body, dialects::form_changes(form, "m"));
  return 0;
}
