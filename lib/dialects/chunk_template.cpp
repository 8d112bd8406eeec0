#include "dialects/chunk_template.h"

#include <simdjson.h>

#include <cstring>

namespace llmgw::dialects {

void ChunkTemplate::learn(std::string_view chunk, const std::vector<std::string_view>& holes) {
  fixed_.clear();
  if (holes.empty()) return;
  chunk_ = chunk;
  size_t at = 0;
  for (const auto hole : holes) {
    const auto begin = static_cast<size_t>(hole.data() - chunk.data()) + 1;
    fixed_.push_back(std::string_view(chunk_).substr(at, begin - at));
    at = begin + hole.size() - 2;
  }
  fixed_.push_back(std::string_view(chunk_).substr(at));
}

bool ChunkTemplate::matches(std::string_view chunk, int64_t& text_bytes) const {
  if (fixed_.empty()) return false;
  size_t first = 0;
  for (size_t i = 0; i < fixed_.size(); ++i) {
    const auto fixed = fixed_[i];
    if (chunk.size() < fixed.size() || std::memcmp(chunk.data(), fixed.data(), fixed.size()) != 0)
      return false;
    chunk.remove_prefix(fixed.size());
    if (i + 1 == fixed_.size()) break;
    bool ascii = true;
    size_t end = 0;
    for (; end < chunk.size() && chunk[end] != '"'; ++end) {
      const auto c = static_cast<unsigned char>(chunk[end]);
      if (c < 0x20 || c == '\\') return false;
      ascii = ascii && c < 0x80;
    }
    if (end == 0 || end == chunk.size()) return false;
    if (!ascii && !simdjson::validate_utf8(chunk.data(), end)) return false;
    if (i == 0) first = end;
    chunk.remove_prefix(end);
  }
  if (!chunk.empty()) return false;
  text_bytes += static_cast<int64_t>(first);
  return true;
}

}  // namespace llmgw::dialects
