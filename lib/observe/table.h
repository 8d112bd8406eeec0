#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace llmgw::observe {

// How tables are shown.
struct Look {
  int width = 0;        // columns of the terminal; 0: no limit (a pipe)
  bool colour = false;  // ECMA-48
};

enum class Tone : uint8_t { plain, good, warn, bad, faint };

struct Cell {
  std::string text;
  Tone tone = Tone::plain;
};

// A table of text: columns as wide as their widest cell; what is too wide for the terminal is taken
// from the widest column that may shrink and ends in "…". Control characters are shown as '?'.
class Table {
 public:
  enum class Align : uint8_t { left, right };

  // A column that may shrink never becomes narrower than 8.
  Table& column(std::string heading, Align align = Align::left, bool may_shrink = false);
  // As many cells as there are columns.
  void row(std::vector<Cell> cells);
  bool empty() const { return rows_.empty(); }

  // Every line ends in '\n'. Without rows only the headings.
  std::string text(const Look&, std::string_view indent = "") const;

 private:
  struct Column {
    std::string heading;
    Align align;
    bool may_shrink;
  };
  std::vector<Column> columns_;
  std::vector<std::vector<Cell>> rows_;
};

// Characters of UTF-8 text, each taken as one column wide.
size_t columns(std::string_view utf8);

// `text` in a tone, when the look has colours.
std::string toned(std::string_view text, Tone, const Look&);

}  // namespace llmgw::observe
