// The checked JSON views and the editor: what is let through can be walked whole and edited into JSON.
#include <cstdint>
#include <cstdlib>

#include "base/json_edit.h"

using namespace llmgw;

namespace {

void walk(json::Value value, int depth) {
  if (depth > 8) return;
  (void)value.string();
  (void)value.number();
  (void)value.integer();
  const auto raw = value.raw();
  if (!json::Doc::parse(raw, {.allow_lone_surrogates = true})) std::abort();
  for (auto [key, member] : value.members()) {
    (void)key.text();
    walk(member, depth + 1);
  }
  for (auto [_, element] : value.elements()) walk(element, depth + 1);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string_view bytes(reinterpret_cast<const char*>(data), size);
  const auto doc = json::Doc::parse(bytes);
  if (!doc) return 0;
  if (size < 4096) walk(doc->root(), 0);
  if (!doc->root().is(json::Kind::object)) return 0;
  json::Edit edit(doc->root());
  edit.set("model", "\"x\"");
  edit.remove("a");
  edit.rename("b", "c");
  if (!json::Doc::parse(edit.apply())) std::abort();
  if (!json::Doc::parse(json::with_last_member(doc->root().raw(), "extra_fields", "{}"))) std::abort();
  return 0;
}
