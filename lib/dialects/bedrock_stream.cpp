// The events of ConverseStream.
#include <algorithm>
#include <map>
#include <set>

#include "base/text.h"
#include "dialects/bedrock.h"
#include "dialects/reading.h"
#include "dialects/seal.h"
#include "net/aws_event_stream.h"

namespace llmgw::dialects {
namespace {

using json::Kind;
using json::Value;
using EventKind = StreamEvent::Kind;

class BedrockEventDecoder final : public EventDecoder {
 public:
  Result<void> decode(const net::SseEvent& event, std::vector<StreamEvent>& out) override {
    if (event.type.starts_with(net::AwsEventSplitter::kException)) {
      out.push_back({.kind = EventKind::error, .text = bedrock_exception_object(event.type, event.data)});
      return {};
    }
    const auto doc = parse_event(event);
    if (!doc) return fail(doc.error());
    const auto body = doc->root();
    if (event.type == "contentBlockDelta") {
      read_delta(body, out);
    } else if (event.type == "contentBlockStart") {
      read_start(body, out);
    } else if (event.type == "contentBlockStop") {
      const int part = index_of(body);
      // A call without arguments brings none.
      if (silent_calls_.erase(part) != 0)
        out.push_back({.kind = EventKind::arguments, .part = part, .text = "{}"});
      skipped_.erase(part);
      out.push_back({.kind = EventKind::part_end, .part = part});
    } else if (event.type == "messageStart") {
      out.push_back({.kind = EventKind::start});
    } else if (event.type == "messageStop") {
      out.push_back({.kind = EventKind::finish,
                     .text = body["additionalModelResponseFields"]["stop_sequence"].text(),
                     .finish = bedrock_finish(body["stopReason"].text())});
    } else if (event.type == "metadata") {
      read_bedrock_usage(body["usage"], usage_);
      out.push_back({.kind = EventKind::usage, .usage = usage_});
      out.push_back({.kind = EventKind::end});
    }
    return {};  // or an event that is newer than this code
  }

 private:
  static int index_of(Value body) {
    return static_cast<int>(std::clamp<int64_t>(body["contentBlockIndex"].integer().value_or(0), 0, 1 << 20));
  }

  void read_start(Value body, std::vector<StreamEvent>& out) {
    const int part = index_of(body);
    const auto start = body["start"];
    const auto call = start["toolUse"];
    if (!call || call["type"]) {
      // What Bedrock's own tools do is not the client's to answer.
      if (start.size() > 0) skipped_.insert(part);
      return;
    }
    out.push_back({.kind = EventKind::tool_call,
                   .part = part,
                   .id = call["toolUseId"].text(),
                   .name = call["name"].text()});
    silent_calls_.insert(part);
  }

  void read_delta(Value body, std::vector<StreamEvent>& out) {
    const int part = index_of(body);
    if (skipped_.contains(part)) return;
    const auto delta = body["delta"];
    auto piece = [&](EventKind kind, Value text) {
      if (std::string said = text.text(); !said.empty())
        out.push_back({.kind = kind, .part = part, .text = std::move(said)});
    };
    if (const auto call = delta["toolUse"]) {
      if (!call["input"].text().empty()) silent_calls_.erase(part);
      piece(EventKind::arguments, call["input"]);
    } else if (const auto thought = delta["reasoningContent"]) {
      piece(EventKind::reasoning, thought["text"]);
      if (auto seal = seal_in(Issuer::anthropic, thought["signature"].text()))
        out.push_back({.kind = EventKind::seal, .part = part, .seal = std::move(seal)});
      if (auto seal = seal_in(Issuer::anthropic, thought["redactedContent"].text()))
        out.push_back({.kind = EventKind::redacted, .part = part, .seal = std::move(seal)});
    } else if (const auto citation = delta["citation"]) {
      out.push_back({.kind = EventKind::citation, .part = part, .citation = read_bedrock_citation(citation)});
    } else {
      piece(EventKind::text, delta["text"]);
    }
  }

  observe::Usage usage_;
  std::set<int> silent_calls_;  // calls of which no argument has come
  std::set<int> skipped_;       // blocks that have no canonical form
};

// Blocks are numbered as they begin. A block stays open until its part has ended, so that calls that come
// interleaved keep their own.
class BedrockEventEncoder final : public EventEncoder {
 public:
  void encode(const StreamEvent& event, std::string& out) override {
    if (event.choice != 0) return;  // a message has one
    switch (event.kind) {
      case EventKind::text:
      case EventKind::refusal:
        delta(event.part, out, [&](json::Writer& w) { w.member("text", event.text); });
        break;
      case EventKind::reasoning:
        thought(event.part, out, "text", event.text);
        thoughts_.insert(event.part);
        break;
      case EventKind::seal:
        // Only thoughts have a place for it.
        if (thoughts_.contains(event.part))
          thought(event.part, out, "signature", sealed_for(Issuer::anthropic, event.seal));
        break;
      case EventKind::redacted:
        thought(event.part, out, "redactedContent", sealed_for(Issuer::anthropic, event.seal));
        break;
      case EventKind::tool_call: {
        start(out);
        const auto index = open(event.part);
        write("contentBlockStart", out, [&](json::Writer& w) {
          w.key("start").begin_object().key("toolUse").begin_object();
          w.member("toolUseId", event.id).member("name", event.name).end_object().end_object();
          w.member("contentBlockIndex", index);
        });
        break;
      }
      case EventKind::arguments:
        delta(event.part, out, [&](json::Writer& w) {
          w.key("toolUse").begin_object().member("input", event.text).end_object();
        });
        break;
      case EventKind::citation:
        delta(event.part, out, [&](json::Writer& w) { write_citation(w, event.citation); });
        break;
      case EventKind::part_end: close(event.part, out); break;
      case EventKind::finish: finish_ = event.finish; break;
      case EventKind::start:
      case EventKind::usage: usage_ = event.usage; break;
      default: break;
    }
  }

  // No SDK of AWS shows a member that its service model has not.
  void end(std::string_view, std::string& out) override {
    start(out);
    while (!open_.empty()) close(open_.begin()->first, out);
    write("messageStop", out, [&](json::Writer& w) { w.member("stopReason", bedrock_stop_reason(finish_)); });
    write("metadata", out, [&](json::Writer& w) {
      w.key("usage");
      write_bedrock_usage(w, usage_);
      w.key("metrics").begin_object().member("latencyMs", 0).end_object();
    });
  }

 private:
  template <typename Members>
  void write(std::string_view type, std::string& out, const Members& members) {
    std::string payload;
    json::Writer writer(payload);
    writer.begin_object();
    members(writer);
    writer.end_object();
    net::append_aws_event(out, type, payload);
  }

  void start(std::string& out) {
    if (started_) return;
    started_ = true;
    write("messageStart", out, [](json::Writer& w) { w.member("role", "assistant"); });
  }

  // The index of the part's block. Only calls begin with an event of their own.
  int64_t open(int part) {
    const auto [found, added] = open_.try_emplace(part, blocks_);
    if (added) ++blocks_;
    return found->second;
  }

  void close(int part, std::string& out) {
    const auto found = open_.find(part);
    if (found == open_.end()) return;
    write("contentBlockStop", out, [&](json::Writer& w) { w.member("contentBlockIndex", found->second); });
    open_.erase(found);
  }

  template <typename Members>
  void delta(int part, std::string& out, const Members& members) {
    start(out);
    const auto index = open(part);
    write("contentBlockDelta", out, [&](json::Writer& w) {
      w.key("delta").begin_object();
      members(w);
      w.end_object().member("contentBlockIndex", index);
    });
  }

  void thought(int part, std::string& out, std::string_view field, std::string_view text) {
    delta(part, out, [&](json::Writer& w) {
      w.key("reasoningContent").begin_object().member(field, text).end_object();
    });
  }

  static void write_citation(json::Writer& w, const Citation& citation) {
    w.key("citation");
    write_bedrock_citation(w, citation);
  }

  observe::Usage usage_;
  Finish finish_ = Finish::stop;
  std::map<int, int64_t> open_;  // blocks by part
  std::set<int> thoughts_;       // parts that are reasoning
  int64_t blocks_ = 0;
  bool started_ = false;
};

}  // namespace

std::unique_ptr<EventDecoder> bedrock_event_decoder() {
  return std::make_unique<BedrockEventDecoder>();
}

std::unique_ptr<EventEncoder> bedrock_event_encoder() {
  return std::make_unique<BedrockEventEncoder>();
}

}  // namespace llmgw::dialects
