#pragma once

#include <bitset>
#include <memory>
#include <vector>

#include "dialects/codec.h"

namespace llmgw::dialects {

// What the canonical events of one wire event say to the relay: whether content came, whether all that has
// begun is complete, what was counted.
class StreamFacts {
 public:
  // Adds what `event` says to `step`.
  void note(const StreamEvent& event, StreamStep& step);

  const observe::Usage& usage() const { return usage_; }
  int64_t text_bytes() const { return text_bytes_; }

 private:
  static constexpr size_t kMostChoices = 128;
  std::bitset<kMostChoices> begun_, finished_;
  observe::Usage usage_;
  int64_t text_bytes_ = 0;
};

// A stream reader for a dialect that is decoded event by event anyway.
class DecodingStreamReader : public StreamReader {
 public:
  explicit DecodingStreamReader(std::unique_ptr<EventDecoder> decoder) : decoder_(std::move(decoder)) {}

  Result<StreamStep> read(const net::SseEvent& event) override;

 protected:
  // Whether the event is one that can carry `extra_fields` (StreamStep::holdable).
  virtual bool holdable(const net::SseEvent&) const { return false; }
  // Whether it begins the stream and can carry them, too (StreamStep::opening).
  virtual bool opening(const net::SseEvent&) const { return false; }

 private:
  std::unique_ptr<EventDecoder> decoder_;
  std::vector<StreamEvent> events_;
  StreamFacts facts_;
};

}  // namespace llmgw::dialects
