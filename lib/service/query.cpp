#include "service/query.h"

#include "base/text.h"

namespace llmgw::service {
namespace {

// Takes the first "name=value" off `query`.
std::string_view take_pair(std::string_view& query) {
  const auto pair = query.substr(0, query.find('&'));
  query.remove_prefix(std::min(pair.size() + 1, query.size()));
  return pair;
}

std::optional<std::string> name_of(std::string_view pair) {
  return percent_decoded(pair.substr(0, pair.find('=')));
}

}  // namespace

std::string forwarded_query(std::string_view query) {
  std::string out;
  while (!query.empty()) {
    const auto pair = take_pair(query);
    const auto name = name_of(pair);
    if (name == "key" || name == "api-version") continue;
    if (!out.empty()) out += '&';
    out += pair;
  }
  return out;
}

bool asks_for_events(std::string_view query) {
  while (!query.empty()) {
    const auto pair = take_pair(query);
    if (const auto name = name_of(pair); name == "alt" || name == "$alt") return pair.ends_with("=sse");
  }
  return false;
}

}  // namespace llmgw::service
