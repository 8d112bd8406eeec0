// Writes the events of a streamed response, in the vendor's order. Its last event repeats the whole output,
// which is why this encoder keeps it.
#include <map>

#include "dialects/responses.h"
#include "dialects/seal.h"

namespace llmgw::dialects {
namespace {

using EventKind = StreamEvent::Kind;

class ResponsesEventEncoder final : public EventEncoder {
 public:
  explicit ResponsesEventEncoder(StreamOpening opening) : opening_(std::move(opening)) {}

  void encode(const StreamEvent& event, std::string& out) override {
    if (event.choice != 0) return;  // a response has one
    switch (event.kind) {
      case EventKind::start:
        if (!event.id.empty() && !started_) opening_.id = event.id;
        model_ = event.name;
        usage_ = event.usage;
        break;
      case EventKind::text:
        delta(open(event.part, Text{}, out), "response.output_text.delta", event.text, out);
        break;
      case EventKind::refusal:
        delta(open(event.part, Refusal{}, out), "response.refusal.delta", event.text, out);
        break;
      case EventKind::reasoning:
        delta(open(event.part, Reasoning{}, out), "response.reasoning_summary_text.delta", event.text, out);
        break;
      case EventKind::tool_call:
        open(event.part,
             ToolCall{
                 .id = event.id, .name = event.name, .arguments = {}, .seal = {}, .freeform = event.freeform},
             out);
        break;
      case EventKind::arguments:
        if (Item* item = find(event.part))
          delta(*item,
                is_custom(*item) ? "response.custom_tool_call_input.delta"
                                 : "response.function_call_arguments.delta",
                event.text, out);
        break;
      case EventKind::seal:  // only thoughts have a place for it
        if (Item* item = find(event.part); item != nullptr && item->part.get<Reasoning>() != nullptr)
          item->part.get<Reasoning>()->seal = event.seal;
        break;
      case EventKind::redacted:
        open(event.part, Reasoning{.text = {}, .seal = event.seal, .redacted = true}, out);
        close(event.part, out);
        break;
      case EventKind::citation: {
        // Gemini's come at the very end: a text that is closed shows them in the last event.
        const auto closed = closed_.find(event.part);
        if (closed == closed_.end()) {
          cite(open(event.part, Text{}, out), event.citation, out);
        } else if (auto* text = items_[closed->second].part.get<Text>()) {
          text->citations.push_back(event.citation);
        }
        break;
      }
      case EventKind::part_end: close(event.part, out); break;
      case EventKind::finish: finish_ = event.finish; break;
      case EventKind::usage: usage_ = event.usage; break;
      default: break;
    }
  }

  void end(std::string_view extra_fields, std::string& out) override {
    start(out);
    while (!open_.empty()) close(open_.begin()->first, out);
    ResponseFrame last = frame();
    last.complete = true;
    last.finish = finish_;
    last.usage = &usage_;
    std::string output;
    json::Writer items(output);
    items.begin_array();
    for (const Item& item : items_) {
      write_output_item(items, item.part, item.id);
      last.refused_words = last.refused_words || item.part.get<Refusal>() != nullptr;
    }
    items.end_array();
    begin("response." + std::string(response_status(last)), out);
    write_response(writer_->key("response"), last, output, extra_fields);
    finish(out);
  }

  StreamSoFar so_far() const override {
    return {.id = opening_.id, .model = model_, .created = opening_.created, .sequence = sequence_};
  }

 private:
  struct Item {
    int64_t index;
    std::string id;
    Part part;
  };

  static bool is_custom(const Item& item) {
    const auto* call = item.part.get<ToolCall>();
    return call != nullptr && call->freeform;
  }

  ResponseFrame frame() const {
    return {.id = opening_.id, .model = model_, .created = opening_.created, .complete = false};
  }

  json::Writer& begin(std::string_view type, std::string& out) {
    out.append("event: ").append(type).append("\ndata: ");
    writer_.emplace(out);
    return writer_->begin_object().member("type", type).member("sequence_number", sequence_++);
  }
  void finish(std::string& out) {
    writer_->end_object();
    out += "\n\n";
  }

  // An event about an item, up to where it stands.
  json::Writer& begin_of(const Item& item, std::string_view type, std::string& out) {
    begin(type, out).member("item_id", item.id).member("output_index", item.index);
    if (item.part.get<Reasoning>() != nullptr) {
      writer_->member("summary_index", 0);
    } else if (item.part.get<ToolCall>() == nullptr) {
      writer_->member("content_index", 0);
    }
    return *writer_;
  }

  void start(std::string& out) {
    if (started_) return;
    started_ = true;
    for (const std::string_view type : {"response.created", "response.in_progress"}) {
      begin(type, out);
      write_response(writer_->key("response"), frame(), "[]", {});
      finish(out);
    }
  }

  Item* find(int part) {
    const auto found = open_.find(part);
    return found == open_.end() ? nullptr : &items_[found->second];
  }

  // The item of the part, which begins when it has not yet.
  template <class T>
  Item& open(int part, T what, std::string& out) {
    start(out);
    if (Item* item = find(part)) return *item;
    const size_t index = items_.size();
    open_[part] = index;
    Item& item = items_.emplace_back(Item{static_cast<int64_t>(index), {}, {std::move(what), {}}});
    item.id = output_item_id(item.part, opening_.id, index);
    begin("response.output_item.added", out).member("output_index", item.index).key("item").begin_object();
    writer_->member("id", item.id);
    if (const auto* call = item.part.get<ToolCall>()) {
      writer_->member("type", call->freeform ? "custom_tool_call" : "function_call");
      writer_->member("status", "in_progress").member(call->freeform ? "input" : "arguments", "");
      writer_->member("call_id", call->id).member("name", call->name).end_object();
      finish(out);
    } else if (const auto* reasoning = item.part.get<Reasoning>()) {
      writer_->member("type", "reasoning").key("summary").begin_array().end_array().end_object();
      finish(out);
      if (!reasoning->redacted) write_part(item, "response.reasoning_summary_part.added", out);
    } else {
      writer_->member("type", "message").member("status", "in_progress").member("role", "assistant");
      writer_->key("content").begin_array().end_array().end_object();
      finish(out);
      write_part(item, "response.content_part.added", out);
    }
    return item;
  }

  void write_part(const Item& item, std::string_view type, std::string& out) {
    begin_of(item, type, out).key("part");
    if (const auto* text = item.part.get<Text>()) {
      write_output_text(*writer_, *text);
    } else if (const auto* refusal = item.part.get<Refusal>()) {
      writer_->begin_object().member("type", "refusal").member("refusal", refusal->text).end_object();
    } else if (const auto* reasoning = item.part.get<Reasoning>()) {
      writer_->begin_object().member("type", "summary_text").member("text", reasoning->text).end_object();
    }
    finish(out);
  }

  static std::string* text_of(Part& part) {
    if (auto* text = part.get<Text>()) return &text->text;
    if (auto* refusal = part.get<Refusal>()) return &refusal->text;
    if (auto* reasoning = part.get<Reasoning>()) return &reasoning->text;
    if (auto* call = part.get<ToolCall>()) return &call->arguments;
    return nullptr;
  }

  void delta(Item& item, std::string_view type, std::string_view text, std::string& out) {
    if (auto* kept = text_of(item.part)) *kept += text;
    begin_of(item, type, out).member("delta", text);
    if (item.part.get<Text>() != nullptr) writer_->key("logprobs").begin_array().end_array();
    finish(out);
  }

  void cite(Item& item, const Citation& citation, std::string& out) {
    auto* text = item.part.get<Text>();
    if (text == nullptr) return;
    begin_of(item, "response.output_text.annotation.added", out);
    writer_->member("annotation_index", static_cast<int64_t>(text->citations.size())).key("annotation");
    write_annotation(*writer_, citation, text->text);
    finish(out);
    text->citations.push_back(citation);
  }

  void close(int part, std::string& out) {
    Item* item = find(part);
    if (item == nullptr) return;
    if (is_custom(*item)) {
      begin_of(*item, "response.custom_tool_call_input.done", out);
      writer_->member("input", item->part.get<ToolCall>()->arguments);
      finish(out);
    } else if (auto* call = item->part.get<ToolCall>()) {
      if (call->arguments.empty()) delta(*item, "response.function_call_arguments.delta", "{}", out);
      begin_of(*item, "response.function_call_arguments.done", out).member("name", call->name);
      writer_->member("arguments", call->arguments);
      finish(out);
    } else if (const auto* text = item->part.get<Text>()) {
      begin_of(*item, "response.output_text.done", out).member("text", text->text);
      writer_->key("logprobs").begin_array().end_array();
      finish(out);
      write_part(*item, "response.content_part.done", out);
    } else if (const auto* refusal = item->part.get<Refusal>()) {
      begin_of(*item, "response.refusal.done", out).member("refusal", refusal->text);
      finish(out);
      write_part(*item, "response.content_part.done", out);
    } else if (const auto* reasoning = item->part.get<Reasoning>();
               reasoning != nullptr && !reasoning->redacted) {
      begin_of(*item, "response.reasoning_summary_text.done", out).member("text", reasoning->text);
      finish(out);
      write_part(*item, "response.reasoning_summary_part.done", out);
    }
    begin("response.output_item.done", out).member("output_index", item->index).key("item");
    write_output_item(*writer_, item->part, item->id);
    finish(out);
    closed_[part] = open_[part];
    open_.erase(part);
  }

  StreamOpening opening_;
  std::optional<json::Writer> writer_;  // of the event that is being written
  std::string model_;
  observe::Usage usage_;
  Finish finish_ = Finish::stop;
  std::vector<Item> items_;     // of the output, in the order in which they began
  std::map<int, size_t> open_;  // items that go on, by part
  std::map<int, size_t> closed_;
  int64_t sequence_ = 0;
  bool started_ = false;
};

}  // namespace

std::unique_ptr<EventEncoder> responses_event_encoder(StreamOpening opening) {
  return std::make_unique<ResponsesEventEncoder>(std::move(opening));
}

}  // namespace llmgw::dialects
