#include "net/headers.h"

#include "base/text.h"

namespace llmgw::net {

void Headers::add(std::string_view name, std::string_view value) {
  if (fields_.empty()) {
    fields_.reserve(16);
    bytes_.reserve(512);
  }
  fields_.push_back({static_cast<uint32_t>(bytes_.size()), static_cast<uint32_t>(name.size()),
                     static_cast<uint32_t>(value.size())});
  bytes_ += name;
  bytes_ += value;
}

void Headers::set(std::string_view name, std::string_view value) {
  remove(name);
  add(name, value);
}

void Headers::remove(std::string_view name) {
  for (size_t i = find(name); i < fields_.size(); i = find(name, i)) {
    fields_.erase(fields_.begin() + static_cast<std::ptrdiff_t>(i));
  }
}

void Headers::clear() {
  bytes_.clear();
  fields_.clear();
}

std::string_view Headers::get(std::string_view name) const {
  const size_t i = find(name);
  return i == fields_.size() ? std::string_view{} : (*this)[i].value;
}

size_t Headers::count(std::string_view name) const {
  size_t n = 0;
  for (size_t i = find(name); i < fields_.size(); i = find(name, i + 1)) ++n;
  return n;
}

std::vector<std::string> Headers::names_of_this_hop() const {
  std::vector<std::string> names;
  for (size_t i = find("connection"); i < fields_.size(); i = find("connection", i + 1)) {
    for (const auto name : split((*this)[i].value, ',')) {
      if (!iequals(name, "keep-alive") && !iequals(name, "close")) names.emplace_back(name);
    }
  }
  return names;
}

size_t Headers::find(std::string_view name, size_t from) const {
  for (size_t i = from; i < fields_.size(); ++i) {
    if (fields_[i].name_size == name.size() && iequals((*this)[i].name, name)) return i;
  }
  return fields_.size();
}

}  // namespace llmgw::net
