#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "simulate/mock/behaviour.h"
#include "simulate/mock/prompt.h"

namespace llmgw::simulate {

// What the mock answers, before it is put into a dialect. A token is four bytes, cut at UTF-8
// boundaries: usage says ceil(bytes / 4), and a stream has a piece for each token.
class Answer {
 public:
  enum class Kind : uint8_t { text, tool, refusal };

  Answer(const Behaviour&, const Prompt&);

  Kind kind() const { return kind_; }
  // The answer's text; of a tool call its arguments, a JSON object.
  const std::string& text() const { return text_; }
  bool cut_by_limit() const { return limited_; }  // max_tokens ended it
  int64_t tokens() const { return (static_cast<int64_t>(text_.size()) + 3) / 4; }
  size_t pieces() const { return ends_.size(); }
  std::string_view piece(size_t i) const {
    const size_t begin = i == 0 ? 0 : ends_[i - 1];
    return std::string_view(text_).substr(begin, ends_[i] - begin);
  }

 private:
  void cut(size_t piece_bytes);

  Kind kind_ = Kind::text;
  std::string text_;
  bool limited_ = false;
  std::vector<uint32_t> ends_;
};

}  // namespace llmgw::simulate
