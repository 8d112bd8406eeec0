// Translation of requests, replies and streams: what was read from any bytes is written in every dialect as
// valid JSON, or as a stream that its own decoder reads to its end.
#include <array>
#include <cstdint>
#include <cstdlib>

#include "dialects/codec.h"
#include "dialects/token_estimate.h"

using namespace llmgw;
using dialects::Dialect;

namespace {

// A new dialect's codec joins here.
constexpr std::array kDialects = {Dialect::openai_chat,        Dialect::openai_responses,
                                  Dialect::anthropic_messages, Dialect::gemini_generate,
                                  Dialect::bedrock_converse,   Dialect::cohere_chat,
                                  Dialect::ollama_chat};

void check_json(const std::string& body) {
  if (!json::Doc::parse(body, {.allow_lone_surrogates = true})) std::abort();
}

std::vector<dialects::StreamEvent> decoded(const dialects::Codec& codec, std::string_view bytes, bool must) {
  std::vector<dialects::StreamEvent> out;
  const auto splitter = codec.splitter();
  const auto decoder = codec.translation()->decoder();
  splitter->feed(bytes);
  for (;;) {
    const auto event = splitter->next();
    if (!event || !*event) {
      if (must && !event) std::abort();
      return out;
    }
    if (!decoder->decode(**event, out)) {
      if (must) std::abort();
      return out;
    }
  }
}

void fuzz_request(Dialect from, std::string_view bytes) {
  dialects::Request request;
  request.dialect = from;
  request.body = bytes;
  if (!dialects::codec(from)->decode_request(request)) return;
  (void)dialects::estimate_tokens(request.doc->root());
  const auto conversation = dialects::codec(from)->translation()->read_request(request);
  if (!conversation) return;
  if (dialects::estimate_tokens(*conversation) < 0) std::abort();
  for (const auto to : kDialects) {
    for (const std::string_view model : {"claude-sonnet-4-5", "claude-opus-4-7"}) {
      dialects::Warnings warnings;
      check_json(dialects::codec(to)->translation()->write_request(
          *conversation, {.model = model, .kind = "openai", .stream = true}, warnings));
    }
  }
}

void fuzz_reply(const dialects::Codec& codec, std::string_view bytes) {
  if (!codec.read_reply(bytes)) return;
  const auto answer = codec.translation()->read_answer(bytes);
  if (!answer) return;
  for (const auto to : kDialects) check_json(dialects::codec(to)->translation()->write_answer(*answer, "{}"));
}

void fuzz_stream(const dialects::Codec& codec, std::string_view bytes) {
  const auto events = decoded(codec, bytes, false);
  for (const auto to : kDialects) {
    const auto encoder = dialects::codec(to)->translation()->encoder({.id = "x", .wants_usage = true});
    std::string out;
    for (const auto& event : events) encoder->encode(event, out);
    encoder->end("{}", out);
    const auto back = decoded(*dialects::codec(to), out, true);
    const auto last = back.empty() ? dialects::StreamEvent::Kind::start : back.back().kind;
    const bool marked = to != Dialect::gemini_generate;  // it has no end marker
    if (back.empty() || (marked && last != dialects::StreamEvent::Kind::end)) std::abort();
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string_view bytes(reinterpret_cast<const char*>(data), size);
  for (const auto dialect : kDialects) {
    const auto& codec = *dialects::codec(dialect);
    fuzz_request(dialect, bytes);
    fuzz_reply(codec, bytes);
    fuzz_stream(codec, bytes);
    const auto reader = codec.stream_reader();
    const auto splitter = codec.splitter();
    splitter->feed(bytes);
    for (auto event = splitter->next(); event && *event; event = splitter->next()) {
      const auto step = reader->read(**event);
      if (step && (step->holdable || step->opening)) (void)codec.attach(**event, "{}");
    }
  }
  return 0;
}
