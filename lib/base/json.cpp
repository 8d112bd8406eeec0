#include "base/json.h"

#include <simdjson.h>

#include <charconv>
#include <cstring>
#include <memory>

namespace llmgw::json {
namespace {

using Stage1 = simdjson::internal::dom_parser_implementation;

bool is_space(char c) {
  return c == ' ' || c == '\t' || c == '\n' || c == '\r';
}

// Finds the offsets of all tokens with simdjson's first stage, which also checks UTF-8 and
// refuses control characters in strings. A thread keeps the tables for bodies up to 1 MiB.
class Tokenizer {
 public:
  simdjson::error_code run(std::string_view bytes) {
    if (!parser_ || parser_->capacity() < bytes.size()) {
      constexpr size_t kKept = 1 << 20;
      const size_t capacity = std::max<size_t>(bytes.size(), 16384);
      auto error = simdjson::get_active_implementation()->create_dom_parser_implementation(
          capacity <= kKept ? std::min(kKept, capacity * 2) : capacity, 1, parser_);
      if (error) return error;
    }
    return parser_->stage1(reinterpret_cast<const uint8_t*>(bytes.data()), bytes.size(),
                           simdjson::stage1_mode::regular);
  }
  void trim() {
    if (parser_ && parser_->capacity() > (1 << 20)) parser_.reset();
  }
  uint32_t count() const { return parser_->n_structural_indexes; }
  const uint32_t* offsets() const { return parser_->structural_indexes.get(); }

 private:
  std::unique_ptr<Stage1> parser_;
};

// RFC 8259 section 6, by form only.
bool valid_number(std::string_view s) {
  size_t i = 0;
  auto digits = [&] {
    const size_t from = i;
    while (i < s.size() && s[i] >= '0' && s[i] <= '9') ++i;
    return i > from;
  };
  if (i < s.size() && s[i] == '-') ++i;
  if (i < s.size() && s[i] == '0') {
    ++i;
  } else if (!digits()) {
    return false;
  }
  if (i < s.size() && s[i] == '.') {
    ++i;
    if (!digits()) return false;
  }
  if (i < s.size() && (s[i] == 'e' || s[i] == 'E')) {
    ++i;
    if (i < s.size() && (s[i] == '+' || s[i] == '-')) ++i;
    if (!digits()) return false;
  }
  return i == s.size();
}

int hex4(std::string_view s, size_t at) {
  if (at + 4 > s.size()) return -1;
  unsigned value = 0;
  auto [end, error] = std::from_chars(s.data() + at, s.data() + at + 4, value, 16);
  return error == std::errc{} && end == s.data() + at + 4 ? static_cast<int>(value) : -1;
}

bool high_surrogate(int u) {
  return u >= 0xd800 && u < 0xdc00;
}
bool low_surrogate(int u) {
  return u >= 0xdc00 && u < 0xe000;
}

// What is wrong with the escapes of a string's inside, and where; nullptr when nothing is.
const char* escape_fault(std::string_view s, bool allow_lone, size_t& where) {
  for (size_t i = s.find('\\'); i != std::string_view::npos; i = s.find('\\', i)) {
    where = i;
    if (i + 1 >= s.size()) return "a backslash at the end of a string";
    const char c = s[i + 1];
    if (c != 'u') {
      if (std::strchr("\"\\/bfnrt", c) == nullptr || c == '\0') return "an unknown escape";
      i += 2;
      continue;
    }
    const int unit = hex4(s, i + 2);
    if (unit < 0) return "a \\u without four hex digits";
    i += 6;
    if (high_surrogate(unit)) {
      const bool pair = i + 1 < s.size() && s[i] == '\\' && s[i + 1] == 'u' && low_surrogate(hex4(s, i + 2));
      if (pair) {
        i += 6;
      } else if (!allow_lone) {
        return "half a surrogate pair";
      }
    } else if (low_surrogate(unit) && !allow_lone) {
      return "half a surrogate pair";
    }
  }
  return nullptr;
}

void append_utf8(std::string& out, uint32_t u) {
  if (u < 0x80) {
    out += static_cast<char>(u);
  } else if (u < 0x800) {
    out += static_cast<char>(0xc0 | u >> 6);
    out += static_cast<char>(0x80 | (u & 63));
  } else if (u < 0x10000) {
    out += static_cast<char>(0xe0 | u >> 12);
    out += static_cast<char>(0x80 | (u >> 6 & 63));
    out += static_cast<char>(0x80 | (u & 63));
  } else {
    out += static_cast<char>(0xf0 | u >> 18);
    out += static_cast<char>(0x80 | (u >> 12 & 63));
    out += static_cast<char>(0x80 | (u >> 6 & 63));
    out += static_cast<char>(0x80 | (u & 63));
  }
}

}  // namespace

std::string_view name(Kind kind) {
  switch (kind) {
    case Kind::none: return "nothing";
    case Kind::object: return "an object";
    case Kind::array: return "an array";
    case Kind::string: return "a string";
    case Kind::number: return "a number";
    case Kind::boolean: return "a boolean";
    case Kind::null: return "null";
  }
  return "";
}

// One pass over the tokens: an automaton with an explicit stack of open brackets.
struct Checker {
  std::string_view bytes;
  const uint32_t* at;
  uint32_t count;
  const Doc::Options& options;
  std::vector<Doc::Token>& tokens;

  struct Fault {
    const char* what;
    size_t where;
  };

  std::optional<Fault> run() {
    enum class Expect : uint8_t { value, value_or_close, key, key_or_close, colon, comma_or_close, end };
    Expect expect = Expect::value;
    std::vector<uint32_t> open;  // token indexes of the brackets not closed yet
    tokens.resize(count + 1);
    for (uint32_t i = 0; i < count; ++i) {
      const uint32_t offset = at[i];
      tokens[i] = {offset, i + 1};
      const char c = bytes[offset];
      const bool opens = c == '{' || c == '[';
      const bool closes = c == '}' || c == ']';
      switch (expect) {
        case Expect::colon:
          if (c != ':') return Fault{"expected ':'", offset};
          expect = Expect::value;
          continue;
        case Expect::comma_or_close:
          if (c == ',') {
            expect = bytes[at[open.back()]] == '{' ? Expect::key : Expect::value;
            continue;
          }
          if (!closes) return Fault{"expected ',' or a closing bracket", offset};
          break;
        case Expect::key:
        case Expect::key_or_close:
          if (c == '"') {
            if (auto fault = scalar(i)) return fault;
            expect = Expect::colon;
            continue;
          }
          if (!(closes && expect == Expect::key_or_close)) return Fault{"expected a member name", offset};
          break;
        case Expect::value:
          if (closes || c == ',' || c == ':') return Fault{"expected a value", offset};
          break;
        case Expect::value_or_close:
          if (c == '}' || c == ',' || c == ':') return Fault{"expected a value", offset};
          break;
        case Expect::end: return Fault{"more text after the end of the JSON value", offset};
      }
      if (opens) {
        if (open.size() >= options.max_depth) return Fault{"nested too deep", offset};
        open.push_back(i);
        expect = c == '{' ? Expect::key_or_close : Expect::value_or_close;
        continue;
      }
      if (closes) {
        const uint32_t opener = open.back();
        if ((bytes[at[opener]] == '{') != (c == '}')) return Fault{"the wrong closing bracket", offset};
        tokens[opener].next = i + 1;
        open.pop_back();
      } else if (auto fault = scalar(i)) {
        return fault;
      }
      expect = open.empty() ? Expect::end : Expect::comma_or_close;
    }
    tokens[count] = {static_cast<uint32_t>(bytes.size()), count};
    if (expect != Expect::end) return Fault{"the text ends too early", bytes.size()};
    return std::nullopt;
  }

  std::optional<Fault> scalar(uint32_t i) const {
    const size_t from = at[i];
    size_t to = i + 1 < count ? at[i + 1] : bytes.size();
    while (to > from + 1 && is_space(bytes[to - 1])) --to;
    const auto text = bytes.substr(from, to - from);
    if (text[0] == '"') {
      // The first stage starts the next token behind the closing quote, so that a quote that
      // stands elsewhere than at the end was followed by something that is no JSON.
      if (text.size() < 2 || text.back() != '"') return Fault{"expected ',' or a closing bracket", to};
      size_t where = 0;
      if (text.find('\\') != std::string_view::npos) {
        if (const char* what =
                escape_fault(text.substr(1, text.size() - 2), options.allow_lone_surrogates, where)) {
          return Fault{what, from + 1 + where};
        }
      }
      return std::nullopt;
    }
    if (text == "true" || text == "false" || text == "null") return std::nullopt;
    if (text[0] == '-' || (text[0] >= '0' && text[0] <= '9')) {
      if (valid_number(text)) return std::nullopt;
      return Fault{"a number that is not JSON", from};
    }
    return Fault{"an unknown word", from};
  }
};

Result<Doc> Doc::parse(std::string_view bytes, const Options& options) {
  auto refuse = [](std::string_view what, size_t where) {
    return fail(ErrorClass::bad_request,
                "invalid JSON at byte " + std::to_string(where) + ": " + std::string(what));
  };
  if (bytes.empty()) return refuse("the text is empty", 0);
  if (bytes.size() >= UINT32_MAX) return refuse("longer than 4 GiB", UINT32_MAX);
  if (bytes.starts_with("\xef\xbb\xbf")) return refuse("a byte order mark", 0);

  thread_local Tokenizer tokenizer;
  if (auto error = tokenizer.run(bytes)) {
    switch (error) {
      case simdjson::UTF8_ERROR: return refuse("text that is not UTF-8", 0);
      case simdjson::UNCLOSED_STRING: return refuse("a string without its closing quote", bytes.size());
      case simdjson::UNESCAPED_CHARS: return refuse("a control character in a string", 0);
      case simdjson::EMPTY: return refuse("the text is empty", 0);
      default: return refuse(simdjson::error_message(error), 0);
    }
  }
  Doc doc;
  doc.bytes_ = bytes;
  const auto fault = Checker{bytes, tokenizer.offsets(), tokenizer.count(), options, doc.tokens_}.run();
  tokenizer.trim();
  if (fault) return refuse(fault->what, fault->where);
  return doc;
}

Value Doc::root() const {
  return Value(this, 0);
}

Kind Value::kind() const {
  if (doc_ == nullptr) return Kind::none;
  switch (doc_->bytes_[offset()]) {
    case '{': return Kind::object;
    case '[': return Kind::array;
    case '"': return Kind::string;
    case 't':
    case 'f': return Kind::boolean;
    case 'n': return Kind::null;
    default: return Kind::number;
  }
}

size_t Value::offset() const {
  return doc_ == nullptr ? 0 : doc_->tokens_[token_].at;
}

std::string_view Value::raw() const {
  if (doc_ == nullptr) return {};
  const auto& token = doc_->tokens_[token_];
  const char first = doc_->bytes_[token.at];
  if (first == '{' || first == '[') {
    return doc_->bytes_.substr(token.at, doc_->tokens_[token.next - 1].at + 1 - token.at);
  }
  size_t end = doc_->tokens_[token.next].at;
  while (end > token.at + 1 && is_space(doc_->bytes_[end - 1])) --end;
  return doc_->bytes_.substr(token.at, end - token.at);
}

std::optional<std::string> Value::string() const {
  if (kind() != Kind::string) return std::nullopt;
  const auto text = raw();
  return unescaped(text.substr(1, text.size() - 2));
}

bool Value::says(std::string_view s) const {
  if (kind() != Kind::string) return false;
  const auto whole = raw();
  const auto text = whole.substr(1, whole.size() - 2);
  if (text == s) return s.find('\\') == std::string_view::npos;
  // An escape takes two to six bytes for one.
  if (text.size() <= s.size() || text.size() > 6 * s.size()) return false;
  return text.find('\\') != std::string_view::npos && unescaped(text) == s;
}

std::optional<int64_t> Value::integer() const {
  if (kind() != Kind::number) return std::nullopt;
  const auto text = raw();
  int64_t value = 0;
  auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc{} || end != text.data() + text.size()) return std::nullopt;
  return value;
}

std::optional<double> Value::number() const {
  if (kind() != Kind::number) return std::nullopt;
  const auto text = raw();
  double value = 0;
  auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc{}) return std::nullopt;
  return value;
}

std::optional<bool> Value::boolean() const {
  if (kind() != Kind::boolean) return std::nullopt;
  return raw() == "true";
}

Value Value::operator[](std::string_view key) const {
  for (auto [name, value] : members()) {
    if (name.says(key)) return value;
  }
  return {};
}

Value Value::at(size_t i) const {
  for (auto [_, value] : elements()) {
    if (i-- == 0) return value;
  }
  return {};
}

size_t Value::size() const {
  size_t n = 0;
  for ([[maybe_unused]] auto member : is(Kind::object) ? members() : elements()) ++n;
  return n;
}

Value::Range Value::members() const {
  if (kind() != Kind::object) return {{nullptr, 0, true}, {nullptr, 0, true}};
  return {{doc_, token_ + 1, true}, {doc_, doc_->tokens_[token_].next - 1, true}};
}

Value::Range Value::elements() const {
  if (kind() != Kind::array) return {{nullptr, 0, false}, {nullptr, 0, false}};
  return {{doc_, token_ + 1, false}, {doc_, doc_->tokens_[token_].next - 1, false}};
}

Value::Member Value::Iterator::operator*() const {
  if (object_) return {Value(doc_, token_), Value(doc_, token_ + 2)};
  return {Value(), Value(doc_, token_)};
}

Value::Iterator& Value::Iterator::operator++() {
  const uint32_t behind = doc_->tokens_[object_ ? token_ + 2 : token_].next;
  token_ = doc_->bytes_[doc_->tokens_[behind].at] == ',' ? behind + 1 : behind;
  return *this;
}

std::string unescaped(std::string_view s) {
  std::string out;
  out.reserve(s.size());
  for (size_t i = 0; i < s.size();) {
    const size_t stop = std::min(s.find('\\', i), s.size());
    out.append(s, i, stop - i);
    i = stop;
    if (i == s.size()) break;
    switch (const char c = s[i + 1]) {
      case 'b': out += '\b'; break;
      case 'f': out += '\f'; break;
      case 'n': out += '\n'; break;
      case 'r': out += '\r'; break;
      case 't': out += '\t'; break;
      case 'u': {
        int unit = hex4(s, i + 2);
        if (high_surrogate(unit) && i + 7 < s.size() && s[i + 6] == '\\' && s[i + 7] == 'u' &&
            low_surrogate(hex4(s, i + 8))) {
          append_utf8(out, 0x10000 + ((static_cast<uint32_t>(unit) - 0xd800) << 10) +
                               (static_cast<uint32_t>(hex4(s, i + 8)) - 0xdc00));
          i += 12;
          continue;
        }
        // Half a pair has no UTF-8: the replacement character stands in for it.
        append_utf8(out, high_surrogate(unit) || low_surrogate(unit) ? 0xfffd : static_cast<uint32_t>(unit));
        i += 6;
        continue;
      }
      default: out += c;
    }
    i += 2;
  }
  return out;
}

}  // namespace llmgw::json
