#include <array>

#include "base/text.h"
#include "dialects/codec.h"

namespace llmgw::dialects {
namespace {

std::unexpected<Error> refuse(std::string param, std::string message) {
  Error error;
  error.error_class = ErrorClass::bad_request;
  error.message = std::move(message);
  error.param = std::move(param);
  error.code = "invalid_value";
  return fail(std::move(error));
}

// One entry of `fallbacks`: a name, or {"provider", "model"}.
Result<std::string> entry(json::Value value, const std::string& path) {
  std::string name;
  if (value.is(json::Kind::string)) {
    name = value.text();
  } else if (value.is(json::Kind::object)) {
    const auto provider = value["provider"].string(), model = value["model"].string();
    if (!provider || !model) return refuse(path, path + " needs the strings 'provider' and 'model'");
    name = *provider + "/" + *model;
  } else {
    return refuse(path,
                  path + " must be a string or an object, not " + std::string(json::name(value.kind())));
  }
  if (name.empty() || !printable(name)) return refuse(path, path + " is empty or has control characters");
  return name;
}

Result<std::vector<std::string>> entries(json::Value list, const std::string& field) {
  if (!list.is(json::Kind::array)) {
    return refuse(field,
                  "'" + field + "' must be an array of targets, not " + std::string(json::name(list.kind())));
  }
  std::vector<std::string> names;
  for (auto [_, value] : list.elements()) {
    if (names.size() == 64) return refuse(field, "'" + field + "' has more than 64 entries");
    auto name = entry(value, field + "[" + std::to_string(names.size()) + "]");
    if (!name) return fail(std::move(name.error()));
    names.push_back(std::move(*name));
  }
  return names;
}

}  // namespace

Result<void> read_gateway_fields(json::Value body, Request& request) {
  static constexpr std::array<std::string_view, 6> kActedOn = {"model",       "stream", "fallbacks",
                                                               "fallback_on", "models", "extra_fields"};
  std::array<bool, kActedOn.size()> seen{};
  json::Value fallbacks, models, fallback_on, extra_fields;
  for (auto [name, value] : body.members()) {
    for (size_t i = 0; i < kActedOn.size(); ++i) {
      if (!name.says(kActedOn[i])) continue;
      if (seen[i])
        return refuse(std::string(kActedOn[i]),
                      "'" + std::string(kActedOn[i]) + "' stands twice in the body");
      seen[i] = true;
      if (i == 2) fallbacks = value;
      if (i == 3) fallback_on = value;
      if (i == 4) models = value;
      if (i == 5) extra_fields = value;
    }
  }
  if (fallbacks && !fallbacks.is_null()) {
    auto names = entries(fallbacks, "fallbacks");
    if (!names) return fail(std::move(names.error()));
    request.fallbacks = std::move(*names);
  } else if (models && !models.is_null()) {
    auto names = entries(models, "models");
    if (!names) return fail(std::move(names.error()));
    // OpenRouter's list may begin with the model itself.
    if (request.model.empty() && !names->empty()) request.model = names->front();
    if (!names->empty() && names->front() == request.model) names->erase(names->begin());
    request.fallbacks = std::move(*names);
  }
  if (fallback_on && !fallback_on.is_null()) {
    if (!fallback_on.is(json::Kind::array))
      return refuse("fallback_on", "'fallback_on' must be an array of error classes");
    config::ClassSet classes;
    for (auto [_, value] : fallback_on.elements()) {
      const auto named = error_class(value.text());
      if (!named)
        return refuse("fallback_on", "'fallback_on' names no error class: " + shortened(value.raw(), 80));
      classes.add(*named);
    }
    request.fallback_on = classes;
  }
  if (extra_fields && !extra_fields.is_null()) {
    if (extra_fields.says("full")) {
      request.extra_fields = config::ExtraFields::full;
    } else if (extra_fields.says("basic")) {
      request.extra_fields = config::ExtraFields::basic;
    } else if (extra_fields.says("off")) {
      request.extra_fields = config::ExtraFields::off;
    } else if (extra_fields.is(json::Kind::string)) {
      return refuse("extra_fields", "'extra_fields' must be \"full\", \"basic\" or \"off\"");
    }
  }
  return {};
}

}  // namespace llmgw::dialects
