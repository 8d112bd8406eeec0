#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "config/config.h"
#include "dialects/codec.h"
#include "net/endpoint.h"
#include "observe/record.h"

namespace llmgw::providers {

struct Equivalent {
  std::string kind, model;
};
std::vector<Equivalent> equivalents(std::string_view kind, std::string_view model);

class Provider {
 public:
  static Result<std::shared_ptr<const Provider>> make(const config::Provider&);
  const std::string& name() const { return config_.name; }
  const std::string& kind() const { return config_.kind; }
  bool keyless() const { return kind() == "mock" || config_.keys.empty(); }
  bool speaks(dialects::Dialect d) const { return d <= dialects::Dialect::openai_other; }
  std::vector<std::string> models() const { return {}; }
  bool serves(std::string_view model) const { return kind() == "mock" ? model == "echo" : !model.empty(); }
  config::ModelFacts facts(std::string_view) const { return {}; }
  const config::Provider& config() const { return config_; }
  const config::Timeouts& timeouts() const { return timeouts_; }
  const net::Endpoint& endpoint() const { return endpoint_; }
  std::string path(dialects::Dialect, std::string_view client_path, std::string_view) const { return endpoint_.prefix + std::string(client_path); }
  void authorize(net::Headers& h, const config::Key* key) const { if (key) h.add("Authorization", "Bearer " + std::string(key->value.reveal())); }
  void adapt(const dialects::Request&, std::string_view, json::Edit&) const {}
  Error classify(int status, const net::Headers&, std::string_view body, WallTime) const;
  Error classify_object(std::string_view raw, const net::Headers&, WallTime) const;
  std::string scrub(std::string s) const { return s; }
  std::optional<NanoUsd> cost(std::string_view, const observe::Usage&) const { return std::nullopt; }

 private:
  config::Provider config_;
  net::Endpoint endpoint_;
  config::Timeouts timeouts_;
};

}  // namespace llmgw::providers
