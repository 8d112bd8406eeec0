// Reads the events of a streamed response
// (https://platform.openai.com/docs/api-reference/responses-streaming).
#include <map>
#include <set>

#include "base/text.h"
#include "dialects/reading.h"
#include "dialects/responses.h"
#include "dialects/seal.h"

namespace llmgw::dialects {
namespace {

using json::Kind;
using json::Value;
using EventKind = StreamEvent::Kind;

class ResponsesEventDecoder final : public EventDecoder {
 public:
  Result<void> decode(const net::SseEvent& event, std::vector<StreamEvent>& out) override {
    if (event.data.empty() || event.data == "[DONE]") return {};
    const auto doc = parse_event(event);
    if (!doc) return fail(doc.error());
    const auto body = doc->root();
    const std::string type = body["type"].string().value_or(std::string(event.type));
    if (type == "error") {
      out.push_back(
          {.kind = EventKind::error, .text = std::string(body["error"] ? body["error"].raw() : body.raw())});
    } else if (type == "response.failed") {
      const auto error = body["response"]["error"];
      out.push_back(
          {.kind = EventKind::error,
           .text = error.is(Kind::object) ? std::string(error.raw()) : R"({"message":"response.failed"})"});
    } else if (type == "response.completed" || type == "response.incomplete") {
      read_end(body["response"], out);
    } else if (body["response"].is(Kind::object)) {
      start(body["response"], out);
    } else if (type == "response.output_item.added") {
      if (is_call(body["item"])) begin_call(body["item"], index_of(body), out);
    } else if (type == "response.output_item.done") {
      read_whole_item(body["item"], index_of(body), out);
    } else {
      read_piece(type, body, out);
    }
    return {};
  }

 private:
  struct Item {
    std::map<int64_t, int> parts;  // by content_index, in the order in which they began
    int64_t summary = 0;           // the part of the summary that came last
    bool summarized = false;       // else the thoughts come as they are
    bool silent = false;           // a call of which no argument came
    bool done = false;
  };

  static bool is_call(Value item) {
    return item["type"].says("function_call") || item["type"].says("custom_tool_call");
  }
  static int64_t index_of(Value body) { return body["output_index"].integer().value_or(0); }

  void start(Value response, std::vector<StreamEvent>& out) {
    if (started_) return;
    started_ = true;
    id_ = response["id"].text();
    out.push_back({.kind = EventKind::start, .id = id_, .name = response["model"].text()});
  }

  // The canonical part of a content part, which begins when it has not yet.
  int part_of(Item& item, int64_t content) {
    const auto [found, fresh] = item.parts.try_emplace(content, parts_);
    if (fresh) ++parts_;
    return found->second;
  }

  void begin_call(Value item, int64_t index, std::vector<StreamEvent>& out) {
    Item& state = items_[index];
    if (!state.parts.empty()) return;
    const int part = part_of(state, 0);
    std::string id = item["call_id"].text();
    if (id.empty()) id = made_up_call_id(id_, 0, static_cast<size_t>(part));
    state.silent = calls_ = true;
    out.push_back({.kind = EventKind::tool_call,
                   .part = part,
                   .id = std::move(id),
                   .name = item["name"].text(),
                   .freeform = item["type"].says("custom_tool_call")});
  }

  void read_piece(std::string_view type, Value body, std::vector<StreamEvent>& out) {
    const int64_t content = body["content_index"].integer().value_or(0);
    auto piece = [&](EventKind kind, Item& item) {
      if (std::string text = body["delta"].text(); !text.empty())
        out.push_back({.kind = kind, .part = part_of(item, content), .text = std::move(text)});
    };
    const bool known =
        type == "response.output_text.delta" || type == "response.refusal.delta" ||
        type == "response.function_call_arguments.delta" || type == "response.custom_tool_call_input.delta" ||
        type == "response.reasoning_summary_text.delta" || type == "response.reasoning_text.delta" ||
        type == "response.output_text.annotation.added";
    if (!known) return;  // what closes a part is read of its item; others are newer than this code
    Item& item = items_[index_of(body)];
    if (type == "response.output_text.delta") return piece(EventKind::text, item);
    if (type == "response.refusal.delta") {
      refused_ = true;
      return piece(EventKind::refusal, item);
    }
    if (type == "response.function_call_arguments.delta" || type == "response.custom_tool_call_input.delta") {
      if (item.parts.empty()) return;  // of a call that was not announced: its item brings it whole
      if (!body["delta"].says("")) item.silent = false;
      return piece(EventKind::arguments, item);
    }
    if (type == "response.reasoning_summary_text.delta") {
      const int64_t summary = body["summary_index"].integer().value_or(0);
      if (item.summarized && summary != item.summary)
        out.push_back({.kind = EventKind::reasoning, .part = part_of(item, 0), .text = "\n\n"});
      item.summarized = true;
      item.summary = summary;
      return piece(EventKind::reasoning, item);
    }
    if (type == "response.reasoning_text.delta") {
      if (item.summarized) return;
      if (std::string text = body["delta"].text(); !text.empty())
        out.push_back({.kind = EventKind::reasoning, .part = part_of(item, 0), .text = std::move(text)});
      return;
    }
    if (auto citation = responses_citation(body["annotation"])) {
      out.push_back(
          {.kind = EventKind::citation, .part = part_of(item, content), .citation = std::move(*citation)});
    }
  }

  // An item is complete. What did not come in pieces is taken from it whole.
  void read_whole_item(Value value, int64_t index, std::vector<StreamEvent>& out) {
    Item& item = items_[index];
    if (item.done) return;
    item.done = true;
    const auto type = value["type"];
    if (is_call(value)) {
      begin_call(value, index, out);
      if (item.silent) {
        out.push_back({.kind = EventKind::arguments,
                       .part = part_of(item, 0),
                       .text = read_responses_call(value).arguments});
      }
    } else if (type.says("reasoning")) {
      read_reasoning(value, item, out);
    } else if (type.says("message") && item.parts.empty()) {
      int64_t content = 0;
      for (auto [_, part] : value["content"].elements()) {
        const bool refusal = part["refusal"].is(Kind::string);
        std::string text = refusal ? part["refusal"].text() : part["text"].text();
        refused_ = refused_ || refusal;
        if (!text.empty()) {
          out.push_back({.kind = refusal ? EventKind::refusal : EventKind::text,
                         .part = part_of(item, content),
                         .text = std::move(text)});
        }
        ++content;
      }
    }
    for (const auto& [_, part] : item.parts) out.push_back({.kind = EventKind::part_end, .part = part});
  }

  void read_reasoning(Value value, Item& item, std::vector<StreamEvent>& out) {
    auto seal = seal_in(Issuer::openai, value["encrypted_content"].text());
    if (item.parts.empty()) {
      if (std::string text = responses_reasoning(value); !text.empty()) {
        out.push_back({.kind = EventKind::reasoning, .part = part_of(item, 0), .text = std::move(text)});
      } else if (seal) {
        out.push_back({.kind = EventKind::redacted, .part = part_of(item, 0), .seal = std::move(seal)});
        return;
      }
    }
    if (seal) out.push_back({.kind = EventKind::seal, .part = part_of(item, 0), .seal = std::move(seal)});
  }

  void read_end(Value response, std::vector<StreamEvent>& out) {
    start(response, out);
    int64_t index = 0;
    for (auto [_, item] : response["output"].elements()) read_whole_item(item, index++, out);
    for (auto& [_, item] : items_) {  // items that were never closed
      if (item.done) continue;
      for (const auto& [__, part] : item.parts) out.push_back({.kind = EventKind::part_end, .part = part});
    }
    Finish finish = responses_finish(response, {});
    if (finish == Finish::stop && calls_) finish = Finish::tool_calls;
    if (finish == Finish::stop && refused_) finish = Finish::refusal;
    out.push_back({.kind = EventKind::finish, .finish = finish});
    observe::Usage usage;
    read_openai_usage(response["usage"], usage);
    out.push_back({.kind = EventKind::usage, .usage = usage});
    out.push_back({.kind = EventKind::end});
  }

  bool started_ = false, calls_ = false, refused_ = false;
  std::string id_;
  std::map<int64_t, Item> items_;  // by output_index
  int parts_ = 0;                  // begun so far
};

}  // namespace

std::unique_ptr<EventDecoder> responses_event_decoder() {
  return std::make_unique<ResponsesEventDecoder>();
}

}  // namespace llmgw::dialects
