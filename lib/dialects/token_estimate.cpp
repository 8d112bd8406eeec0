#include "dialects/token_estimate.h"

#include <algorithm>

namespace llmgw::dialects {
namespace {

// What a run of characters costs, in hundredths of a token: fitted by least squares to o200k's counts of 155
// pieces of manuals, program texts and JSON (docs/token-estimate.md).
constexpr int64_t kWord = 97, kWordTail = 66;           // behind white space; a letter past the 8th
constexpr int64_t kInner = 116, kInnerTail = 42;        // "Case" in camelCase, "x" in "(x"; past the 6th
constexpr int64_t kAccented = 154, kAccentedTail = 23;  // with a letter like ü in it; past the 4th
constexpr int64_t kDigits = 130;                        // up to three of them
constexpr int64_t kMarks = 119, kMarksTail = 17;        // a run of punctuation; past the 2nd
constexpr int64_t kSpace = 32;                          // a line's end; an indentation
constexpr int64_t kIdeograph = 71;                      // Chinese, kana, hangul
constexpr int64_t kLetter = 35;                         // of any other script
constexpr int64_t kEmoji = 199, kWideMark = 110;

constexpr size_t kWordLength = 8, kInnerLength = 6, kAccentedLength = 4;

struct Character {
  char32_t code = 0;
  size_t size = 1;
};

// Broken UTF-8 counts byte by byte.
Character character(std::string_view text, size_t at) {
  const auto byte = [&](size_t i) {
    return at + i < text.size() ? static_cast<unsigned char>(text[at + i]) : 0U;
  };
  const unsigned first = byte(0);
  const size_t size = first < 0xC0 ? 1 : first < 0xE0 ? 2 : first < 0xF0 ? 3 : 4;
  if (size == 1) return {first, 1};
  char32_t code = first & (0xFFU >> (size + 1));
  for (size_t i = 1; i < size; ++i) {
    if ((byte(i) & 0xC0U) != 0x80U) return {first, 1};
    code = code << 6 | (byte(i) & 0x3FU);
  }
  return {code, size};
}

bool is_upper(char32_t c) {
  return (c >= 'A' && c <= 'Z') || (c >= 0xC0 && c <= 0xDE);
}
bool is_lower(char32_t c) {
  return (c >= 'a' && c <= 'z') || (c >= 0xDF && c <= 0xFF);
}
bool is_latin(char32_t c) {
  return is_upper(c) || is_lower(c) || (c >= 0x100 && c < 0x250);
}
bool is_digit(char32_t c) {
  return c >= '0' && c <= '9';
}
bool is_space(char32_t c) {
  return c == ' ' || c == '\t' || c == '\n' || c == '\r';
}
bool is_ideograph(char32_t c) {
  return (c >= 0x3040 && c <= 0x30FF) || (c >= 0x3400 && c <= 0x9FFF) || (c >= 0xAC00 && c <= 0xD7A3) ||
         (c >= 0x20000 && c <= 0x3FFFF);
}
// Punctuation, arrows, mathematical signs, and what Chinese sets in their place.
bool is_wide_mark(char32_t c) {
  return (c >= 0x80 && c < 0xC0) || (c >= 0x2000 && c < 0x2C00) || (c >= 0x3000 && c < 0x3040) ||
         (c >= 0xFE00 && c <= 0xFFFF);
}

class Counter {
 public:
  explicit Counter(std::string_view text) : text_(text) {}

  int64_t hundredths() {
    while (at_ < text_.size()) {
      const auto [code, size] = character(text_, at_);
      if (is_latin(code)) {
        count_word();
      } else if (is_space(code)) {
        count_space();
      } else if (is_digit(code)) {
        size_t n = 0;
        for (; at_ < text_.size() && is_digit(static_cast<unsigned char>(text_[at_])); ++at_) ++n;
        sum_ += kDigits * static_cast<int64_t>((n + 2) / 3);
      } else if (code < 0x80) {
        count_marks();
      } else {
        sum_ += is_ideograph(code)   ? kIdeograph
                : code >= 0x1F000    ? kEmoji
                : is_wide_mark(code) ? kWideMark
                                     : kLetter;
        at_ += size;
      }
    }
    return sum_;
  }

 private:
  // Letters up to where camelCase begins anew.
  void count_word() {
    const bool behind_space = at_ == 0 || is_space(static_cast<unsigned char>(text_[at_ - 1]));
    size_t letters = 0;
    bool accented = false;
    char32_t before = 0;
    while (at_ < text_.size()) {
      const auto [code, size] = character(text_, at_);
      if (!is_latin(code) || (is_upper(code) && is_lower(before))) break;
      accented = accented || code >= 0x80;
      before = code;
      at_ += size;
      ++letters;
    }
    auto past = [&](size_t length) { return static_cast<int64_t>(letters - std::min(letters, length)); };
    if (accented) {
      sum_ += kAccented + kAccentedTail * past(kAccentedLength);
    } else if (behind_space) {
      sum_ += kWord + kWordTail * past(kWordLength);
    } else {
      sum_ += kInner + kInnerTail * past(kInnerLength);
    }
  }

  // A single space belongs to the word behind it.
  void count_space() {
    const size_t begin = at_;
    size_t line = begin;  // where the last line begins
    bool ended = false;
    for (; at_ < text_.size() && is_space(static_cast<unsigned char>(text_[at_])); ++at_) {
      if (text_[at_] == '\n') {
        ended = true;
        line = at_ + 1;
      }
    }
    if (ended) sum_ += kSpace;
    if (at_ - line > 1) sum_ += kSpace;
  }

  // The last mark before a word belongs to it.
  void count_marks() {
    size_t marks = 0;
    char32_t code = 0;
    for (; at_ < text_.size(); ++at_, ++marks) {
      code = static_cast<unsigned char>(text_[at_]);
      if (code >= 0x80 || is_space(code) || is_digit(code) || is_latin(code)) break;
    }
    if (at_ < text_.size() && is_latin(character(text_, at_).code)) --marks;
    if (marks > 0) sum_ += kMarks + kMarksTail * static_cast<int64_t>(marks - std::min<size_t>(marks, 2));
  }

  std::string_view text_;
  size_t at_ = 0;
  int64_t sum_ = 0;
};

// What stands around a message and its role (OpenAI's cookbook, "How to count tokens with tiktoken").
constexpr int64_t kPerMessage = 4, kPerTool = 8;
// An image of about a megapixel at Anthropic, OpenAI and Gemini; a page of a document.
constexpr int64_t kPerImage = 1000, kPerPage = 1500;
constexpr int64_t kBase64OfPage = 70'000;    // of a PDF, as a guess
constexpr int64_t kBase64OfSecond = 20'000;  // of sound in MP3, at 32 tokens each (ai.google.dev, "Audio")

int64_t estimate(const Part& part);

int64_t estimate(const std::vector<Part>& parts) {
  int64_t sum = 0;
  for (const Part& part : parts) sum += estimate(part);
  return sum;
}

int64_t estimate(const Part& part) {
  if (const auto* text = part.get<Text>()) return estimate_tokens(text->text);
  if (const auto* reasoning = part.get<Reasoning>()) return estimate_tokens(reasoning->text);
  if (const auto* refusal = part.get<Refusal>()) return estimate_tokens(refusal->text);
  if (const auto* call = part.get<ToolCall>())
    return kPerTool + estimate_tokens(call->name) + estimate_tokens(call->arguments);
  if (const auto* result = part.get<ToolResult>()) return kPerTool + estimate(result->content);
  if (const auto* foreign = part.get<Foreign>()) return estimate_tokens(foreign->json);
  if (part.get<Image>() != nullptr) return kPerImage;
  if (const auto* file = part.get<File>())
    return kPerPage * (1 + static_cast<int64_t>(file->media.data.size()) / kBase64OfPage);
  if (const auto* audio = part.get<Audio>())
    return 32 * (1 + static_cast<int64_t>(audio->media.data.size()) / kBase64OfSecond);
  return 0;
}

// Base64 has no spaces; a text of that length does.
bool is_media(json::Value text) {
  return text.raw().size() > 1000 && text.raw().substr(0, 1000).find(' ') == std::string_view::npos;
}

}  // namespace

int64_t estimate_tokens(std::string_view text) {
  const auto tokens = (Counter(text).hundredths() + 99) / 100;
  return std::min(tokens, static_cast<int64_t>(text.size()));
}

int64_t estimate_tokens(const Conversation& conversation) {
  int64_t sum = 0;
  for (const auto& message : conversation.messages) sum += kPerMessage + estimate(message.parts);
  for (const auto& tool : conversation.tools) {
    sum += kPerTool + estimate_tokens(tool.name) + estimate_tokens(tool.description) +
           estimate_tokens(tool.parameters) + estimate_tokens(tool.native);
  }
  return sum + estimate_tokens(conversation.format.schema);
}

int64_t estimate_tokens(json::Value body) {
  if (body.is(json::Kind::string)) return is_media(body) ? 0 : estimate_tokens(body.text());
  int64_t sum = 0;
  for (auto [_, value] : body.elements()) sum += estimate_tokens(value);
  for (auto [key, value] : body.members()) sum += key.says("data") ? 0 : estimate_tokens(value);
  return sum;
}

}  // namespace llmgw::dialects
