#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace llmgw::net {

// Header fields in their order, in one buffer. Names compare ASCII case-insensitively.
// Views it gives out hold until the next change.
class Headers {
 public:
  struct Field {
    std::string_view name, value;
  };

  // Neither may hold CR, LF or NUL; the parser and our own code see to that.
  void add(std::string_view name, std::string_view value);
  // Replaces all fields of that name by one.
  void set(std::string_view name, std::string_view value);
  void remove(std::string_view name);
  void clear();

  // The first field of that name; empty when there is none.
  std::string_view get(std::string_view name) const;
  bool has(std::string_view name) const { return find(name) != fields_.size(); }
  // How many fields have that name.
  size_t count(std::string_view name) const;

  // The names of the fields that Connection says are for this hop alone (RFC 9110, 7.6.1).
  std::vector<std::string> names_of_this_hop() const;
  // Whether `bytes` stand anywhere in them, removed ones included.
  bool mention(std::string_view bytes) const { return bytes_.find(bytes) != std::string::npos; }

  size_t size() const { return fields_.size(); }
  bool empty() const { return fields_.empty(); }
  Field operator[](size_t i) const {
    const auto& f = fields_[i];
    return {std::string_view(bytes_).substr(f.name, f.name_size),
            std::string_view(bytes_).substr(f.name + f.name_size, f.value_size)};
  }

  class Iterator {
   public:
    Iterator(const Headers* headers, size_t i) : headers_(headers), i_(i) {}
    Field operator*() const { return (*headers_)[i_]; }
    Iterator& operator++() { return ++i_, *this; }
    bool operator!=(const Iterator& other) const { return i_ != other.i_; }

   private:
    const Headers* headers_;
    size_t i_;
  };
  Iterator begin() const { return {this, 0}; }
  Iterator end() const { return {this, fields_.size()}; }

 private:
  // The value follows its name in bytes_.
  struct Span {
    uint32_t name, name_size, value_size;
  };
  size_t find(std::string_view name, size_t from = 0) const;

  std::string bytes_;
  std::vector<Span> fields_;
};

}  // namespace llmgw::net
