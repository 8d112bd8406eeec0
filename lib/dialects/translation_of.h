#pragma once

#include <type_traits>

#include "dialects/translation.h"

namespace llmgw::dialects {

// A translation made of a codec's functions: read_request(json::Value), write_request(conversation, target,
// warnings), read_answer(body), write_answer(answer[, extra_fields]), decoder(), encoder([opening]).
template <auto ReadRequest, auto WriteRequest, auto ReadAnswer, auto WriteAnswer, auto Decoder, auto Encoder>
class TranslationOf final : public Translation {
 public:
  Result<Conversation> read_request(const Request& request) const override {
    return ReadRequest(request.doc->root());
  }
  std::string write_request(const Conversation& conversation, const Writing& target,
                            Warnings& warnings) const override {
    return WriteRequest(conversation, target, warnings);
  }
  Result<Answer> read_answer(std::string_view body) const override { return ReadAnswer(body); }
  std::string write_answer(const Answer& answer, std::string_view extra_fields) const override {
    if constexpr (std::is_invocable_v<decltype(WriteAnswer), const Answer&>) {
      return WriteAnswer(answer);  // its SDKs drop what they do not know: the headers speak
    } else {
      return WriteAnswer(answer, extra_fields);
    }
  }
  std::unique_ptr<EventDecoder> decoder() const override { return Decoder(); }
  std::unique_ptr<EventEncoder> encoder(StreamOpening opening) const override {
    if constexpr (std::is_invocable_v<decltype(Encoder)>) {
      return Encoder();
    } else {
      return Encoder(std::move(opening));
    }
  }
};

}  // namespace llmgw::dialects
