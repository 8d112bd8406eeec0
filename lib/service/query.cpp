#include "service/query.h"

#include "base/text.h"

namespace llmgw::service {

std::string forwarded_query(std::string_view query) {
  std::string out;
  while (!query.empty()) {
    const auto pair = query.substr(0, query.find('&'));
    query.remove_prefix(std::min(pair.size() + 1, query.size()));
    const auto name = percent_decoded(pair.substr(0, pair.find('=')));
    if (name == "key" || name == "api-version") continue;
    if (!out.empty()) out += '&';
    out += pair;
  }
  return out;
}

}  // namespace llmgw::service
