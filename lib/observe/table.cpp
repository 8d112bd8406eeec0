#include "observe/table.h"

#include <algorithm>
#include <array>
#include <cassert>
#include <numeric>

namespace llmgw::observe {
namespace {

constexpr size_t kGap = 2;
constexpr size_t kNarrowest = 8;

bool continues(char c) {
  return (static_cast<unsigned char>(c) & 0xc0) == 0x80;
}

std::string visible(std::string_view text) {
  std::string out(text);
  for (char& c : out) {
    const auto byte = static_cast<unsigned char>(c);
    if (byte < 0x20 || byte == 0x7f) c = '?';
  }
  return out;
}

std::string cut_to(const std::string& text, size_t width) {
  if (columns(text) <= width) return text;
  size_t end = 0;
  for (size_t seen = 0; end < text.size(); ++end) {
    if (continues(text[end])) continue;
    if (++seen == width) break;
  }
  return text.substr(0, end) + "…";
}

}  // namespace

size_t columns(std::string_view utf8) {
  return static_cast<size_t>(std::ranges::count_if(utf8, [](char c) { return !continues(c); }));
}

std::string toned(std::string_view text, Tone tone, const Look& look) {
  static constexpr std::array<std::string_view, 5> kCodes{"", "\x1b[32m", "\x1b[33m", "\x1b[31m", "\x1b[2m"};
  const auto code = kCodes[static_cast<size_t>(tone)];
  if (!look.colour || code.empty() || text.empty()) return std::string(text);
  return std::string(code) + std::string(text) + "\x1b[0m";
}

Table& Table::column(std::string heading, Align align, bool may_shrink) {
  columns_.push_back({std::move(heading), align, may_shrink});
  return *this;
}

void Table::row(std::vector<Cell> cells) {
  assert(cells.size() == columns_.size());
  for (auto& cell : cells) cell.text = visible(cell.text);
  rows_.push_back(std::move(cells));
}

std::string Table::text(const Look& look, std::string_view indent) const {
  std::vector<size_t> widths;
  for (size_t i = 0; i < columns_.size(); ++i) {
    size_t width = columns(columns_[i].heading);
    for (const auto& row : rows_) width = std::max(width, columns(row[i].text));
    widths.push_back(width);
  }
  const size_t frame = columns(indent) + kGap * (columns_.empty() ? 0 : columns_.size() - 1);
  while (look.width > 0 &&
         std::accumulate(widths.begin(), widths.end(), frame) > static_cast<size_t>(look.width)) {
    size_t widest = columns_.size();
    for (size_t i = 0; i < columns_.size(); ++i) {
      const size_t least = std::max(kNarrowest, columns(columns_[i].heading));
      if (!columns_[i].may_shrink || widths[i] <= least) continue;
      if (widest == columns_.size() || widths[i] > widths[widest]) widest = i;
    }
    if (widest == columns_.size()) break;
    --widths[widest];
  }

  std::string out;
  auto line = [&](auto cell_of) {
    out += indent;
    for (size_t i = 0; i < columns_.size(); ++i) {
      const Cell cell = cell_of(i);
      const std::string shown = cut_to(cell.text, widths[i]);
      const std::string space(widths[i] - columns(shown), ' ');
      if (i > 0) out.append(kGap, ' ');
      if (columns_[i].align == Align::right) out += space;
      out += toned(shown, cell.tone, look);
      if (columns_[i].align == Align::left && i + 1 < columns_.size()) out += space;
    }
    while (!out.empty() && out.back() == ' ') out.pop_back();
    out += '\n';
  };
  line([&](size_t i) { return Cell{columns_[i].heading, Tone::faint}; });
  for (const auto& row : rows_) line([&](size_t i) { return row[i]; });
  return out;
}

}  // namespace llmgw::observe
