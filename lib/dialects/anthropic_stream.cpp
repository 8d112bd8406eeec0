// The events of a streamed message (docs.anthropic.com, "Streaming Messages").
#include <algorithm>
#include <map>
#include <optional>
#include <set>

#include "base/json_writer.h"
#include "base/text.h"
#include "dialects/anthropic.h"
#include "dialects/reading.h"
#include "dialects/seal.h"

namespace llmgw::dialects {
namespace {

using json::Kind;
using json::Value;
using EventKind = StreamEvent::Kind;

class AnthropicEventDecoder final : public EventDecoder {
 public:
  Result<void> decode(const net::SseEvent& event, std::vector<StreamEvent>& out) override {
    if (event.data.empty()) return {};
    const auto doc = parse_event(event);
    if (!doc) return fail(doc.error());
    const auto body = doc->root();
    const std::string type = body["type"].text();
    if (type == "content_block_delta") {
      read_delta(body, out);
    } else if (type == "content_block_start") {
      read_start(body, out);
    } else if (type == "content_block_stop") {
      const int part = index_of(body);
      // A call without arguments brings none.
      if (silent_calls_.erase(part) != 0)
        out.push_back({.kind = EventKind::arguments, .part = part, .text = "{}"});
      out.push_back({.kind = EventKind::part_end, .part = part});
    } else if (type == "message_start") {
      const auto message = body["message"];
      read_anthropic_usage(message["usage"], usage_);
      out.push_back({.kind = EventKind::start,
                     .id = message["id"].text(),
                     .name = message["model"].text(),
                     .usage = usage_});
    } else if (type == "message_delta") {
      read_anthropic_usage(body["usage"], usage_);
      if (const auto reason = body["delta"]["stop_reason"]; reason.is(Kind::string)) {
        out.push_back({.kind = EventKind::finish,
                       .text = body["delta"]["stop_sequence"].text(),
                       .finish = anthropic_finish(reason.text())});
      }
      out.push_back({.kind = EventKind::usage, .usage = usage_});
    } else if (type == "message_stop") {
      out.push_back({.kind = EventKind::end});
    } else if (type == "error") {
      out.push_back(
          {.kind = EventKind::error, .text = std::string(body["error"] ? body["error"].raw() : body.raw())});
    }
    return {};  // a ping, or an event that is newer than this code
  }

 private:
  static int index_of(Value body) {
    return static_cast<int>(std::clamp<int64_t>(body["index"].integer().value_or(0), 0, 1 << 20));
  }

  void read_start(Value body, std::vector<StreamEvent>& out) {
    const int part = index_of(body);
    const auto block = body["content_block"];
    const auto type = block["type"];
    if (type.says("tool_use")) {
      out.push_back({.kind = EventKind::tool_call,
                     .part = part,
                     .id = block["id"].text(),
                     .name = block["name"].text()});
      calls_.insert(part);
      silent_calls_.insert(part);
      if (block["input"].size() > 0) read_arguments(part, std::string(block["input"].raw()), out);
    } else if (type.says("redacted_thinking")) {
      out.push_back({.kind = EventKind::redacted,
                     .part = part,
                     .seal = seal_in(Issuer::anthropic, block["data"].text())});
    } else if (type.says("text") && !block["text"].says("") && block["text"]) {
      out.push_back({.kind = EventKind::text, .part = part, .text = block["text"].text()});
    } else if (type.says("thinking") && !block["thinking"].says("") && block["thinking"]) {
      out.push_back({.kind = EventKind::reasoning, .part = part, .text = block["thinking"].text()});
    }
  }

  void read_arguments(int part, std::string text, std::vector<StreamEvent>& out) {
    if (text.empty() || !calls_.contains(part)) return;  // the vendor's own tools have input, too
    silent_calls_.erase(part);
    out.push_back({.kind = EventKind::arguments, .part = part, .text = std::move(text)});
  }

  void read_delta(Value body, std::vector<StreamEvent>& out) {
    const int part = index_of(body);
    const auto delta = body["delta"];
    const auto type = delta["type"];
    auto piece = [&](EventKind kind, std::string_view field) {
      if (std::string text = delta[field].text(); !text.empty())
        out.push_back({.kind = kind, .part = part, .text = std::move(text)});
    };
    if (type.says("text_delta")) {
      piece(EventKind::text, "text");
    } else if (type.says("input_json_delta")) {
      read_arguments(part, delta["partial_json"].text(), out);
    } else if (type.says("thinking_delta")) {
      piece(EventKind::reasoning, "thinking");
    } else if (type.says("signature_delta")) {
      if (auto seal = seal_in(Issuer::anthropic, delta["signature"].text()))
        out.push_back({.kind = EventKind::seal, .part = part, .seal = std::move(seal)});
    } else if (type.says("citations_delta")) {
      const auto c = delta["citation"];
      out.push_back({.kind = EventKind::citation,
                     .part = part,
                     .citation = {.url = c["url"].text(),
                                  .title = c["title"] ? c["title"].text() : c["document_title"].text(),
                                  .quote = c["cited_text"].text(),
                                  .begin = {},
                                  .end = {}}});
    }
  }

  observe::Usage usage_;
  std::set<int> calls_;         // blocks that are calls of the client's tools
  std::set<int> silent_calls_;  // calls of which no argument has come
};

// Blocks are numbered as they begin. A block stays open until its part has ended, so that calls that come
// interleaved keep their own.
class AnthropicEventEncoder final : public EventEncoder {
 public:
  explicit AnthropicEventEncoder(StreamOpening opening) : opening_(std::move(opening)) {}

  void encode(const StreamEvent& event, std::string& out) override {
    if (event.choice != 0) return;  // a message has one
    switch (event.kind) {
      case EventKind::start:
        if (!event.id.empty()) opening_.id = event.id;
        model_ = event.name;
        usage_ = event.usage;
        break;
      case EventKind::text:
      case EventKind::refusal:
        delta(open(event.part, Block::text, event, out), "text_delta", "text", event.text, out);
        break;
      case EventKind::reasoning:
        delta(open(event.part, Block::thinking, event, out), "thinking_delta", "thinking", event.text, out);
        break;
      case EventKind::tool_call: open(event.part, Block::tool, event, out); break;
      case EventKind::arguments:
        delta(open(event.part, Block::tool, event, out), "input_json_delta", "partial_json", event.text, out);
        break;
      case EventKind::seal: {
        // Only thoughts have a place for it.
        const auto found = open_.find(event.part);
        if (found == open_.end() || found->second.kind != Block::thinking) break;
        delta(found->second.index, "signature_delta", "signature", sealed_for(Issuer::anthropic, event.seal),
              out);
        break;
      }
      case EventKind::redacted:
        open(event.part, Block::redacted, event, out);
        close(event.part, out);
        break;
      case EventKind::citation: {
        // Gemini's come at the very end: too late for a block that is closed.
        if (closed_.contains(event.part)) break;
        const auto index = open(event.part, Block::text, event, out);
        begin("content_block_delta", out).member("index", index).key("delta").begin_object();
        writer_->member("type", "citations_delta").key("citation").begin_object();
        writer_->member("type", "web_search_result_location").member("url", event.citation.url);
        writer_->member("title", event.citation.title).member("cited_text", event.citation.quote);
        writer_->member("encrypted_index", "").end_object().end_object();
        finish(out);
        break;
      }
      case EventKind::part_end: close(event.part, out); break;
      case EventKind::finish:
        finish_ = event.finish;
        stop_sequence_ = event.text;
        break;
      case EventKind::usage: usage_ = event.usage; break;
      default: break;
    }
  }

  void end(std::string_view extra_fields, std::string& out) override {
    start(out);
    while (!open_.empty()) close(open_.begin()->first, out);
    begin("message_delta", out).key("delta").begin_object();
    writer_->member("stop_reason", anthropic_stop_reason(finish_)).key("stop_sequence");
    if (stop_sequence_.empty()) {
      writer_->null();
    } else {
      writer_->string(stop_sequence_);
    }
    writer_->end_object().key("usage");
    write_anthropic_usage(*writer_, usage_);
    if (!extra_fields.empty()) writer_->key("extra_fields").raw(extra_fields);
    finish(out);
    begin("message_stop", out);
    finish(out);
  }

 private:
  enum class Block : uint8_t { text, thinking, tool, redacted };
  struct Open {
    int64_t index;
    Block kind;
  };

  json::Writer& begin(std::string_view type, std::string& out) {
    out.append("event: ").append(type).append("\ndata: ");
    writer_.emplace(out);
    return writer_->begin_object().member("type", type);
  }
  void finish(std::string& out) {
    writer_->end_object();
    out += "\n\n";
  }

  void start(std::string& out) {
    if (started_) return;
    started_ = true;
    begin("message_start", out).key("message").begin_object();
    writer_->member("id", opening_.id).member("type", "message").member("role", "assistant");
    writer_->member("model", model_).key("content").begin_array().end_array();
    writer_->key("stop_reason").null().key("stop_sequence").null().key("usage");
    write_anthropic_usage(*writer_, usage_);
    if (!opening_.extra_fields.empty()) writer_->key("extra_fields").raw(opening_.extra_fields);
    writer_->end_object();
    finish(out);
  }

  // The index of the part's block, which begins when it has not yet.
  int64_t open(int part, Block kind, const StreamEvent& event, std::string& out) {
    start(out);
    if (const auto found = open_.find(part); found != open_.end()) return found->second.index;
    const int64_t index = blocks_++;
    open_[part] = {index, kind};
    begin("content_block_start", out).member("index", index).key("content_block").begin_object();
    switch (kind) {
      case Block::text: writer_->member("type", "text").member("text", ""); break;
      case Block::thinking:
        writer_->member("type", "thinking").member("thinking", "").member("signature", "");
        break;
      case Block::tool:
        writer_->member("type", "tool_use").member("id", event.id).member("name", event.name);
        writer_->key("input").begin_object().end_object();
        break;
      case Block::redacted:
        writer_->member("type", "redacted_thinking")
            .member("data", sealed_for(Issuer::anthropic, event.seal));
        break;
    }
    writer_->end_object();
    finish(out);
    return index;
  }

  void close(int part, std::string& out) {
    const auto found = open_.find(part);
    if (found == open_.end()) return;
    begin("content_block_stop", out).member("index", found->second.index);
    finish(out);
    open_.erase(found);
    closed_.insert(part);
  }

  void delta(int64_t index, std::string_view type, std::string_view field, std::string_view text,
             std::string& out) {
    begin("content_block_delta", out).member("index", index).key("delta").begin_object();
    writer_->member("type", type).member(field, text).end_object();
    finish(out);
  }

  StreamOpening opening_;
  std::optional<json::Writer> writer_;  // of the event that is being written
  std::string model_, stop_sequence_;
  observe::Usage usage_;
  Finish finish_ = Finish::stop;
  std::map<int, Open> open_;  // by part
  std::set<int> closed_;      // parts that had a block
  int64_t blocks_ = 0;
  bool started_ = false;
};

}  // namespace

std::unique_ptr<EventDecoder> anthropic_event_decoder() {
  return std::make_unique<AnthropicEventDecoder>();
}

std::unique_ptr<EventEncoder> anthropic_event_encoder(StreamOpening opening) {
  return std::make_unique<AnthropicEventEncoder>(std::move(opening));
}

}  // namespace llmgw::dialects
