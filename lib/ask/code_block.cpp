#include "ask/code_block.h"

#include <algorithm>

#include "base/text.h"

namespace llmgw::ask {
namespace {

struct Fence {
  char mark = 0;
  size_t length = 0, indent = 0;
  std::string_view info;  // behind the marks
};

std::optional<Fence> fence(std::string_view line) {
  Fence found;
  found.indent = std::min(line.find_first_not_of(' '), line.size());
  line.remove_prefix(found.indent);
  if (found.indent > 3 || line.empty() || (line[0] != '`' && line[0] != '~')) return std::nullopt;
  found.mark = line[0];
  found.length = std::min(line.find_first_not_of(found.mark), line.size());
  found.info = trim(line.substr(found.length));
  if (found.length < 3 || (found.mark == '`' && found.info.find('`') != std::string_view::npos))
    return std::nullopt;
  return found;
}

}  // namespace

std::optional<std::string> last_code_block(std::string_view text) {
  std::optional<std::string> last;
  std::optional<Fence> open;
  while (!text.empty()) {
    const size_t stop = text.find('\n');
    auto line = text.substr(0, stop);
    text.remove_prefix(stop == std::string_view::npos ? text.size() : stop + 1);
    if (line.ends_with('\r')) line.remove_suffix(1);
    const auto marks = fence(line);
    if (!open) {
      if (!marks) continue;
      open = marks;
      last = "";
    } else if (marks && marks->mark == open->mark && marks->length >= open->length && marks->info.empty()) {
      open.reset();
    } else {
      const size_t indent = std::min({open->indent, line.find_first_not_of(' '), line.size()});
      last->append(line.substr(indent)).append("\n");
    }
  }
  return last;
}

}  // namespace llmgw::ask
