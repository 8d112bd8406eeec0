#pragma once

#include "dialects/decoding_reader.h"

namespace llmgw::dialects {

// Reads a stream of frames, which ends with its connection and has no end marker: all its frames pass.
class BedrockStreamReader final : public DecodingStreamReader {
 public:
  using DecodingStreamReader::DecodingStreamReader;

  Result<StreamStep> read(const net::SseEvent& event) override {
    auto step = DecodingStreamReader::read(event);
    if (step) step->done = false;
    return step;
  }
};

}  // namespace llmgw::dialects
