#pragma once

#include <string>
#include <string_view>

namespace llmgw::dialects {

// Reads the text out of `{"input": "text"}` as its bytes come: what a model writes as the arguments of a
// custom tool that was offered to it as a function. Anything else (no JSON, another member) is held and given
// back as it came by finish().
class InputText {
 public:
  // The part of the text that is known now.
  std::string feed(std::string_view piece);
  // What is left when nothing more comes.
  std::string finish();

 private:
  enum class State { head, text, done, other };
  std::string take_text();

  State state_ = State::head;
  std::string held_;  // not read yet
};

}  // namespace llmgw::dialects
