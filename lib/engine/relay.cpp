#include "engine/relay.h"

namespace llmgw::engine {

Relay::Relay(const dialects::Codec* codec, bool wants_usage, std::unique_ptr<net::Exchange> exchange)
    : codec_(codec),
      wants_usage_(wants_usage),
      exchange_(std::move(exchange)),
      reader_(codec != nullptr ? codec->stream_reader() : nullptr),
      splitter_(codec != nullptr ? codec->splitter() : nullptr) {}

void Relay::translate(std::string model, std::unique_ptr<dialects::EventDecoder> decoder,
                      std::unique_ptr<dialects::EventEncoder> encoder, Watch watch, Filter filter) {
  reader_.reset();
  translated_ = std::make_unique<Translated>(std::move(model), std::move(decoder), std::move(encoder),
                                             std::move(watch), std::move(filter));
}

Result<void> Relay::pump(TimePoint deadline, const Seal& seal) {
  if (splitter_ != nullptr) splitter_->relax();
  auto bytes = exchange_->read(deadline);
  if (!bytes) {
    const ErrorClass c = bytes.error().error_class;
    const bool broke = c == ErrorClass::network || c == ErrorClass::timeout;
    if (!broke || !finished_ || codec_ == nullptr) return fail(std::move(bytes.error()));
    end(seal);  // the answer is all there: only the marker is missing
    return {};
  }
  if (bytes->empty()) return finish(seal);
  alive_ = true;
  if (codec_ == nullptr) {
    content_ = finished_ = true;
    out += *bytes;
    return {};
  }
  splitter_->feed(*bytes);
  return cut_events(seal);
}

Result<void> Relay::cut_events(const Seal& seal) {
  while (!ended_) {
    auto event = splitter_->next();
    if (!event) return fail(std::move(event.error()));
    if (!*event) break;
    if (auto taken = translated_ ? take_translated(**event, seal) : take(**event, seal); !taken) return taken;
  }
  return {};
}

Result<void> Relay::take_translated(const net::SseEvent& event, const Seal& seal) {
  auto& t = *translated_;
  t.events.clear();
  if (auto decoded = t.decoder->decode(event, t.events); !decoded) return decoded;
  dialects::StreamStep said, shown;
  for (auto& one : t.events) {
    if (one.kind == dialects::StreamEvent::Kind::start && one.name.empty()) one.name = t.model;
    t.facts.note(one, said);
    if (!said.error_object.empty()) {
      error_object_ = std::move(said.error_object);
      return fail(ErrorClass::invalid_response, "the stream brought an error");
    }
    if (t.watch) t.watch(one);
    if (!t.filter) {
      t.encoder->encode(one, out);
    } else if (auto passed = show(std::move(one), shown); !passed) {
      return passed;
    }
  }
  const auto& step = t.filter ? shown : said;
  content_ = content_ || step.content;
  if (step.content) finished_ = step.finish;
  if (!said.done) return {};
  if (!content_) return fail(ErrorClass::invalid_response, "the stream ended without any content");
  end(seal);
  return {};
}

// What the filter lets pass goes to the client, and is what counts as content.
Result<void> Relay::show(dialects::StreamEvent&& event, dialects::StreamStep& step) {
  auto& t = *translated_;
  t.shown.clear();
  if (auto passed = t.filter(std::move(event), t.shown); !passed) return passed;
  for (const auto& one : t.shown) {
    t.passed.note(one, step);
    t.encoder->encode(one, out);
  }
  return {};
}

Result<void> Relay::take(const net::SseEvent& event, const Seal& seal) {
  auto step = reader_->read(event);
  if (!step) return fail(std::move(step.error()));
  if (!step->error_object.empty()) {
    error_object_ = std::move(step->error_object);
    return fail(ErrorClass::invalid_response, "the stream brought an error");
  }
  content_ = content_ || step->content;
  if (step->content) finished_ = step->finish;
  if (step->finish && step->holdable) {
    flush_held();
    held_ = event.data;
    held_type_ = event.type;
  } else if (step->usage_only) {
    // All is known now: the held event goes out before the count.
    seal_held(seal);
    if (wants_usage_) out += event.raw;
  } else if (step->opening) {
    const auto extra = seal(*this);
    out += extra.empty() ? std::string(event.raw) : codec_->attach(event, extra);
  } else if (!step->done) {
    if (step->holdable) flush_held();
    out += event.raw;
  }
  if (!step->done) return {};
  if (!content_) return fail(ErrorClass::invalid_response, "the stream ended without any content");
  end(seal);
  return {};
}

// Another choice goes on after one has finished: what was held is not the last.
void Relay::flush_held() {
  if (held_.empty()) return;
  if (!held_type_.empty()) out.append("event: ").append(held_type_).append("\n");
  out.append("data: ").append(held_).append("\n\n");
  held_.clear();
}

void Relay::seal_held(const Seal& seal) {
  if (held_.empty()) return;
  const auto extra = seal(*this);
  if (extra.empty()) return flush_held();
  out += codec_->attach({held_type_, held_, held_}, extra);
  held_.clear();
}

void Relay::end(const Seal& seal) {
  if (ended_) return;
  ended_ = true;
  if (translated_) return translated_->encoder->end(seal(*this), out);
  seal_held(seal);
  out += codec_->end_event();
}

Result<void> Relay::finish(const Seal& seal) {
  if (ended_) return {};
  if (codec_ == nullptr) {
    ended_ = content_ = true;
    return {};
  }
  splitter_->finish();
  if (auto cut = cut_events(seal); !cut || ended_) return cut;
  if (finished_) {  // only the marker is missing
    end(seal);
    return {};
  }
  return fail(ErrorClass::invalid_response,
              content_ ? "the stream ended before its end marker" : "the stream ended without any content");
}

}  // namespace llmgw::engine
