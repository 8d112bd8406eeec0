#include "dialects/form_scanner.h"

#include <algorithm>
#include <array>

#include "base/text.h"

namespace llmgw::dialects {
namespace {

constexpr size_t kMostParts = 256;
constexpr size_t kMostHead = 16 << 10;
constexpr size_t kMostValue = 8 << 10;  // of a field that is looked for
constexpr std::array<std::string_view, 5> kWanted = {"model", "fallbacks", "fallbacks[]", "fallback_on",
                                                     "stream"};

std::unexpected<Error> refuse(const std::string& what) {
  return fail(ErrorClass::bad_request, "the multipart body " + what);
}

std::string_view parameter(std::string_view field, std::string_view name) {
  for (size_t at = field.find(';'); at != std::string_view::npos; at = field.find(';', at + 1)) {
    auto rest = trim(field.substr(at + 1));
    if (rest.size() <= name.size() || !iequals(rest.substr(0, name.size()), name) || rest[name.size()] != '=')
      continue;
    rest.remove_prefix(name.size() + 1);
    if (rest.starts_with('"'))
      return rest.substr(1, rest.find('"', 1) == std::string_view::npos ? 0 : rest.find('"', 1) - 1);
    return trim(rest.substr(0, rest.find(';')));
  }
  return {};
}

// The name that a part's fields give it.
std::string_view part_name(std::string_view lines) {
  constexpr std::string_view kField = "content-disposition:";
  std::string_view name;
  while (!lines.empty()) {
    const size_t stop = lines.find("\r\n");
    const auto line = lines.substr(0, stop);
    if (line.size() > kField.size() && iequals(line.substr(0, kField.size()), kField))
      name = parameter(line, "name");
    if (stop == std::string_view::npos) break;
    lines.remove_prefix(stop + 2);
  }
  return name;
}

}  // namespace

Result<FormScanner> FormScanner::make(std::string_view content_type) {
  const auto boundary = parameter(content_type, "boundary");
  if (boundary.empty() || boundary.size() > 70) {
    return fail(ErrorClass::bad_request, "the multipart body's Content-Type names no boundary (RFC 7578)");
  }
  return FormScanner(boundary);
}

Result<void> FormScanner::feed(std::string_view bytes) {
  constexpr size_t kSlice = 64 << 10;  // copied at once
  for (; !bytes.empty(); bytes.remove_prefix(std::min(kSlice, bytes.size()))) {
    if (at_ == At::end) return {};  // an epilogue says nothing
    pending_ += bytes.substr(0, kSlice);
    for (bool more = true; more;) {
      auto stepped = step();
      if (!stepped) return fail(std::move(stepped.error()));
      more = *stepped;
    }
  }
  return {};
}

Result<std::vector<FormField>> FormScanner::finish() {
  if (at_ != At::end) return refuse("does not end with its closing boundary");
  return std::move(found_);
}

Result<bool> FormScanner::step() {
  switch (at_) {
    case At::preamble: return take_preamble();
    case At::delimiter: return take_delimiter();
    case At::head: return take_head();
    case At::value: return take_value();
    case At::end: break;
  }
  return false;
}

void FormScanner::drop(size_t n) {
  pending_.erase(0, n);
  offset_ += n;
}

// The first delimiter may stand at the very start, hence without a line's end before it.
bool FormScanner::take_preamble() {
  const auto bare = std::string_view(delimiter_).substr(2);
  const size_t found = pending_.find(bare);
  if (found == std::string::npos) {
    if (pending_.size() >= bare.size()) drop(pending_.size() - bare.size() + 1);
    return false;
  }
  drop(found);
  field_ = {.begin = offset_};
  drop(bare.size());
  at_ = At::delimiter;
  return true;
}

bool FormScanner::take_delimiter() {
  if (pending_.size() < 2) return false;
  at_ = pending_.starts_with("--") ? At::end : At::head;
  return at_ == At::head;
}

Result<bool> FormScanner::take_head() {
  const size_t blank = pending_.find("\r\n\r\n");
  if (blank == std::string::npos || blank > kMostHead) {
    if (pending_.size() > kMostHead) return refuse("has a part whose head is larger than 16 KB");
    return false;
  }
  if (++parts_ > kMostParts) return refuse("has more than 256 parts");
  const auto name = part_name(std::string_view(pending_).substr(0, blank));
  wanted_ = std::ranges::find(kWanted, name) != kWanted.end();
  field_.name = name;
  // The delimiter that ends a part without a value begins with the line's end that ends its head.
  drop(blank + 2);
  field_.value_begin = offset_ + 2;
  at_ = At::value;
  return true;
}

Result<bool> FormScanner::take_value() {
  const size_t found = pending_.find(delimiter_);
  if (found == std::string::npos) {
    if (wanted_ && pending_.size() > kMostValue + delimiter_.size())
      return fail(ErrorClass::bad_request, "'" + field_.name + "' in the form is longer than 8 KB");
    if (!wanted_ && pending_.size() >= delimiter_.size()) drop(pending_.size() - delimiter_.size() + 1);
    return false;
  }
  field_.value_end = offset_ + found;
  field_.end = offset_ + found + 2;
  if (wanted_) {
    if (found < 2) return fail(ErrorClass::bad_request, "'" + field_.name + "' in the form has no value");
    field_.value = pending_.substr(2, found - 2);
    if (field_.value.size() > kMostValue)
      return fail(ErrorClass::bad_request, "'" + field_.name + "' in the form is longer than 8 KB");
    found_.push_back(std::move(field_));
  }
  drop(found + 2);
  field_ = {.begin = offset_};
  drop(delimiter_.size() - 2);
  at_ = At::delimiter;
  return true;
}

}  // namespace llmgw::dialects
