#include "dialects/seal.h"

#include <array>

#include "base/text.h"

namespace llmgw::dialects {
namespace {

constexpr std::string_view kMark = "llmgw:";
constexpr std::string_view kMarked = "bGxtZ3c6";  // kMark in base64: six bytes, eight characters
constexpr std::array<std::string_view, 4> kIssuers = {"none", "openai", "anthropic", "gemini"};

}  // namespace

std::string sealed_for(Issuer field, const Seal& seal) {
  if (!seal || seal.issuer == field) return seal.data;
  return base64(std::string(kMark).append(kIssuers[static_cast<size_t>(seal.issuer)]) + ":" + seal.data);
}

Seal seal_in(Issuer field, std::string_view text) {
  if (text.empty()) return {};
  if (text.starts_with(kMarked)) {
    const auto plain = base64_decoded(text);
    const auto rest = plain ? std::string_view(*plain).substr(kMark.size()) : std::string_view();
    for (size_t i = 1; i < kIssuers.size(); ++i) {
      if (rest.starts_with(kIssuers[i]) && rest.substr(kIssuers[i].size()).starts_with(':')) {
        return {static_cast<Issuer>(i), std::string(rest.substr(kIssuers[i].size() + 1))};
      }
    }
  }
  return {field, std::string(text)};
}

bool has_marked_seal(std::string_view body) {
  return body.find(kMarked) != std::string_view::npos;
}

Issuer issuer_of(std::string_view kind, std::string_view model) {
  if (icontains(model, "claude")) return Issuer::anthropic;
  if (kind == "anthropic") return Issuer::anthropic;
  if (kind == "gemini" || kind == "vertex") return Issuer::gemini;
  if (kind == "openai" || kind == "azure") return Issuer::openai;
  return Issuer::none;
}

}  // namespace llmgw::dialects
