#pragma once

#include "dialects/codec.h"

namespace llmgw::dialects {

// The stream reader of a call whose reply is always whole.
class NoStreamReader final : public StreamReader {
 public:
  Result<StreamStep> read(const net::SseEvent&) override {
    return fail(ErrorClass::invalid_response, "a stream where a whole reply was asked for");
  }
};

}  // namespace llmgw::dialects
