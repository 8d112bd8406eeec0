#include "plugins/attempt.h"

namespace llmgw::plugins {

Result<void> Attempt::change_body(std::string body) {
  auto made = dialects::with_body(given_, std::move(body));
  if (!made) return fail(std::move(made.error()));
  changed_ = std::move(*made);
  return {};
}

}  // namespace llmgw::plugins
