// The events of a streamed answer of Cohere's Chat. `message-end` is the last: it says why, and the usage.
#include <algorithm>
#include <functional>
#include <map>
#include <optional>

#include "base/text.h"
#include "dialects/cohere.h"
#include "dialects/reading.h"

namespace llmgw::dialects {
namespace {

using json::Kind;
using json::Value;
using EventKind = StreamEvent::Kind;

class CohereEventDecoder final : public EventDecoder {
 public:
  Result<void> decode(const net::SseEvent& event, std::vector<StreamEvent>& out) override {
    // cohere-python takes "[DONE]" for the end, too (v2/raw_client.py): all was said before it.
    if (event.data.empty() || event.data == "[DONE]") return {};
    const auto doc = parse_event(event);
    if (!doc) return fail(doc.error());
    const auto body = doc->root();
    const auto type = body["type"];
    const auto message = body["delta"]["message"];
    if (type.says("content-delta") || type.says("content-start")) {
      read_content(index_of(body), message["content"], out);
    } else if (type.says("tool-call-delta")) {
      read_arguments(index_of(body), message["tool_calls"]["function"]["arguments"].text(), out);
    } else if (type.says("tool-call-start")) {
      start_call(index_of(body), message["tool_calls"], out);
    } else if (type.says("tool-call-end")) {
      end_call(index_of(body), out);
    } else if (type.says("tool-plan-delta")) {
      if (auto text = message["tool_plan"].text(); !text.empty()) {
        if (!plan_) plan_ = parts_++;
        out.push_back({.kind = EventKind::text, .part = *plan_, .text = std::move(text)});
      }
    } else if (type.says("content-end")) {
      if (const auto found = open_.find(index_of(body)); found != open_.end()) {
        out.push_back({.kind = EventKind::part_end, .part = found->second});
        open_.erase(found);
      }
    } else if (type.says("citation-start")) {
      read_citation(message["citations"], out);
    } else if (type.says("message-start")) {
      id_ = body["id"].text();
      out.push_back({.kind = EventKind::start, .id = id_});
    } else if (type.says("message-end")) {
      read_end(body["delta"], out);
    } else if (!type && body["message"].is(Kind::string)) {  // an error's body in place of an event
      out.push_back({.kind = EventKind::error, .text = std::string(body.raw())});
    }
    return {};  // or an event that is newer than this code
  }

 private:
  static int index_of(Value body) {
    return static_cast<int>(std::clamp<int64_t>(body["index"].integer().value_or(0), 0, 1 << 20));
  }

  void read_content(int index, Value content, std::vector<StreamEvent>& out) {
    for (const auto& [field, kind] :
         {std::pair{"thinking", EventKind::reasoning}, std::pair{"text", EventKind::text}}) {
      auto text = content[field].text();
      if (text.empty()) continue;
      close_plan(out);
      const auto [found, begun] = open_.try_emplace(index, parts_);
      if (begun) {
        ++parts_;
        if (kind == EventKind::text) texts_[index] = found->second;
      }
      out.push_back({.kind = kind, .part = found->second, .text = std::move(text)});
    }
  }

  void start_call(int index, Value call, std::vector<StreamEvent>& out) {
    close_plan(out);
    if (calls_.contains(index)) end_call(index, out);
    const int part = parts_++;
    calls_[index] = {part, true};
    std::string id = call["id"].text();
    if (id.empty()) id = made_up_call_id(id_, 0, static_cast<size_t>(part));
    out.push_back({.kind = EventKind::tool_call,
                   .part = part,
                   .id = std::move(id),
                   .name = call["function"]["name"].text()});
    read_arguments(index, call["function"]["arguments"].text(), out);
  }

  void read_arguments(int index, std::string piece, std::vector<StreamEvent>& out) {
    const auto found = calls_.find(index);
    if (found == calls_.end() || piece.empty()) return;
    found->second.silent = false;
    out.push_back({.kind = EventKind::arguments, .part = found->second.part, .text = std::move(piece)});
  }

  void end_call(int index, std::vector<StreamEvent>& out) {
    const auto found = calls_.find(index);
    if (found == calls_.end()) return;
    // A call without arguments brings none.
    if (found->second.silent)
      out.push_back({.kind = EventKind::arguments, .part = found->second.part, .text = "{}"});
    out.push_back({.kind = EventKind::part_end, .part = found->second.part});
    calls_.erase(found);
  }

  void read_citation(Value citation, std::vector<StreamEvent>& out) {
    std::optional<int> part;
    if (citation["type"].says("PLAN")) {
      part = plan_;
    } else if (const auto index = citation["content_index"].integer()) {
      const auto found = texts_.find(static_cast<int>(std::clamp<int64_t>(*index, 0, 1 << 20)));
      if (found != texts_.end()) part = found->second;
    } else if (!texts_.empty()) {
      part = texts_.rbegin()->second;
    }
    if (!part) return;
    std::vector<Citation> citations;
    read_cohere_citation(citation, citations);
    for (auto& one : citations)
      out.push_back({.kind = EventKind::citation, .part = *part, .citation = std::move(one)});
  }

  void close_plan(std::vector<StreamEvent>& out) {
    if (plan_ && !plan_ended_) out.push_back({.kind = EventKind::part_end, .part = *plan_});
    plan_ended_ = plan_.has_value();
  }

  void read_end(Value delta, std::vector<StreamEvent>& out) {
    const auto reason = delta["finish_reason"].text();
    close_plan(out);
    while (!calls_.empty()) end_call(calls_.begin()->first, out);
    for (const auto& [_, part] : open_) out.push_back({.kind = EventKind::part_end, .part = part});
    open_.clear();
    read_cohere_usage(delta["usage"], usage_);
    if (auto failure = cohere_failure(reason, delta["error"].text()); !failure.empty()) {
      out.push_back({.kind = EventKind::error, .text = std::move(failure)});
    } else {
      out.push_back({.kind = EventKind::finish, .finish = cohere_finish(reason)});
    }
    out.push_back({.kind = EventKind::usage, .usage = usage_});
    out.push_back({.kind = EventKind::end});
  }

  struct Call {
    int part = 0;
    bool silent = true;  // no argument has come
  };

  std::string id_;
  observe::Usage usage_;
  int parts_ = 0;              // begun
  std::map<int, int> open_;    // blocks of content by their index: their parts
  std::map<int, int> texts_;   // the same for texts, ended ones, too
  std::map<int, Call> calls_;  // by their own index
  std::optional<int> plan_;
  bool plan_ended_ = false;
};

class CohereEventEncoder final : public EventEncoder {
 public:
  explicit CohereEventEncoder(StreamOpening opening) : opening_(std::move(opening)) {}

  void encode(const StreamEvent& event, std::string& out) override {
    if (event.choice != 0) return;  // a message has one
    switch (event.kind) {
      case EventKind::start:
        if (!event.id.empty()) opening_.id = event.id;
        usage_ = event.usage;
        break;
      case EventKind::text:
      case EventKind::refusal: content(event, "text", out); break;
      case EventKind::reasoning: content(event, "thinking", out); break;
      case EventKind::tool_call: {
        start(out);
        const auto index = next_call_++;
        open_[event.part] = {index, true};
        write("tool-call-start", index, out, [&](json::Writer& w) {
          w.key("tool_calls").begin_object().member("id", event.id).member("type", "function");
          w.key("function").begin_object().member("name", event.name).member("arguments", "");
          w.end_object().end_object();
        });
        break;
      }
      case EventKind::arguments:
        if (const auto found = open_.find(event.part); found != open_.end() && !event.text.empty()) {
          write("tool-call-delta", found->second.index, out, [&](json::Writer& w) {
            w.key("tool_calls").begin_object().key("function").begin_object();
            w.member("arguments", event.text).end_object().end_object();
          });
        }
        break;
      case EventKind::citation: cite(event, out); break;
      case EventKind::part_end: close(event.part, out); break;
      case EventKind::finish: finish_ = event.finish; break;
      case EventKind::usage: usage_ = event.usage; break;
      default: break;  // a seal has no place here
    }
  }

  void end(std::string_view extra_fields, std::string& out) override {
    start(out);
    while (!open_.empty()) close(open_.begin()->first, out);
    auto& w = begin("message-end", out);
    w.member("id", opening_.id).key("delta").begin_object();
    w.member("finish_reason", cohere_finish_reason(finish_)).key("usage");
    write_cohere_usage(w, usage_);
    w.end_object();
    if (!extra_fields.empty()) w.key("extra_fields").raw(extra_fields);
    finish(out);
  }

 private:
  struct Block {
    int64_t index = 0;
    bool call = false;
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

  template <typename Members>
  void write(std::string_view type, int64_t index, std::string& out, const Members& members) {
    auto& w = begin(type, out);
    w.member("index", index).key("delta").begin_object().key("message").begin_object();
    members(w);
    w.end_object().end_object();
    finish(out);
  }

  void start(std::string& out) {
    if (started_) return;
    started_ = true;
    auto& w = begin("message-start", out);
    w.member("id", opening_.id).key("delta").begin_object().key("message").begin_object();
    w.member("role", "assistant").end_object().end_object();
    finish(out);
  }

  void content(const StreamEvent& event, std::string_view field, std::string& out) {
    if (event.text.empty()) return;
    start(out);
    const auto [found, begun] = open_.try_emplace(event.part, Block{next_content_, false});
    if (begun) {
      texts_[event.part] = next_content_++;
      write("content-start", found->second.index, out, [&](json::Writer& w) {
        w.key("content").begin_object().member("type", field).member(field, "").end_object();
      });
    }
    write("content-delta", found->second.index, out,
          [&](json::Writer& w) { w.key("content").begin_object().member(field, event.text).end_object(); });
  }

  void cite(const StreamEvent& event, std::string& out) {
    const auto found = texts_.find(event.part);
    if (found == texts_.end()) return;
    const auto index = citations_++;
    write("citation-start", index, out, [&](json::Writer& w) {
      w.key("citations");
      write_cohere_citation(w, event.citation, static_cast<size_t>(found->second), false, {});
    });
    begin("citation-end", out).member("index", index);
    finish(out);
  }

  void close(int part, std::string& out) {
    const auto found = open_.find(part);
    if (found == open_.end()) return;
    begin(found->second.call ? "tool-call-end" : "content-end", out).member("index", found->second.index);
    finish(out);
    open_.erase(found);
  }

  StreamOpening opening_;
  std::optional<json::Writer> writer_;  // of the event that is being written
  observe::Usage usage_;
  Finish finish_ = Finish::stop;
  std::map<int, Block> open_;     // by part
  std::map<int, int64_t> texts_;  // indexes of content by part, ended ones, too
  int64_t next_content_ = 0, next_call_ = 0, citations_ = 0;
  bool started_ = false;
};

}  // namespace

std::unique_ptr<EventDecoder> cohere_event_decoder() {
  return std::make_unique<CohereEventDecoder>();
}

std::unique_ptr<EventEncoder> cohere_event_encoder(StreamOpening opening) {
  return std::make_unique<CohereEventEncoder>(std::move(opening));
}

}  // namespace llmgw::dialects
