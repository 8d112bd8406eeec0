#include "config/describe.h"

#include "config/section.h"
#include "config/types.h"

namespace llmgw::config {

std::string describe(const Config& config) {
  std::string out;
  json::Writer writer(out);
  Group{root_section}.write(writer, config);
  return out;
}

}  // namespace llmgw::config
