#include "base/json_equal.h"

namespace llmgw::json {

bool equal(Value a, Value b) {
  if (a.kind() != b.kind()) return false;
  switch (a.kind()) {
    case Kind::object: {
      if (a.size() != b.size()) return false;
      for (auto [key, value] : a.members()) {
        if (!equal(value, b[key.text()])) return false;
      }
      return true;
    }
    case Kind::array: {
      if (a.size() != b.size()) return false;
      auto other = b.elements().begin();
      for (auto [_, value] : a.elements()) {
        if (!equal(value, (*other).value)) return false;
        ++other;
      }
      return true;
    }
    case Kind::string: return a.text() == b.text();
    case Kind::number: {
      const auto x = a.integer(), y = b.integer();
      return x && y ? *x == *y : a.number() == b.number();
    }
    default: return a.raw() == b.raw();
  }
}

}  // namespace llmgw::json
