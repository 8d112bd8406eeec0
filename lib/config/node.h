#pragma once

#include <cstdint>
#include <expected>
#include <string>
#include <string_view>
#include <vector>

#include "config/problem.h"

namespace llmgw::config {

// One value of a TOML file: a tree of our own, so that one file alone needs the parser's
// headers, tables keep the file's order, and numbers keep the digits they were written with.
struct Node {
  enum class Kind : uint8_t { table, array, string, integer, number, boolean, date, time, date_time };
  struct Member;

  Kind kind = Kind::table;
  Position at;
  std::string text;  // a string's value; of a number, date or time what stands in the file
  int64_t integer = 0;
  double number = 0;
  bool boolean = false;
  std::vector<Node> items;      // of an array
  std::vector<Member> members;  // of a table, in the file's order

  const Member* find(std::string_view key) const;
};

struct Node::Member {
  std::string key;
  Position at;  // of the key
  Node value;
};

// "a table", "an integer": for messages.
std::string_view name(Node::Kind);

// Nesting beyond this is refused, so that no input can exhaust the stack.
inline constexpr int kMaxDepth = 64;
// A config is written by people; what is larger is another file.
inline constexpr size_t kMaxText = 4 << 20;

// The file as a table, or the first place where it is not TOML 1.0. Never throws.
std::expected<Node, Problem> parse_toml(std::string_view text);

}  // namespace llmgw::config
