#include "dialects/decoding_reader.h"

namespace llmgw::dialects {

void StreamFacts::note(const StreamEvent& event, StreamStep& step) {
  using Kind = StreamEvent::Kind;
  const size_t choice = static_cast<size_t>(event.choice) % kMostChoices;
  switch (event.kind) {
    case Kind::text:
    case Kind::reasoning:
    case Kind::arguments:
    case Kind::refusal: text_bytes_ += static_cast<int64_t>(event.text.size()); [[fallthrough]];
    case Kind::tool_call:
    case Kind::redacted:
      begun_.set(choice);
      step.content = true;
      break;
    case Kind::finish:
      begun_.set(choice);
      finished_.set(choice);
      step.content = true;
      step.finish = (begun_ & ~finished_).none();
      break;
    case Kind::start:
    case Kind::usage: usage_ = event.usage; break;
    case Kind::end: step.done = true; break;
    case Kind::error: step.error_object = event.text; break;
    default: break;
  }
}

Result<StreamStep> DecodingStreamReader::read(const net::SseEvent& event) {
  events_.clear();
  if (auto decoded = decoder_->decode(event, events_); !decoded) return fail(std::move(decoded.error()));
  StreamStep step;
  for (const auto& e : events_) facts_.note(e, step);
  const bool said = !event.data.empty();  // else there is nothing to attach to
  step.holdable = said && holdable(event);
  step.opening = said && opening(event);
  usage_ = facts_.usage();
  text_bytes_ = facts_.text_bytes();
  return step;
}

}  // namespace llmgw::dialects
