#include "providers/adapt.h"

namespace llmgw::providers {

void adapt(const Quirks& quirks, json::Value body, json::Edit& edit) {
  for (const FieldRule& rule : quirks.refused()) {
    if (!body[rule.field]) continue;
    if (rule.rename.empty() || body[rule.rename]) {
      edit.remove(rule.field);
    } else {
      edit.rename(rule.field, rule.rename);
    }
  }
}

}  // namespace llmgw::providers
