#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/json_writer.h"
#include "config/cursor.h"

namespace llmgw::config {

// One table of the grammar, walked in either direction: the section functions name each
// key with its value and its type once, and so both read a file into a Config and write a
// Config as JSON. What a key's type does is in types.h.
class Fields {
 public:
  // Reads the table at `cursor`.
  explicit Fields(const Cursor& cursor) : cursor_(&cursor) {}
  // Writes members into the object that is open in `out`.
  explicit Fields(json::Writer& out) : out_(&out) {}

  bool reading() const { return cursor_ != nullptr; }

  // A key with the value it sets. When the file doesn't have it, the value stays.
  template <typename T, typename Type>
  void field(std::string_view key, T& value, const Type& type) {
    if (out_) {
      out_->key(key);
      type.write(*out_, value);
    } else if (const auto at = take(key)) {
      type.read(*at, value);
    }
  }

  // A key whose absence means something.
  template <typename T, typename Type>
  void field(std::string_view key, std::optional<T>& value, const Type& type) {
    if (out_) {
      if (!value) return;
      out_->key(key);
      type.write(*out_, *value);
    } else if (const auto at = take(key)) {
      type.read(*at, value.emplace());
    }
  }

  // Whether the file has the key. Always true when writing.
  bool has(std::string_view key) const { return !cursor_ || cursor_->node().find(key); }
  // Reports the key as missing unless the file has it.
  void required(std::string_view key);
  // Reports what is wrong with a key's value, or with the table when the key is absent or "".
  void wrong(std::string_view key, std::string_view message);
  void warn(std::string_view key, std::string_view message);

  // Reports every key that no field() asked for. Called last.
  void finish();

 private:
  std::optional<Cursor> take(std::string_view key);

  const Cursor* cursor_ = nullptr;
  json::Writer* out_ = nullptr;
  std::vector<std::string_view> known_;
};

}  // namespace llmgw::config
