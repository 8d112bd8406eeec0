#pragma once

#include <array>
#include <limits>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/money.h"
#include "base/time.h"
#include "config/fields.h"

// The types of the grammar. Each reads a value of the file, reporting what is wrong with it,
// and writes it as JSON.
namespace llmgw::config {

// Says what is wrong with a text ("holds a space"), or nothing. See check.h.
using Check = std::optional<std::string> (*)(std::string_view);

struct Text {
  Check check = nullptr;
  void read(const Cursor&, std::string&) const;
  void write(json::Writer& out, const std::string& value) const { out.string(value); }
};

// A file's path: "~" expanded, a relative one taken from the config's folder.
struct Path {
  bool must_exist = false;  // when secrets are required
  void read(const Cursor&, std::string&) const;
  void write(json::Writer& out, const std::string& value) const { out.string(value); }
};

struct Boolean {
  void read(const Cursor&, bool&) const;
  void write(json::Writer& out, bool value) const { out.boolean(value); }
};

struct Integer {
  int64_t min = 0;
  int64_t max = std::numeric_limits<int64_t>::max();
  void read(const Cursor&, int64_t&) const;
  void read(const Cursor&, int&) const;
  void write(json::Writer& out, int64_t value) const { out.integer(value); }
};

// A finite number; an integer will do.
struct Number {
  double min = 0;
  double max = std::numeric_limits<double>::max();
  void read(const Cursor&, double&) const;
  void write(json::Writer& out, double value) const { out.number(value); }
};

struct Time {
  Duration min = 0s;
  Duration max = 24h * 3660;
  void read(const Cursor&, Duration&) const;
  void write(json::Writer&, Duration) const;
};

// A duration above zero, or "auto".
struct TimeOrAuto {
  void read(const Cursor&, AutoDuration&) const;
  void write(json::Writer&, const AutoDuration&) const;
};

// A whole number of seconds, as `recovery.seconds`.
struct Seconds {
  void read(const Cursor&, Duration&) const;
  void write(json::Writer& out, Duration value) const;
};

struct Size {
  int64_t min = 1;
  int64_t max = int64_t{1} << 50;
  void read(const Cursor&, int64_t&) const;
  void write(json::Writer&, int64_t) const;
};

// Dollars, exact to a billionth.
struct Dollars {
  void read(const Cursor&, NanoUsd&) const;
  void write(json::Writer&, NanoUsd) const;
};

// Dollars per million tokens, exact to a millionth of a millionth per token.
struct TokenPrice {
  void read(const Cursor&, PicoUsd&) const;
  void write(json::Writer&, PicoUsd) const;
};

// The name of a time zone that the machine knows.
struct Zone {
  void read(const Cursor&, std::string&) const;
  void write(json::Writer& out, const std::string& value) const { out.string(value); }
};

void expected_word(const Cursor&, const std::vector<std::string_view>& words);

// One of a few words, each standing for a value.
template <typename E, size_t N>
struct Words {
  std::array<std::pair<std::string_view, E>, N> words;

  void read(const Cursor& at, E& value) const {
    std::vector<std::string_view> names;
    for (const auto& [name, meaning] : words) {
      if (at.node().kind == Node::Kind::string && at.node().text == name) {
        value = meaning;
        return;
      }
      names.push_back(name);
    }
    expected_word(at, names);
  }

  void write(json::Writer& out, const E& value) const {
    for (const auto& [name, meaning] : words) {
      if (meaning == value) {
        out.string(name);
        return;
      }
    }
    out.null();
  }
};

// words<Auth>({{"open", Auth::open}, ...})
template <typename E, size_t N>
constexpr Words<E, N> words(const std::pair<std::string_view, E> (&list)[N]) {
  return {std::to_array(list)};
}

// Some of a few words, kept as they are.
struct Word {
  std::vector<std::string_view> words;
  void read(const Cursor&, std::string&) const;
  void write(json::Writer& out, const std::string& value) const { out.string(value); }
};

// The error classes that fall back.
struct Classes {
  void read(const Cursor&, ClassSet&) const;
  void write(json::Writer&, ClassSet) const;
};

struct ClassName {
  void read(const Cursor&, ErrorClass&) const;
  void write(json::Writer& out, ErrorClass value) const { out.string(name(value)); }
};

// An array whose elements are each of `type`.
template <typename Type>
struct List {
  Type type;

  template <typename T>
  void read(const Cursor& at, std::vector<T>& value) const {
    if (at.node().kind != Node::Kind::array) {
      at.expected("an array");
      return;
    }
    value.clear();
    for (size_t i = 0; i < at.node().items.size(); ++i) type.read(at.item(i), value.emplace_back());
  }

  template <typename T>
  void write(json::Writer& out, const std::vector<T>& value) const {
    out.begin_array();
    for (const auto& item : value) type.write(out, item);
    out.end_array();
  }
};

// A table whose keys a section function names.
template <typename T>
struct Group {
  void (*section)(Fields&, T&);

  void read(const Cursor& at, T& value) const {
    if (at.node().kind != Node::Kind::table) {
      at.expected("a table");
      return;
    }
    if constexpr (requires { value.at; }) value.at = at.node().at;
    Fields fields(at);
    section(fields, value);
    fields.finish();
  }

  void write(json::Writer& out, const T& value) const {
    T copy = value;  // a section takes what it could also fill
    out.begin_object();
    Fields fields(out);
    section(fields, copy);
    out.end_object();
  }
};

// A table with free keys, in the file's order. `Items` is a vector of things with a `name`
// or of pairs, or a map.
template <typename Type>
struct Keyed {
  Type type;
  Check key = nullptr;

  template <typename Items>
  void read(const Cursor& at, Items& items) const {
    if (at.node().kind != Node::Kind::table) {
      at.expected("a table");
      return;
    }
    items.clear();
    for (const auto& member : at.node().members) {
      const Cursor value = at.member(member);
      if (const auto wrong = key ? key(member.key) : std::nullopt) {
        at.session().error(member.at, value.path(), "the name " + *wrong);
      }
      if constexpr (requires { items.back().name; }) {
        items.emplace_back().name = member.key;
        type.read(value, items.back());
      } else if constexpr (requires { items.back().first; }) {
        items.emplace_back().first = member.key;
        type.read(value, items.back().second);
      } else {
        type.read(value, items[member.key]);
      }
    }
  }

  template <typename Items>
  void write(json::Writer& out, const Items& items) const {
    out.begin_object();
    for (const auto& item : items) {
      if constexpr (requires { item.name; }) {
        out.key(item.name);
        type.write(out, item);
      } else {
        out.key(item.first);
        type.write(out, item.second);
      }
    }
    out.end_object();
  }
};

template <typename Type>
Keyed(Type) -> Keyed<Type>;
template <typename Type>
Keyed(Type, Check) -> Keyed<Type>;

}  // namespace llmgw::config
