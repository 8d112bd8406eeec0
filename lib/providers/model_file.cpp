#include <algorithm>

#include "base/text.h"
#include "providers/models.h"

namespace llmgw::providers {
namespace {

constexpr size_t kFields = 4 + kColumns;
constexpr size_t kLeastFields = kFields - 1;  // few rows have a price for a search, older files none

std::vector<std::string_view> fields_of(std::string_view line) {
  std::vector<std::string_view> out;
  for (size_t at = 0;;) {
    const size_t tab = line.find('\t', at);
    out.push_back(line.substr(at, tab - at));
    if (tab == std::string_view::npos) return out;
    at = tab + 1;
  }
}

std::unexpected<Error> bad_line(size_t line, std::string_view why) {
  return fail(ErrorClass::bad_request, "model facts, line " + std::to_string(line) + ": " + std::string(why));
}

}  // namespace

std::string to_text(std::span<const ModelRow> rows, std::string_view comment) {
  std::string out;
  for (std::string_view line : split(comment, '\n')) out.append("# ").append(line).append("\n");
  for (const ModelRow& r : rows) {
    out.append(r.kind).append("\t").append(r.model).append("\t").append(r.group).append("\t").append(r.flags);
    const size_t columns = r.numbers.back() < 0 ? kColumns - 1 : kColumns;
    for (size_t i = 0; i < columns; ++i)
      out.append("\t").append(r.numbers[i] < 0 ? "-" : std::to_string(r.numbers[i]));
    out.append("\n");
  }
  return out;
}

Result<std::vector<ModelRow>> from_text(std::string_view text) {
  std::vector<ModelRow> rows;
  size_t number = 0;
  while (!text.empty()) {
    const size_t end = text.find('\n');
    const std::string_view line = text.substr(0, end);
    text.remove_prefix(end == std::string_view::npos ? text.size() : end + 1);
    ++number;
    if (line.empty() || line.front() == '#') continue;

    const auto fields = fields_of(line);
    if (fields.size() != kFields && fields.size() != kLeastFields) {
      return bad_line(number, "has " + std::to_string(fields.size()) + " tab-separated fields, not " +
                                  std::to_string(kLeastFields));
    }
    ModelRow row{
        std::string(fields[0]), std::string(fields[1]), std::string(fields[2]), std::string(fields[3]), {}};
    if (row.kind.empty() || row.model.empty()) return bad_line(number, "kind and model may not be empty");
    row.numbers.fill(-1);
    for (size_t i = 0; i < fields.size() - 4; ++i) {
      const std::string_view field = fields[4 + i];
      const auto n = field == "-" ? std::optional<int64_t>(-1) : to_number<int64_t>(field);
      if (!n || *n < -1) return bad_line(number, "'" + shortened(field, 40) + "' is no number and not '-'");
      row.numbers[i] = *n;
    }
    rows.push_back(std::move(row));
  }
  return rows;
}

}  // namespace llmgw::providers
