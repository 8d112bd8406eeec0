// The lines of a streamed answer of Ollama's chat. Calls come whole; the last line says why it ended.
#include <map>
#include <optional>

#include "base/text.h"
#include "dialects/ollama.h"
#include "dialects/reading.h"

namespace llmgw::dialects {
namespace {

using json::Kind;
using EventKind = StreamEvent::Kind;

class OllamaEventDecoder final : public EventDecoder {
 public:
  Result<void> decode(const net::SseEvent& event, std::vector<StreamEvent>& out) override {
    if (event.data.empty()) return {};
    const auto doc = parse_event(event);
    if (!doc) return fail(doc.error());
    const auto body = doc->root();
    if (const auto error = body["error"]; error && !error.is_null()) {
      out.push_back({.kind = EventKind::error, .text = std::string(body.raw())});
      return {};
    }
    if (name_.empty()) {
      name_ = event.data;  // a stream without an id names its calls by its first line
      out.push_back({.kind = EventKind::start, .name = body["model"].text()});
    }
    const auto message = body["message"];
    say(EventKind::reasoning, message["thinking"].text(), out);
    say(EventKind::text, message["content"].text(), out);
    for (auto [_, value] : message["tool_calls"].elements()) {
      close(out);
      const int part = parts_++;
      called_ = true;
      auto call = read_ollama_call(value, made_up_call_id(name_, 0, static_cast<size_t>(part)));
      out.push_back({.kind = EventKind::tool_call,
                     .part = part,
                     .id = std::move(call.id),
                     .name = std::move(call.name)});
      out.push_back({.kind = EventKind::arguments, .part = part, .text = std::move(call.arguments)});
      out.push_back({.kind = EventKind::part_end, .part = part});
    }
    if (body["done"].boolean() != true) return {};
    close(out);
    observe::Usage usage;
    read_ollama_usage(body, usage);
    out.push_back({.kind = EventKind::finish, .finish = ollama_finish(body["done_reason"].text(), called_)});
    out.push_back({.kind = EventKind::usage, .usage = usage});
    out.push_back({.kind = EventKind::end});
    return {};
  }

 private:
  void say(EventKind kind, std::string text, std::vector<StreamEvent>& out) {
    if (text.empty()) return;
    if (open_ < 0 || open_kind_ != kind) {
      close(out);
      open_ = parts_++;
      open_kind_ = kind;
    }
    out.push_back({.kind = kind, .part = open_, .text = std::move(text)});
  }
  void close(std::vector<StreamEvent>& out) {
    if (open_ >= 0) out.push_back({.kind = EventKind::part_end, .part = open_});
    open_ = -1;
  }

  std::string name_;
  int parts_ = 0;  // begun
  int open_ = -1;  // the text or thought that goes on
  EventKind open_kind_ = EventKind::text;
  bool called_ = false;
};

class OllamaEventEncoder final : public EventEncoder {
 public:
  explicit OllamaEventEncoder(StreamOpening opening) : opening_(std::move(opening)) {}

  void encode(const StreamEvent& event, std::string& out) override {
    if (event.choice != 0) return;  // a message has one
    switch (event.kind) {
      case EventKind::start:
        model_ = event.name;
        usage_ = event.usage;
        break;
      case EventKind::text:
      case EventKind::refusal:
        if (!event.text.empty()) write(event.text, {}, nullptr, out);
        break;
      case EventKind::reasoning:
        if (!event.text.empty()) write({}, event.text, nullptr, out);
        break;
      case EventKind::tool_call:
        calls_[event.part] = {ToolCall{.id = event.id, .name = event.name, .arguments = {}}, false};
        break;
      case EventKind::arguments:
        if (const auto found = calls_.find(event.part); found != calls_.end())
          found->second.call.arguments += event.text;
        break;
      case EventKind::part_end:
        if (const auto found = calls_.find(event.part); found != calls_.end()) found->second.whole = true;
        // In the order in which they began: one that is whole waits for those before it.
        while (!calls_.empty() && calls_.begin()->second.whole) write_first_call(out);
        break;
      case EventKind::finish: finish_ = event.finish; break;
      case EventKind::usage: usage_ = event.usage; break;
      default: break;
    }
  }

  void end(std::string_view, std::string& out) override {
    while (!calls_.empty()) write_first_call(out);
    auto& w = begin(out);
    w.key("message").begin_object().member("role", "assistant").member("content", "").end_object();
    w.member("done", true).member("done_reason", ollama_done_reason(finish_));
    write_ollama_usage(w, usage_);
    w.end_object();
    out += '\n';
  }

 private:
  struct Open {
    ToolCall call;
    bool whole = false;
  };

  void write_first_call(std::string& out) {
    write({}, {}, &calls_.begin()->second.call, out);
    calls_.erase(calls_.begin());
  }

  json::Writer& begin(std::string& out) {
    writer_.emplace(out);
    return writer_->begin_object()
        .member("model", model_)
        .member("created_at", ollama_time(opening_.created));
  }

  void write(std::string_view text, std::string_view thought, const ToolCall* call, std::string& out) {
    auto& w = begin(out);
    w.key("message").begin_object().member("role", "assistant").member("content", text);
    if (!thought.empty()) w.member("thinking", thought);
    if (call != nullptr) {
      w.key("tool_calls").begin_array();
      write_ollama_call(w, *call);
      w.end_array();
    }
    w.end_object().member("done", false).end_object();
    out += '\n';
  }

  StreamOpening opening_;
  std::optional<json::Writer> writer_;  // of the line that is being written
  std::string model_;
  observe::Usage usage_;
  Finish finish_ = Finish::stop;
  std::map<int, Open> calls_;  // that have begun, by part: they are sent whole
};

}  // namespace

std::unique_ptr<EventDecoder> ollama_event_decoder() {
  return std::make_unique<OllamaEventDecoder>();
}

std::unique_ptr<EventEncoder> ollama_event_encoder(StreamOpening opening) {
  return std::make_unique<OllamaEventEncoder>(std::move(opening));
}

}  // namespace llmgw::dialects
