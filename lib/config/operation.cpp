// The sections of what the operator sees, and of the services that llmgw itself calls.
#include "config/check.h"
#include "config/secret_source.h"
#include "config/section.h"

namespace llmgw::config {
namespace {

constexpr auto kFormat = words<bool>({{"text", false}, {"json", true}});
constexpr auto kBodies =
    words<Bodies>({{"off", Bodies::off}, {"failures", Bodies::failures}, {"all", Bodies::all}});

void approle_section(Fields& f, Config& config) {
  f.required("role_id");
  f.required("secret_id");
  f.field("role_id", config.vault_role_id, SecretText{});
  f.field("secret_id", config.vault_secret_id, SecretText{});
}

void kubernetes_section(Fields& f, Config& config) {
  f.required("role");
  f.field("role", config.vault_role, Text{check::name});
}

void vault_auth_section(Fields& f, Config& config) {
  f.field("approle", config, Group{approle_section});
  f.field("token", config.vault_token, SecretText{});
  f.field("kubernetes", config, Group{kubernetes_section});
  if (!f.reading()) return;
  int ways = 0;
  for (std::string_view way : {"approle", "token", "kubernetes"}) {
    if (!f.has(way)) continue;
    config.vault_auth = way;
    if (++ways > 1) f.wrong(way, "Vault has one way to log in: approle, token or kubernetes");
  }
  if (ways == 0) f.required("approle");
}

// A URL that may hold a password.
struct RedisUrl {
  void read(const Cursor& at, Secret& value) const {
    SecretText{}.read(at, value);
    if (value.empty()) return;
    if (const auto wrong = check::redis_url(value.reveal())) at.wrong(*wrong);
  }
  void write(json::Writer& out, const Secret& value) const { SecretText{}.write(out, value); }
};

}  // namespace

void ask_section(Fields& f, Config& config) {
  f.field("model", config.ask_model, Text{check::model});
}

void log_section(Fields& f, Log& log) {
  f.field("level", log.level, Word{{"debug", "info", "warn", "error"}});
  f.field("format", log.json, kFormat);
  f.field("bodies", log.bodies, kBodies);
  f.field("keep", log.keep, Time{.min = 1min});
  f.field("max_size", log.max_size, Size{.min = 1 << 20});
}

void telemetry_section(Fields& f, Config& config) {
  f.field("otlp", config.otlp, Text{check::base_url});
  f.field("sample", config.sample, Number{.max = 1});
}

void alert_section(Fields& f, Alert& alert) {
  f.required("url");
  f.required("on");
  f.field("url", alert.url, Text{check::url});
  f.field("on", alert.on,
          List{Word{{"target_failed", "key_rejected", "budget_80", "fallback_share", "chain_exhausted"}}});
}

void audit_section(Fields& f, Config& config) {
  f.required("file");
  f.field("file", config.audit_file, Path{});
  f.field("key", config.audit_key, SecretText{});
}

void cluster_section(Fields& f, Config& config) {
  f.required("redis");
  f.field("redis", config.cluster_redis, RedisUrl{});
  f.field("on_store_loss", config.on_store_loss, Word{{"lease", "refuse"}});
}

void vault_section(Fields& f, Config& config) {
  f.required("address");
  f.required("auth");
  f.field("address", config.vault_address, Text{check::base_url});
  f.field("auth", config, Group{vault_auth_section});
}

void mock_section(Fields& f, Mock& mock) {
  f.field("enabled", mock.enabled, Boolean{});
}

}  // namespace llmgw::config
