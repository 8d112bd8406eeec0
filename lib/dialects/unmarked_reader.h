#pragma once

#include "dialects/decoding_reader.h"

namespace llmgw::dialects {

// Reads a stream that ends with its connection and has no marker beside its last event: all of them pass.
class UnmarkedStreamReader final : public DecodingStreamReader {
 public:
  using DecodingStreamReader::DecodingStreamReader;

  Result<StreamStep> read(const net::SseEvent& event) override {
    auto step = DecodingStreamReader::read(event);
    if (step) step->done = false;
    return step;
  }
};

}  // namespace llmgw::dialects
