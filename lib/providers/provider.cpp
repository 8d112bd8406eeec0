#include "providers/provider.h"

#include <algorithm>

#include "base/glob.h"
#include "base/text.h"
#include "net/tls.h"
#include "providers/classify.h"
#include "providers/error_patterns.h"
#include "providers/wait.h"

namespace llmgw::providers {
namespace {

constexpr std::array<std::string_view, 4> kCredentials = {"authorization", "api-key", "x-api-key",
                                                          "x-goog-api-key"};

bool header_name_ok(std::string_view name) {
  if (name.empty()) return false;
  // RFC 9110, 5.6.2: token.
  constexpr std::string_view kMarks = "!#$%&'*+-.^_`|~";
  return std::ranges::all_of(name, [&](char c) {
    return (c >= '0' && c <= '9') || (lower(c) >= 'a' && lower(c) <= 'z') ||
           kMarks.find(c) != std::string_view::npos;
  });
}

// Reading the system's authorities takes 25 ms: providers that name no files of their own share one context,
// and a reload keeps it. Files are read anew, since they may have changed.
Result<std::shared_ptr<const net::TlsContext>> tls_context(const config::Tls& tls) {
  static std::mutex lock;  // guards usual
  static std::weak_ptr<const net::TlsContext> usual;
  if (!tls.verify || !tls.ca.empty() || !tls.cert.empty() || !tls.key.empty())
    return net::TlsContext::make(tls);
  const std::lock_guard guard(lock);
  if (auto context = usual.lock()) return context;
  auto context = net::TlsContext::make(tls);
  if (context) usual = *context;
  return context;
}

void replace_all(std::string& text, std::string_view what, std::string_view with) {
  for (size_t at = text.find(what); at != std::string::npos; at = text.find(what, at + with.size())) {
    text.replace(at, what.size(), with);
  }
}

std::string trimmed_url(std::string_view url) {
  while (url.ends_with('/')) url.remove_suffix(1);
  return std::string(url);
}

// "/v1/chat" -> "/chat", "/v1beta/models" -> "/models"; a path without a version stays.
std::string_view without_version(std::string_view path) {
  if (!path.starts_with("/v")) return path;
  size_t end = 2;
  while (end < path.size() && path[end] >= '0' && path[end] <= '9') ++end;
  if (end == 2) return path;
  while (end < path.size() && path[end] != '/' && path[end] != '?') {
    const char c = lower(path[end]);
    if ((c < 'a' || c > 'z') && (c < '0' || c > '9')) return path;
    ++end;
  }
  return path.substr(end);
}

std::string_view usual_path(Dialect d) {
  switch (d) {
    case Dialect::openai_chat: return "/chat/completions";
    case Dialect::openai_completions: return "/completions";
    case Dialect::openai_responses: return "/responses";
    case Dialect::openai_embeddings: return "/embeddings";
    case Dialect::anthropic_messages: return "/messages";
    case Dialect::cohere_chat: return "/chat";
    default: return "";
  }
}

// The simulator's models (docs: "The mock provider's models").
constexpr std::array<std::string_view, 19> kMockModels = {
    "cut",      "echo",     "fail-400", "fail-401",    "fail-402", "fail-404", "fail-429",
    "fail-500", "fail-503", "fail-529", "first-error", "flaky",    "hang",     "html",
    "json",     "lorem",    "refuse",   "slow",        "tool"};

bool mock_serves(std::string_view model) {
  return std::ranges::find(kMockModels, model) != kMockModels.end();
}

void append_models(std::span<const ModelFacts> facts, std::string_view kind, std::vector<std::string>& out) {
  for (const ModelFacts& f : facts) {
    if (f.kind == kind) out.emplace_back(f.model);
  }
}

// What Azure serves below a deployment (learn.microsoft.com, "Azure OpenAI REST API reference"); everything
// else lives right under /openai.
bool per_deployment(std::string_view path) {
  return path.starts_with("/chat/") || path.starts_with("/completions") || path.starts_with("/embeddings") ||
         path.starts_with("/audio/") || path.starts_with("/images/");
}

}  // namespace

Provider::Provider(const config::Provider& config, const Row& row) : config_(config), row_(&row) {
  for (const config::Key& key : config_.keys) {
    if (!key.unset) keys_.push_back(key);
  }
}

Provider::~Provider() = default;

std::string Provider::where() const {
  const std::string line = config_.at.line > 0 ? "line " + std::to_string(config_.at.line) + ": " : "";
  return line + "provider '" + config_.name + "': ";
}

Result<std::shared_ptr<const Provider>> Provider::make(const config::Provider& config,
                                                       std::shared_ptr<const ModelTable> imported) {
  const std::string_view kind =
      config.kind.empty() ? std::string_view(config.name) : std::string_view(config.kind);
  const Row* row = find_row(kind);
  if (row == nullptr) {
    const std::string_view near = nearest_kind(kind);
    return fail(
        ErrorClass::bad_request,
        (config.at.line > 0 ? "line " + std::to_string(config.at.line) + ": " : std::string()) +
            "provider '" + config.name + "': unknown kind '" + std::string(kind) + "'; " +
            (near.empty() ? std::string("name one with kind = \"…\", \"openai-compatible\" for any other URL")
                          : "did you mean '" + std::string(near) + "'?"));
  }
  std::shared_ptr<Provider> p(new Provider(config, *row));
  p->imported_ = std::move(imported);
  if (auto ok = p->set_urls(); !ok) return fail(ok.error());
  if (auto ok = p->check_headers(); !ok) return fail(ok.error());
  auto patterns = ErrorPatterns::compile(config.errors);
  if (!patterns) return fail(ErrorClass::bad_request, p->where() + patterns.error().message);
  p->patterns_ = std::move(*patterns);
  return p;
}

Result<void> Provider::set_urls() {
  std::string native = trimmed_url(config_.base_url);
  if (native.empty() && row_->kind == "azure") {
    if (config_.endpoint.empty()) {
      return fail(ErrorClass::bad_request,
                  where() + "azure needs endpoint = \"https://NAME.openai.azure.com\" (or a base_url)");
    }
    deployments_ = !config_.api_version.empty();
    native = trimmed_url(config_.endpoint) + (deployments_ ? "/openai" : "/openai/v1");
  }
  const bool given = !native.empty();
  if (!given) native = row_->base_url;
  if (native.empty()) {
    return fail(ErrorClass::bad_request, where() + std::string(row_->kind) +
                                             " needs base_url = \"https://…/v1\", the version included");
  }
  std::string openai = row_->openai_url.empty() || (given && !row_->openai_url.starts_with('/'))
                           ? native
                           : std::string(row_->openai_url);
  if (openai.starts_with('/')) openai = native.ends_with(openai) ? native : native + openai;

  for (std::string* url : {&native, &openai}) {
    for (const auto& [mark, value, field] : {std::tuple("{region}", &config_.region, "region"),
                                             std::tuple("{project}", &config_.project, "project")}) {
      if (url->find(mark) == std::string::npos) continue;
      if (value->empty()) {
        return fail(ErrorClass::bad_request,
                    where() + std::string(row_->kind) + " needs " + field + " = \"…\" (or a base_url)");
      }
      replace_all(*url, mark, percent_encoded(*value));
    }
  }
  for (auto [text, endpoint] : {std::pair(&native, &native_), std::pair(&openai, &openai_)}) {
    if (text->find('@') != std::string::npos) {
      return fail(ErrorClass::bad_request,
                  where() +
                      "a base URL may not hold a user or password; give the key under "
                      "[[providers." +
                      config_.name + ".keys]]");
    }
    auto parsed = net::parse_base_url(*text);
    if (!parsed) return fail(ErrorClass::bad_request, where() + parsed.error().message);
    *endpoint = std::move(*parsed);
  }
  if (native_.secure() || openai_.secure()) {
    auto tls = tls_context(config_.tls);
    if (!tls) return fail(ErrorClass::bad_request, where() + tls.error().message);
    if (native_.secure()) native_.tls = *tls;
    if (openai_.secure()) openai_.tls = *tls;
  }
  return {};
}

Result<void> Provider::check_headers() const {
  for (const auto& [name, value] : config_.headers) {
    if (!header_name_ok(name)) {
      return fail(ErrorClass::bad_request,
                  where() + "headers: '" + shortened(name, 60) + "' is no header name");
    }
    if (!printable(value)) {
      return fail(ErrorClass::bad_request,
                  where() + "headers: the value of '" + name + "' holds a control character");
    }
  }
  for (const config::Key& key : keys_) {
    const std::string_view value = key.value.reveal();
    if (!printable(value) || value != trim(value)) {
      return fail(ErrorClass::bad_request,
                  where() + "key '" + key.name +
                      "' holds a space at an end, a line break or another character that no "
                      "header carries; check its variable or file");
    }
  }
  return {};
}

// Dialects that are the vendor's own, not OpenAI's.
bool Provider::own_dialect(Dialect d) const {
  return d >= Dialect::anthropic_messages;
}

std::string Provider::path(Dialect d, std::string_view client_path, std::string_view model) const {
  const size_t mark = client_path.find('?');
  std::string_view route = without_version(client_path.substr(0, mark));
  std::string query(mark == std::string_view::npos ? std::string_view() : client_path.substr(mark));
  if (route.empty()) route = usual_path(d);

  std::string out = endpoint(d).prefix;
  if (deployments_) {
    if (per_deployment(route)) out += "/deployments/" + percent_encoded(model);
    query += (query.empty() ? "?" : "&") + ("api-version=" + percent_encoded(config_.api_version));
  }
  if (!route.empty() && !route.starts_with('/')) out += '/';
  return out.append(route).append(query);
}

void Provider::authorize(net::Headers& headers, const config::Key* key, Dialect d) const {
  if (key != nullptr || !config_.forward_auth) {
    for (std::string_view name : kCredentials) headers.remove(name);
  }
  if (key != nullptr && !key->value.empty()) {
    const std::string value(key->value.reveal());
    const bool openai_home = !own_dialect(d) && !row_->openai_url.empty();
    switch (openai_home ? row_->openai_auth : row_->auth) {
      case AuthScheme::api_key: headers.set("api-key", value); break;
      case AuthScheme::x_api_key: headers.set("x-api-key", value); break;
      case AuthScheme::x_goog_api_key: headers.set("x-goog-api-key", value); break;
      case AuthScheme::sigv4: break;  // signs the whole request: the dialect's work
      case AuthScheme::none:
      case AuthScheme::bearer:
      case AuthScheme::google_oauth: headers.set("authorization", "Bearer " + value); break;
    }
  }
  if (d == Dialect::anthropic_messages && !headers.has("anthropic-version")) {
    headers.set("anthropic-version", "2023-06-01");
  }
  for (const auto& [name, value] : config_.headers) headers.set(name, value);
}

config::Timeouts Provider::timeouts(std::string_view model) const {
  const bool thinks = !model.empty() && facts(model).reasoning.value_or(false);
  const Duration patience = thinks ? std::max<Duration>(180s, row_->patience()) : row_->patience();
  const config::Timeouts& t = config_.timeouts;
  return {t.connect.value_or(5s), t.first_token.value_or(patience), t.idle.value_or(patience),
          t.total.value_or(600s)};
}

bool Provider::keyless() const {
  return config_.keys.empty() || row_->auth == AuthScheme::none || (row_->local && keys_.empty());
}

bool Provider::serves(std::string_view model) const {
  if (model.empty()) return false;
  if (row_->auth == AuthScheme::none) return mock_serves(model);
  if (config_.models.contains(std::string(model)) || family(model) == row_->kind) return true;
  if (catalog_facts(model) != nullptr) return true;
  return std::ranges::any_of(keys_, [&](const config::Key& key) {
    return key.models && std::ranges::any_of(*key.models, [&](const std::string& glob) {
             return glob != "*" && glob_match(glob, model);
           });
  });
}

std::vector<std::string> Provider::models() const {
  std::vector<std::string> out;
  for (const auto& [model, facts] : config_.models) out.push_back(model);
  if (row_->auth == AuthScheme::none) {
    out.insert(out.end(), kMockModels.begin(), kMockModels.end());
  } else if (!row_->local && row_->kind != "azure") {
    if (imported_) append_models(imported_->all(), row_->kind, out);
    append_models(built_in_models(), row_->kind, out);
  }
  std::ranges::sort(out);
  out.erase(std::ranges::unique(out).begin(), out.end());
  return out;
}

void Provider::adapt(const dialects::Request& request, std::string_view model, json::Edit& edit) const {
  if (request.dialect != Dialect::openai_chat || !request.doc) return;
  const json::Value body = request.doc->root();
  auto rename = [&](std::string_view field, std::string_view to) {
    if (!body[field]) return;
    if (to.empty() || body[to]) {
      edit.remove(field);
    } else {
      edit.rename(field, to);
    }
  };
  const Quirks& q = row_->quirks;
  for (const FieldRule& rule : q.refused()) rename(rule.field, rule.rename);
  if (!q.stream_options) edit.remove("stream_options");
  if (q.thinkers_rename_max_tokens && facts(model).reasoning.value_or(false)) {
    rename("max_tokens", "max_completion_tokens");
  }
}

Error Provider::classify(int status, const net::Headers& headers, std::string_view body, WallTime now) const {
  return providers::classify(*this, status, headers, body, now);
}

Error Provider::classify_object(std::string_view text, const net::Headers& headers, WallTime now) const {
  const auto doc = json::Doc::parse(text, {.max_depth = 128, .allow_lone_surrogates = true});
  if (!doc) {
    Error e;
    e.error_class = ErrorClass::invalid_response;
    e.message = "the provider sent an error that is no JSON";
    return e;
  }
  Error e = providers::classify_object(*this, doc->root());
  if (!e.retry_after) e.retry_after = retry_after(headers, now);
  return e;
}

std::optional<NanoUsd> Provider::cost(std::string_view model, const observe::Usage& usage) const {
  return providers::cost(price(model), usage);
}

const ModelFacts* Provider::catalog_facts(std::string_view model) const {
  if (!row_->model_prefix.empty() && model.starts_with(row_->model_prefix)) {
    model.remove_prefix(row_->model_prefix.size());
  }
  if (imported_) {
    if (const ModelFacts* f = imported_->find(row_->kind, model)) return f;
  }
  return providers::facts(row_->kind, model);
}

ModelFacts Provider::facts(std::string_view model) const {
  const auto own = config_.models.find(std::string(model));
  std::string_view source = model;
  if (own != config_.models.end() && !own->second.is.empty()) source = own->second.is;

  ModelFacts out;
  if (const ModelFacts* found = catalog_facts(source)) {
    out = *found;
  } else if (const size_t slash = source.find('/'); slash != std::string_view::npos) {
    // `is = "openai/gpt-4o"`: another provider's facts, without its price.
    const std::string_view kind = source.substr(0, slash), name = source.substr(slash + 1);
    if (const ModelFacts* other = providers::facts(kind, name); other != nullptr && source != model) {
      out = *other;
      out.price = {};
    }
  }
  out.kind = row_->kind;
  out.model = model;
  if (own == config_.models.end()) return out;

  const config::ModelFacts& said = own->second;
  if (said.context) out.context = *said.context;
  if (said.max_output) out.max_output = *said.max_output;
  auto override_fact = [](std::optional<bool>& fact, std::optional<bool> with) {
    if (with) fact = with;
  };
  override_fact(out.vision, said.vision);
  override_fact(out.audio, said.audio);
  override_fact(out.tools, said.tools);
  override_fact(out.parallel_tools, said.parallel_tools);
  override_fact(out.json_schema, said.json_schema);
  override_fact(out.reasoning, said.reasoning);
  return out;
}

Price Provider::price(std::string_view model) const {
  for (const auto& [glob, said] : config_.prices) {
    if (glob_match(glob, model)) return from_config(said);
  }
  if (row_->local || row_->auth == AuthScheme::none) return free_of_charge();
  return facts(model).price;
}

std::string Provider::scrub(std::string_view text) const {
  std::vector<std::string_view> secrets;
  for (const config::Key& key : config_.keys) {
    for (const Secret* s : {&key.value, &key.access_key, &key.secret_key, &key.session_token}) {
      secrets.push_back(s->reveal());
    }
  }
  return providers::scrub(text, secrets);
}

std::optional<ErrorClass> Provider::configured_class(int status, std::string_view body) const {
  return patterns_->match(status, body);
}

std::string scrub(std::string_view text, const std::vector<std::string_view>& secrets) {
  std::vector<std::string_view> longest_first = secrets;
  std::ranges::sort(longest_first, std::ranges::greater{}, &std::string_view::size);
  std::string out(text);
  for (std::string_view secret : longest_first) {
    if (secret.size() >= 6) replace_all(out, secret, "***");
  }
  return out;
}

}  // namespace llmgw::providers
