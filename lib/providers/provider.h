#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"
#include "base/json_edit.h"
#include "config/config.h"
#include "config/environment.h"
#include "dialects/request.h"
#include "net/endpoint.h"
#include "net/headers.h"
#include "net/transport.h"
#include "observe/record.h"
#include "providers/catalog.h"
#include "providers/credential_source.h"
#include "providers/models.h"

namespace llmgw::providers {

struct ErrorPatterns;  // a config's [[errors]], compiled: error_patterns.h

// A configured upstream: a config's provider merged with its row of the catalog. Immutable, shared by the
// requests that use it; a reload makes a new one.
class Provider {
 public:
  // Fails with a message that names the provider, the line of the config, what is wrong and what to do: an
  // unknown kind, a missing or bad URL, a header or key that HTTP cannot carry, a bad error pattern.
  // `imported`: facts that come before the compiled-in ones; may be null. `environment`: where a cloud's
  // region and project are when the config is silent, and where its credentials are looked for, once it is
  // called.
  static Result<std::shared_ptr<const Provider>> make(
      const config::Provider& config, std::shared_ptr<const ModelTable> imported = nullptr,
      const config::Environment& environment = config::system_environment());

  Provider(const Provider&) = delete;
  Provider& operator=(const Provider&) = delete;
  ~Provider();

  const std::string& name() const { return config_.name; }
  std::string_view kind() const { return row_->kind; }
  const Row& row() const { return *row_; }
  const config::Provider& config() const { return config_; }
  const std::vector<std::string>& labels() const { return config_.labels; }
  // The keys that can be used: those whose variable is set.
  const std::vector<config::Key>& keys() const { return keys_; }
  // Whether requests go out without a key of ours: none is configured, or it needs none.
  bool keyless() const;
  const Quirks& quirks() const { return row_->quirks; }

  bool speaks(Dialect d) const { return row_->dialects.has(dialects::counted(d)); }
  // Whether that is the vendor's own dialect, not one that many speak.
  bool own(Dialect d) const;
  // The dialect in which a request of a client of `client` goes to this provider: its own where the provider
  // speaks it, else one that it can be translated to; none: it cannot be asked. A vendor's own dialect comes
  // before its imitation of OpenAI's where that one is known to lose something, and Responses before chat
  // completions for a `model` that answers there alone. No model: any.
  // Vertex speaks each publisher's dialect: there `model` decides.
  std::optional<Dialect> wire(Dialect client, std::string_view model = {}) const;
  // Where requests of that dialect go.
  const net::Endpoint& endpoint(Dialect d = Dialect::openai_chat) const {
    return own_dialect(d) ? native_ : openai_;
  }

  // Whether a bare model name is one of this provider's: its vendor's family, a model that the config, a key
  // or the facts name.
  bool serves(std::string_view model) const;
  // The models that can be listed without asking: the config's and the catalog's, sorted. Deployments and
  // local servers have names of their own: the config's only.
  std::vector<std::string> models() const;

  // The path of a request, query included. `client_path` is what the client asked for, below the dialect's
  // own root: "/v1/chat/completions?x=y", version or not; empty: the dialect's path for a call of `model`,
  // streamed or not. Azure's deployments, Gemini and Bedrock have the model in the path.
  std::string path(Dialect d, std::string_view client_path, std::string_view model,
                   bool stream = false) const;

  // Adds the credential and the configured headers. Removes any credential of the client's first, unless
  // there is no key and `forward_auth` is on. `key` is one of the config's, or null.
  void authorize(net::Headers& headers, const config::Key* key, Dialect d = Dialect::openai_chat) const;

  // What is left to do when all else of a call stands: a provider of AWS gets its signature, a cloud's its
  // token. Pending: the credential is being looked for, on another thread; ask again soon. Errors: auth, when
  // there is none.
  enum class Signing : uint8_t { done, pending };
  Result<Signing> sign(net::Call& call, const config::Key* key, WallTime now) const;

  // Edits a body of dialect `d` for this provider's quirks: fields that it refuses are renamed or dropped.
  // After the dialect's own edits. Nothing for bodies that are no openai-chat, but for Claude at Vertex,
  // whose body has a version in place of the model.
  void adapt(Dialect d, json::Value body, std::string_view model, json::Edit& edit) const;
  // Whether adapt() has anything to do for such a body.
  bool adapts(Dialect d) const;

  // All are set: the config's, else the catalog's for this kind; models that think get more patience.
  config::Timeouts timeouts(std::string_view model = {}) const;

  // classify.h, for this provider. A 401, or AWS's word for a session that has
  // ended, also has the credentials that were found or made looked for anew.
  Error classify(int status, const net::Headers& headers, std::string_view body, WallTime now) const;
  // An error object within a 200 or as a stream's first event, as text. What is no JSON is invalid_response.
  Error classify_object(std::string_view text, const net::Headers& headers, WallTime now) const;

  // What is known of a model here: the config's word, else that of the model it `is`, else the import's, else
  // the catalog's. Views into this provider and the tables.
  ModelFacts facts(std::string_view model) const;

  // A config's price by glob (the first that matches, whole), else that of facts(); local kinds cost nothing.
  Price price(std::string_view model) const;
  // What a call cost; none when the price or the count is unknown.
  std::optional<NanoUsd> cost(std::string_view model, const observe::Usage& usage) const;

  // `text` without the values of any key, those left out included, nor of a credential that was found or made
  // while it ran.
  std::string scrub(std::string_view text) const;
  // The same of fields that this provider sent.
  void scrub(net::Headers& headers) const;

  // The config's own error rules: the class of the first that matches.
  std::optional<ErrorClass> configured_class(int status, std::string_view body) const;

 private:
  Provider(const config::Provider& config, const Row& row);
  std::string where() const;
  bool speaks_for(Dialect d, std::string_view model) const;
  bool on_vertex(Dialect d) const;
  // Views of the config's secrets and of what `held` keeps.
  struct Secrets {
    std::vector<std::shared_ptr<const Credential>> held;
    std::vector<std::string_view> values;
  };
  Secrets secrets() const;
  void fill_in(const config::Environment&);
  Result<void> set_urls();
  Result<void> set_credentials(const config::Environment&);
  Result<CredentialSearch> search_of(const config::Key&, const config::Environment&) const;
  CredentialSource* source_of(const config::Key*) const;
  Result<void> check_headers() const;
  bool own_dialect(Dialect d) const;
  const ModelFacts* catalog_facts(std::string_view model) const;

  config::Provider config_;
  const Row* row_;
  std::vector<config::Key> keys_;
  net::Endpoint native_, openai_;
  std::string signing_region_;  // AWS
  // Where the credential of a key comes from that is no value itself, beside keys_; null: the key is it.
  std::vector<std::unique_ptr<CredentialSource>> key_sources_;
  std::unique_ptr<CredentialSource> machine_;  // a cloud, without keys: what the machine has
  bool deployments_ = false;                   // Azure with api_version: the model is in the path
  std::shared_ptr<const ModelTable> imported_;
  std::unique_ptr<ErrorPatterns> patterns_;
};

}  // namespace llmgw::providers
