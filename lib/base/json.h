#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"

namespace llmgw::json {

enum class Kind : uint8_t { none, object, array, string, number, boolean, null };
std::string_view name(Kind);

class Value;

// A JSON text that was checked whole (RFC 8259): grammar, UTF-8, escapes, numbers by form,
// depth. simdjson finds the tokens; nothing is copied or converted until it is asked for.
// The bytes must outlive the Doc and every Value of it.
class Doc {
 public:
  struct Options {
    size_t max_depth = 512;
    // Replies of providers may hold \ud800 alone: JSON's grammar allows it, UTF-8 does not.
    bool allow_lone_surrogates = false;
  };

  // Fails with bad_request and a message that says what is wrong at which byte. Any
  // value may stand at the top. At most 4 GiB - 1.
  static Result<Doc> parse(std::string_view bytes, const Options&);
  static Result<Doc> parse(std::string_view bytes) { return parse(bytes, Options{}); }

  Value root() const;

 private:
  friend class Value;
  friend struct Checker;
  // A token's offset, and the index of the first token behind the value it begins.
  struct Token {
    uint32_t at;
    uint32_t next;
  };
  std::string_view bytes_;
  std::vector<Token> tokens_;  // the last one stands at the end of the text
};

// A view of one value in a Doc. Cheap to copy. A missing member is a Value of Kind::none,
// on which every question has the empty answer, so that v["a"]["b"].string() needs no checks.
class Value {
 public:
  Value() = default;

  Kind kind() const;
  bool is(Kind k) const { return kind() == k; }
  explicit operator bool() const { return doc_ != nullptr; }

  // The value's own bytes, quotes and brackets included.
  std::string_view raw() const;
  // Where raw() begins in the Doc's text.
  size_t offset() const;

  // Unescaped text of a string; none for anything else.
  std::optional<std::string> string() const;
  // string() of a value that is one, else "".
  std::string text() const { return string().value_or(std::string{}); }
  // Whether this is a string that says exactly `s`, however it is escaped.
  bool says(std::string_view s) const;
  // A number without fraction or exponent that fits; none otherwise.
  std::optional<int64_t> integer() const;
  std::optional<double> number() const;
  std::optional<bool> boolean() const;
  bool is_null() const { return kind() == Kind::null; }

  // The first member of that name. Linear in the number of members.
  Value operator[](std::string_view key) const;
  // The i-th element of an array. Linear.
  Value at(size_t i) const;
  // Members of an object or elements of an array; 0 for anything else. Linear.
  size_t size() const;

  struct Member;
  class Iterator;
  class Range;
  // Members in their order, with repeats; empty unless an object.
  Range members() const;
  // Elements in their order, keys empty; empty unless an array.
  Range elements() const;

 private:
  friend class Doc;
  Value(const Doc* doc, uint32_t token) : doc_(doc), token_(token) {}

  const Doc* doc_ = nullptr;
  uint32_t token_ = 0;
};

struct Value::Member {
  Value key;  // a string; none in an array
  Value value;
};

class Value::Iterator {
 public:
  Iterator(const Doc* doc, uint32_t token, bool object) : doc_(doc), token_(token), object_(object) {}
  Member operator*() const;
  Iterator& operator++();
  bool operator!=(const Iterator& other) const { return token_ != other.token_; }

 private:
  const Doc* doc_;
  uint32_t token_;  // of the key or element; the closing bracket's at the end
  bool object_;
};

class Value::Range {
 public:
  Range(Iterator begin, Iterator end) : begin_(begin), end_(end) {}
  Iterator begin() const { return begin_; }
  Iterator end() const { return end_; }

 private:
  Iterator begin_, end_;
};

// The text of a JSON string between its quotes, unescaped. `escaped` was checked.
std::string unescaped(std::string_view escaped);

}  // namespace llmgw::json
