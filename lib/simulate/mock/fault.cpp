#include "simulate/mock/fault.h"

#include <array>
#include <utility>

namespace llmgw::simulate {
namespace {

using Kind = Fault::Kind;
using Reason = Fault::Reason;

constexpr std::array kFaults = std::to_array<std::pair<std::string_view, Fault>>({
    {"400", {Kind::status, 400}},
    {"401", {Kind::status, 401}},
    {"402", {Kind::status, 402}},
    {"403", {Kind::status, 403}},
    {"404", {Kind::status, 404, Reason::unknown_model}},
    {"408", {Kind::status, 408}},
    {"413", {Kind::status, 413}},
    {"422", {Kind::status, 422}},
    {"429", {Kind::status, 429}},
    {"500", {Kind::status, 500}},
    {"502", {Kind::status, 502}},
    {"503", {Kind::status, 503}},
    {"504", {Kind::status, 504}},
    {"529", {Kind::status, 529}},
    {"hang", {Kind::hang}},
    {"reset", {Kind::reset}},
    {"cut", {Kind::cut}},
    {"first-error", {Kind::first_error}},
    {"html", {Kind::html}},
    {"malformed", {Kind::malformed}},
    {"empty", {Kind::empty}},
    {"redirect", {Kind::redirect}},
    // Error classes (docs: "Error classes"), each by its commonest face.
    {"network", {Kind::reset}},
    {"timeout", {Kind::hang}},
    {"rate_limit", {Kind::status, 429}},
    {"quota", {Kind::status, 429, Reason::quota}},
    {"overloaded", {Kind::status, 503}},
    {"server_error", {Kind::status, 500}},
    {"auth", {Kind::status, 401}},
    {"model_unavailable", {Kind::status, 404, Reason::unknown_model}},
    {"invalid_response", {Kind::html}},
    {"context_length", {Kind::status, 400, Reason::context_length}},
    {"content_filter", {Kind::status, 400, Reason::content_filter}},
    {"bad_request", {Kind::status, 400}},
});

}  // namespace

std::optional<Fault> parse_fault(std::string_view word) {
  for (const auto& [name, fault] : kFaults) {
    if (name == word) return fault;
  }
  return std::nullopt;
}

std::string fault_words() {
  std::string out;
  for (const auto& [name, fault] : kFaults) out.append(out.empty() ? "" : ", ").append(name);
  return out;
}

}  // namespace llmgw::simulate
