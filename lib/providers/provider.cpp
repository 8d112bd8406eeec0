#include "providers/provider.h"

#include <algorithm>

#include "base/text.h"
#include "net/tls.h"
#include "providers/classify.h"
#include "providers/error_patterns.h"
#include "providers/scrub.h"
#include "providers/wait.h"

namespace llmgw::providers {
namespace {

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
                                                       std::shared_ptr<const ModelTable> imported,
                                                       const config::Environment& environment) {
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
  p->fill_in(environment);
  if (auto ok = p->set_urls(); !ok) return fail(ok.error());
  if (auto ok = p->set_credentials(environment); !ok) return fail(ok.error());
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
    // Google's locations that are no region (google-genai 2.34.0, _api_client.py).
    if (row_->kind == "vertex" && !given && (config_.region == "us" || config_.region == "eu"))
      replace_all(*url, "{region}-aiplatform", "aiplatform." + config_.region + ".rep");
    if (row_->kind == "vertex" && !given && config_.region == "global")
      replace_all(*url, "{region}-aiplatform", "aiplatform");
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
    const auto fits = [](const Secret& s) { return printable(s.reveal()) && s.reveal() == trim(s.reveal()); };
    const bool file = row_->auth == AuthScheme::google_oauth;  // its content was read already
    if ((!fits(key.value) && !file) || !fits(key.access_key) || !fits(key.session_token)) {
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

bool Provider::keyless() const {
  return config_.keys.empty() || row_->auth == AuthScheme::none || (row_->local && keys_.empty());
}

Error Provider::classify(int status, const net::Headers& headers, std::string_view body, WallTime now) const {
  // AWS tells a session that has ended by 403.
  if (status == 401 || (status == 403 && (headers.get("x-amzn-errortype").starts_with("ExpiredToken") ||
                                          body.find("security token included in the request is expired") !=
                                              std::string_view::npos))) {
    for (const auto& source : key_sources_) {
      if (source) source->refused(now);
    }
    if (machine_) machine_->refused(now);
  }
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

Provider::Secrets Provider::secrets() const {
  Secrets all;
  auto add = [&](const Secret& s) {
    if (!s.reveal().empty()) all.values.push_back(s.reveal());
  };
  for (const config::Key& key : config_.keys) {
    for (const Secret* s :
         {&key.value, &key.access_key, &key.secret_key, &key.session_token, &key.client_secret})
      add(*s);
  }
  auto add_held = [&](const CredentialSource* source) {
    if (source == nullptr) return;
    for (auto& held : source->held()) all.held.push_back(std::move(held));
  };
  for (const auto& source : key_sources_) add_held(source.get());
  add_held(machine_.get());
  for (const auto& held : all.held) {
    add(held->bearer);
    add(held->aws.secret_key);
    add(held->aws.session_token);
    if (!held->aws.access_key.empty()) all.values.push_back(held->aws.access_key);
  }
  return all;
}

std::string Provider::scrub(std::string_view text) const {
  return providers::scrub(text, secrets().values);
}

void Provider::scrub(net::Headers& headers) const {
  const auto all = secrets();
  // Every reply comes through here, and hardly any speaks of a key.
  if (std::ranges::none_of(all.values, [&](std::string_view secret) { return headers.mention(secret); }))
    return;
  net::Headers out;
  for (const auto field : headers) out.add(field.name, providers::scrub(field.value, all.values));
  headers = std::move(out);
}

std::optional<ErrorClass> Provider::configured_class(int status, std::string_view body) const {
  return patterns_->match(status, body);
}

}  // namespace llmgw::providers
