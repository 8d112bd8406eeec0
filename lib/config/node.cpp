#include "config/node.h"

#include <algorithm>

#define TOML_EXCEPTIONS 0
#define TOML_MAX_NESTED_VALUES 64
#include <toml++/impl/preprocessor.h>
// toml++ 3.3 asserts of input what only the lines below the assertion check: "[!" ends a debug
// build and is undefined behaviour in clang's release. Without them it reports an error.
#undef TOML_ASSERT_ASSUME
#define TOML_ASSERT_ASSUME(expr) static_assert(true)
#include <toml++/toml.h>

namespace llmgw::config {
namespace {

Position position(const toml::source_position& p) {
  return {.line = static_cast<int>(p.line), .column = static_cast<int>(p.column)};
}

// Finds the bytes of a source region; columns count code points.
class Source {
 public:
  explicit Source(std::string_view text) : text_(text) {
    lines_.push_back(0);
    for (size_t i = 0; i < text.size(); ++i) {
      if (text[i] == '\n') lines_.push_back(i + 1);
    }
  }

  // What stands from `begin` up to the end of the number, date or time there.
  std::string literal(Position begin) const {
    if (begin.line < 1 || static_cast<size_t>(begin.line) > lines_.size()) return {};
    size_t i = lines_[static_cast<size_t>(begin.line) - 1];
    // A byte order mark is no column.
    if (begin.line == 1 && text_.starts_with("\xef\xbb\xbf")) i = 3;
    for (int column = 1; column < begin.column && i < text_.size(); ++column) {
      ++i;
      while (i < text_.size() && (text_[i] & 0xc0) == 0x80) ++i;
    }
    const size_t end = text_.find_first_of(",]}#\t\r\n", i);
    std::string_view found = text_.substr(std::min(i, text_.size()), end == text_.npos ? end : end - i);
    while (found.ends_with(' ')) found.remove_suffix(1);
    return std::string(found);
  }

 private:
  std::string_view text_;
  std::vector<size_t> lines_;
};

Node copy(const toml::node& from, const Source& source);

void copy_members(const toml::table& table, const Source& source, Node& node) {
  for (const auto& [key, value] : table) {
    node.members.push_back(
        {.key = std::string(key.str()), .at = position(key.source().begin), .value = copy(value, source)});
  }
  // The parser sorts by name; which provider comes first is for the file to say.
  std::ranges::sort(node.members, {}, [](const Node::Member& m) {
    return std::tuple(m.at.line, m.at.column, std::string_view(m.key));
  });
}

Node copy(const toml::node& from, const Source& source) {
  Node node;
  node.at = position(from.source().begin);
  switch (from.type()) {
    case toml::node_type::table: copy_members(*from.as_table(), source, node); break;
    case toml::node_type::array:
      node.kind = Node::Kind::array;
      for (const auto& item : *from.as_array()) node.items.push_back(copy(item, source));
      break;
    case toml::node_type::string:
      node.kind = Node::Kind::string;
      node.text = from.as_string()->get();
      break;
    case toml::node_type::integer:
      node.kind = Node::Kind::integer;
      node.integer = from.as_integer()->get();
      node.number = static_cast<double>(node.integer);
      node.text = std::to_string(node.integer);
      break;
    case toml::node_type::floating_point:
      node.kind = Node::Kind::number;
      node.number = from.as_floating_point()->get();
      node.text = source.literal(node.at);
      break;
    case toml::node_type::boolean:
      node.kind = Node::Kind::boolean;
      node.boolean = from.as_boolean()->get();
      break;
    case toml::node_type::date:
      node.kind = Node::Kind::date;
      node.text = source.literal(node.at);
      break;
    case toml::node_type::time:
      node.kind = Node::Kind::time;
      node.text = source.literal(node.at);
      break;
    default:
      node.kind = Node::Kind::date_time;
      node.text = source.literal(node.at);
      break;
  }
  return node;
}

// Where the string that opens at `i` ends: behind its closing quotes, or where the parser
// will complain of it.
size_t end_of_string(std::string_view text, size_t i) {
  const char quote = text[i];
  const std::string_view three = quote == '"' ? "\"\"\"" : "'''";
  const bool lines = text.substr(i).starts_with(three);
  i += lines ? 3 : 1;
  for (; i < text.size(); ++i) {
    if (text[i] == '\\' && quote == '"') {
      ++i;
    } else if (text[i] == '\n' && !lines) {
      return i;
    } else if (text[i] == quote && !lines) {
      return i + 1;
    } else if (lines && text.substr(i).starts_with(three)) {
      i += 3;
      for (int more = 0; more < 2 && i < text.size() && text[i] == quote; ++more) ++i;
      return i;
    }
  }
  return text.size();
}

// The parser bounds how deep values nest, but builds a key `a.a.a.…` of any length, which
// its destructors then walk by recursion: such a key is refused before it gets there.
std::optional<Problem> too_many_parts(std::string_view text) {
  int line = 1, dots = 0;
  size_t line_start = 0;
  for (size_t i = 0; i < text.size();) {
    const char c = text[i];
    if (c == '"' || c == '\'') {
      const size_t end = end_of_string(text, i);
      for (; i < end; ++i) {
        if (text[i] == '\n') ++line, line_start = i + 1, dots = 0;
      }
      continue;
    }
    if (c == '#') {
      i = std::min(text.find('\n', i), text.size());
      continue;
    }
    if (c == '.') {
      if (++dots >= kMaxDepth) {
        return Problem{.at = {line, static_cast<int>(i - line_start) + 1},
                       .message = "a key of more than " + std::to_string(kMaxDepth) + " parts"};
      }
    } else if (c == '\n') {
      ++line, line_start = i + 1, dots = 0;
    } else if (c == '=' || c == ',' || c == '{' || c == '[') {
      dots = 0;
    }
    ++i;
  }
  return std::nullopt;
}

}  // namespace

const Node::Member* Node::find(std::string_view key) const {
  for (const auto& member : members) {
    if (member.key == key) return &member;
  }
  return nullptr;
}

std::string_view name(Node::Kind kind) {
  switch (kind) {
    case Node::Kind::table: return "a table";
    case Node::Kind::array: return "an array";
    case Node::Kind::string: return "a string";
    case Node::Kind::integer: return "an integer";
    case Node::Kind::number: return "a float";
    case Node::Kind::boolean: return "a boolean";
    case Node::Kind::date: return "a date";
    case Node::Kind::time: return "a time";
    case Node::Kind::date_time: return "a date-time";
  }
  return "nothing";
}

std::expected<Node, Problem> parse_toml(std::string_view text) {
  if (text.size() > kMaxText) {
    return std::unexpected(Problem{.message = "larger than 4 MiB; this is no config of llmgw"});
  }
  if (auto problem = too_many_parts(text)) return std::unexpected(*problem);
  const toml::parse_result parsed = toml::parse(text);
  if (!parsed) {
    const auto& error = parsed.error();
    std::string_view what = error.description();
    if (constexpr std::string_view kPrefix = "Error while parsing "; what.starts_with(kPrefix)) {
      what.remove_prefix(kPrefix.size());
    }
    return std::unexpected(
        Problem{.at = position(error.source().begin), .message = "not TOML: " + std::string(what)});
  }
  return copy(parsed.table(), Source(text));
}

}  // namespace llmgw::config
