#pragma once

#include <cstdint>
#include <span>
#include <string_view>

#include "base/error.h"

// The known codes and wordings of providers, as data. All texts are in lower case. Fixtures under
// tests/wire/errors pin each and name their sources.
namespace llmgw::providers {

// Holds for one kind of provider only, before all others.
struct KindRule {
  std::string_view kind;
  int status;             // 0: any
  std::string_view code;  // equals the code, type or reason; empty: any
  std::string_view text;  // stands in the message; empty: any
  ErrorClass error_class;
  bool unsupported = false;
};

// A code, type or reason that means the same with every provider.
struct CodeRule {
  std::string_view code;
  ErrorClass error_class;
  bool weak = false;  // says less than a status does: heard only where there is none
  bool unsupported = false;
};

enum class When : uint8_t {
  any,      // whatever the status
  refused,  // below 500
  bad,      // 400, 404, 422
};

// A wording.
struct TextRule {
  std::string_view text;
  ErrorClass error_class;
  When when = When::refused;
  std::string_view also = {};  // must stand there too
  bool unsupported = false;
};

std::span<const KindRule> kind_rules();
std::span<const CodeRule> code_rules();
std::span<const TextRule> text_rules();

}  // namespace llmgw::providers
