#include "service/query.h"

#include "base/text.h"

namespace llmgw::service {

std::string forwarded_query(std::string_view query) {
  std::string out;
  for (const auto pair : split(query, '&')) {
    const auto name = percent_decoded(pair.substr(0, pair.find('=')));
    if (name == "key" || name == "api-version") continue;
    if (!out.empty()) out += '&';
    out += pair;
  }
  return out;
}

std::optional<std::string> query_value(std::string_view query, std::string_view name) {
  for (const auto pair : split(query, '&')) {
    const size_t equals = pair.find('=');
    if (equals != std::string_view::npos && percent_decoded(pair.substr(0, equals)) == name)
      return percent_decoded(pair.substr(equals + 1));
  }
  return std::nullopt;
}

bool asks_for_events(std::string_view query) {
  auto alt = query_value(query, "alt");
  if (!alt) alt = query_value(query, "$alt");
  return alt == "sse";
}

}  // namespace llmgw::service
