#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/error.h"
#include "base/money.h"
#include "base/secret.h"
#include "base/time.h"

// The whole grammar as values. A Config in use is immutable and shared by shared_ptr; what
// it does not say stands here as the default. Names follow the TOML.
namespace llmgw::config {

// Where something stands in the file; line 0: nowhere (a default).
struct Position {
  int line = 0;
  int column = 0;
};

// TLS files. In [server] `client_ca` asks clients for a certificate; in a provider `ca`
// replaces the system's authorities and `verify = false` trusts anybody.
struct Tls {
  std::string cert, key, ca, client_ca;
  bool verify = true;
};

enum class Auth : uint8_t { open, virtual_key };
enum class ExtraFields : uint8_t { full, basic, off };

struct Server {
  std::string listen = "127.0.0.1:8484";
  std::string data_dir;  // resolved: "~" expanded, relative to the config file's folder
  int64_t max_body = 32 << 20;
  int64_t max_buffered = 512 << 20;
  int max_connections = 16384;
  std::optional<Auth> auth;  // absent: virtual_key once one is configured, else open
  std::optional<Secret> admin_token;
  std::vector<std::string> allowed_hosts = {"localhost", "127.0.0.1", "[::1]", "host.docker.internal"};
  std::vector<std::string> allowed_origins;
  std::optional<Tls> tls;
  Duration linger = 0s;
  Duration drain = 25s;
  ExtraFields extra_fields = ExtraFields::full;
};

// Absent parts take the catalog's value for that kind of provider, else the spec's default.
struct Timeouts {
  std::optional<Duration> connect, first_token, idle, total;
};

struct Retries {
  int max = 1;
  Duration backoff = 200ms;
};

// One of: a value; Bedrock's access_key with secret_key, profile, or role_arn beside either or alone; Azure's
// application of Microsoft Entra's.
struct Key {
  std::string name;
  Secret value;  // Vertex: an access token, or the content of a credential file
  // Bedrock.
  Secret access_key, secret_key, session_token;
  std::string profile;                // of ~/.aws
  std::string role_arn, external_id;  // a role that is assumed
  // Azure.
  std::string tenant_id, client_id, authority;
  Secret client_secret;
  double weight = 1.0;
  std::string group;                               // keys of one account; empty: a group of its own
  std::optional<std::vector<std::string>> models;  // globs; absent: all
  bool unset = false;                              // its env: variable is not set: left out, with a warning
  Position at;

  // Whether it has what a call needs; not when its secret could not be read.
  bool usable() const;
  // What tells it from every other key, as text that is hashed: it may hold a secret.
  std::string identity() const;
};

// Prices per token, in pico-dollars; what is absent is unknown.
struct Price {
  std::optional<PicoUsd> input, output, cached_input, cache_write, reasoning;
  std::optional<PicoUsd> batch_input, batch_output;
  std::optional<PicoUsd> search;  // of one search of a rerank
};

// What a config may say of one model of a provider. Absent: the catalog's fact.
struct ModelFacts {
  std::string is;  // facts and price of that model
  std::optional<int64_t> context, max_output;
  std::optional<bool> vision, audio, tools, parallel_tools, json_schema, reasoning;
  Position at;
};

struct ErrorRule {
  std::optional<int> status;
  std::string match;  // RE2 on the body; empty: any
  ErrorClass error_class = ErrorClass::server_error;
  Position at;
};

struct Provider {
  std::string name;
  std::string kind;                   // a row of the catalog
  std::string base_url;               // empty: the catalog's
  std::string endpoint, api_version;  // azure
  std::string region, project;        // bedrock, vertex
  bool metadata = false;              // the machine's metadata service may be asked for credentials
  Timeouts timeouts;
  Retries retries;
  int max_concurrency = 1024;
  std::vector<std::pair<std::string, std::string>> headers;
  std::vector<std::string> labels;
  bool forward_auth = false;
  Tls tls;
  std::vector<Key> keys;
  std::map<std::string, ModelFacts> models;
  std::vector<std::string> listed;  // models that a local server which was found says it has, in its order
  std::vector<std::pair<std::string, Price>> prices;  // by glob, in the file's order: the first that matches
  std::vector<ErrorRule> errors;
  Position at;
};

enum class Strategy : uint8_t { priority, weighted, adaptive, cheapest, fastest };
enum class Commit : uint8_t { first_token, complete };
enum class OnCut : uint8_t { error, continue_ };
enum class Translation : uint8_t { lenient, strict };

// Which error classes fall back.
class ClassSet {
 public:
  constexpr ClassSet() = default;
  constexpr ClassSet(std::initializer_list<ErrorClass> classes) {
    for (auto c : classes) add(c);
  }
  constexpr void add(ErrorClass c) { bits_ |= 1u << static_cast<int>(c); }
  constexpr bool has(ErrorClass c) const { return (bits_ >> static_cast<int>(c) & 1) != 0; }
  friend bool operator==(ClassSet, ClassSet) = default;

 private:
  uint32_t bits_ = 0;
};

// A duration or the word "auto".
struct AutoDuration {
  std::optional<Duration> value;  // absent: auto
};

// What [fallback] sets for all requests and a route may set for its own.
struct Policy {
  ClassSet on = {ErrorClass::network,
                 ErrorClass::timeout,
                 ErrorClass::rate_limit,
                 ErrorClass::quota,
                 ErrorClass::overloaded,
                 ErrorClass::server_error,
                 ErrorClass::auth,
                 ErrorClass::model_unavailable,
                 ErrorClass::invalid_response,
                 ErrorClass::context_length,
                 ErrorClass::budget};
  AutoDuration deadline;
  AutoDuration slow_after;
  Commit commit = Commit::first_token;
  OnCut on_cut = OnCut::error;
  Translation translation = Translation::lenient;
};

struct Fallback {
  Policy policy;
  int max_attempts = 6;
  bool default_auto = false;          // default = "auto"
  std::vector<std::string> defaults;  // default = [...]
  bool steer = true;
  double retry_budget = 0.2;
  bool prompt_cache = true;  // "auto"
};

struct RouteTarget {
  std::string model;  // target, route or alias
  double weight = 1.0;
  Position at;
};

struct Hedge {
  bool p95 = false;  // after = "p95"
  Duration after{};
  double max_share = 0.05;
};

struct Promise {
  std::vector<std::string> survives;
  std::optional<double> success;
  std::optional<Duration> first_token_p99;
};

// `when`: all that are set must hold.
struct Condition {
  std::vector<std::string> models;  // globs
  std::map<std::string, std::string> headers, tags;
  std::optional<int64_t> min_tokens, max_tokens;
  std::string hours;  // "08:00-18:00", in `zone`; the end may lie past midnight
  std::string zone = "UTC";
  std::optional<bool> vision;
};

// A share of the requests is sent to `target` too, and its answer thrown away.
struct Shadow {
  std::string target;
  double share = 1;
};

// Absent members take [fallback]'s.
struct Route {
  std::string name;
  std::vector<RouteTarget> targets;
  Strategy strategy = Strategy::priority;
  std::optional<std::vector<std::string>> fallbacks;
  std::optional<Hedge> hedge;
  std::vector<std::string> require_labels;
  Timeouts timeouts;
  std::optional<AutoDuration> deadline, slow_after;
  std::optional<Commit> commit;
  std::optional<OnCut> on_cut;
  std::optional<ClassSet> fallback_on;
  std::optional<Translation> translation;
  std::optional<Condition> when;
  std::string affinity;  // "tag:NAME", "user", "prompt"; empty: none
  std::optional<Shadow> shadow;
  Promise promise;
  Position at;
};

struct Balance {
  Duration interval = 5s;
  double error = 0.5, latency = 0.2, utilization = 0.05;
  double degraded_above = 0.02, failed_above = 0.05;
  int min_samples = 20;
  Duration recovery = 30s;
  double reduction = 0.9;
};

enum class CacheMode : uint8_t { off, exact, semantic };
enum class CacheShare : uint8_t { key, team, all };

struct Cache {
  CacheMode mode = CacheMode::off;
  Duration ttl = 1h;
  int64_t max_size = 64 << 20;
  std::string embedder = "none";
  double threshold = 0.95;
  CacheShare share = CacheShare::key;
  Duration serve_stale = 0s;
};

// Money over a window: a fixed duration, or a calendar "day", "week", "month" in `zone`.
struct Budget {
  NanoUsd limit;
  std::string per;
  std::optional<Duration> window;  // absent: calendar
  std::string zone = "UTC";
};

struct Rate {
  std::optional<int64_t> requests, tokens;
  Duration per = 1min;
};

struct Limits {
  std::optional<Budget> budget;
  std::optional<Rate> rate;
  double weight = 1.0;
};

enum class Unpriced : uint8_t { refuse, allow };

struct VirtualKey {
  std::string name;
  std::string sha256;  // of the value, lower-case hex; the value itself is not kept
  std::string team;
  bool enabled = true;
  std::string expires;                                        // RFC 3339 date or date-time; empty: never
  std::optional<std::vector<std::string>> providers, models;  // absent: all; empty: none
  std::optional<Budget> budget;
  Unpriced unpriced = Unpriced::refuse;
  int max_concurrency = 0;  // 0: unlimited
  std::optional<Rate> rate;
  int priority = 0;
  std::optional<ExtraFields> extra_fields;
  std::vector<std::string> require_labels;
  std::map<std::string, Limits> provider, model;
  Position at;
};

struct Team {
  std::string name, customer;
  std::optional<Budget> budget;
  Position at;
};

struct Customer {
  std::string name;
  std::optional<Budget> budget;
  Position at;
};

// One entry of [guardrails] input or output.
struct Guardrail {
  std::string kind, action, pattern, target;
  std::vector<std::string> words;
  Position at;
};

struct Plugin {
  std::string name, kind, path, url;
  bool fail_open = false;
  Position at;
};

enum class Bodies : uint8_t { off, failures, all };

struct Log {
  std::string level = "info";
  bool json = false;
  Bodies bodies = Bodies::off;
  Duration keep = 24h * 30;
  int64_t max_size = int64_t{1} << 30;
};

struct Alert {
  std::string url;
  std::vector<std::string> on;
  Position at;
};

// `[mock]`: the built-in provider simulator under the provider name "mock".
struct Mock {
  bool enabled = false;
};

struct Config {
  std::string path;  // the file it came from; empty: built from the environment
  Server server;
  std::vector<Provider> providers;  // in the file's order: the first wins a bare model name
  std::vector<Route> routes;
  std::map<std::string, std::string> aliases;
  Fallback fallback;
  Balance balance;
  Cache cache;
  std::vector<VirtualKey> virtual_keys;
  std::vector<Team> teams;
  std::vector<Customer> customers;
  std::optional<Budget> budget;
  std::vector<Guardrail> guardrails_input, guardrails_output;
  std::vector<Plugin> plugins;
  std::string ask_model;
  Log log;
  std::string otlp;
  double sample = 0.1;
  std::vector<Alert> alerts;
  std::string audit_file;
  std::optional<Secret> audit_key;
  std::optional<Secret> cluster_redis;  // may hold a password
  std::string on_store_loss = "lease";
  std::string vault_address;
  std::string vault_auth;  // "approle", "token", "kubernetes"
  Secret vault_role_id, vault_secret_id, vault_token;
  std::string vault_role;  // kubernetes
  Mock mock;

  const Provider* provider(std::string_view name) const;
  const Route* route(std::string_view name) const;
};

}  // namespace llmgw::config
