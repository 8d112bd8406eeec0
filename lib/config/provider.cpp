#include "config/check.h"
#include "config/secret_source.h"
#include "config/section.h"

namespace llmgw::config {
namespace {

void retries_section(Fields& f, Retries& retries) {
  f.field("max", retries.max, Integer{.max = 20});
  f.field("backoff", retries.backoff, Time{.min = 1ms, .max = 5min});
}

void tls_section(Fields& f, Tls& tls) {
  f.field("ca", tls.ca, Path{.must_exist = true});
  f.field("cert", tls.cert, Path{.must_exist = true});
  f.field("key", tls.key, Path{.must_exist = true});
  f.field("verify", tls.verify, Boolean{});
  if (!f.reading()) return;
  if (tls.cert.empty() != tls.key.empty()) {
    f.wrong(f.has("cert") ? "cert" : "key", "cert and key go together");
  }
  if (!tls.verify)
    f.warn("verify", "the provider's certificate is not verified: anybody on the way can read and answer");
}

// A key has one form, and that whole.
void key_forms(Fields& f) {
  const bool signing = f.has("access_key") || f.has("secret_key");
  const bool aws = signing || f.has("profile") || f.has("role_arn");
  const bool entra = f.has("tenant_id") || f.has("client_id") || f.has("client_secret");
  if (!f.has("value") && !aws && !entra) {
    f.required("value");
  } else if (f.has("value") && signing) {
    f.wrong("value", "a key has either a value or an access_key with its secret_key");
  } else if (f.has("value") && aws) {
    f.wrong("value", "a key has either a value or a profile and role_arn");
  } else if (f.has("value") && entra) {
    f.wrong("value", "a key has either a value or tenant_id, client_id and client_secret");
  } else if (aws && entra) {
    f.wrong("tenant_id", "is Azure's, and the key has AWS's settings beside it");
  } else if (signing && f.has("profile")) {
    f.wrong("profile", "a key has either an access_key or a profile");
  } else if (signing) {
    f.required("access_key");
    f.required("secret_key");
  } else if (entra) {
    f.required("tenant_id");
    f.required("client_id");
    f.required("client_secret");
  }
  if (f.has("external_id") && !f.has("role_arn")) f.wrong("external_id", "goes with a role_arn");
  if (f.has("authority") && !entra) f.wrong("authority", "goes with tenant_id, client_id and client_secret");
}

void key_section(Fields& f, Key& key) {
  f.required("name");
  f.field("name", key.name, Text{check::name});
  f.field("value", key, KeySecret{&Key::value});
  f.field("access_key", key, KeySecret{&Key::access_key});
  f.field("secret_key", key, KeySecret{&Key::secret_key});
  f.field("session_token", key, KeySecret{&Key::session_token});
  f.field("profile", key.profile, Text{check::not_empty});
  f.field("role_arn", key.role_arn, Text{check::role_arn});
  f.field("external_id", key.external_id, Text{check::not_empty});
  f.field("tenant_id", key.tenant_id, Text{check::name});
  f.field("client_id", key.client_id, Text{check::name});
  f.field("client_secret", key, KeySecret{&Key::client_secret});
  f.field("authority", key.authority, Text{check::base_url});
  f.field("weight", key.weight, Number{});
  f.field("group", key.group, Text{check::name});
  f.field("models", key.models, List{Text{check::glob}});
  if (f.reading()) key_forms(f);
}

void facts_section(Fields& f, ModelFacts& facts) {
  f.field("is", facts.is, Text{check::model});
  f.field("context", facts.context, Integer{.min = 1});
  f.field("max_output", facts.max_output, Integer{.min = 1});
  f.field("vision", facts.vision, Boolean{});
  f.field("audio", facts.audio, Boolean{});
  f.field("tools", facts.tools, Boolean{});
  f.field("parallel_tools", facts.parallel_tools, Boolean{});
  f.field("json_schema", facts.json_schema, Boolean{});
  f.field("reasoning", facts.reasoning, Boolean{});
}

void price_section(Fields& f, Price& price) {
  f.field("input", price.input, TokenPrice{});
  f.field("output", price.output, TokenPrice{});
  f.field("cached_input", price.cached_input, TokenPrice{});
  f.field("cache_write", price.cache_write, TokenPrice{});
  f.field("reasoning", price.reasoning, TokenPrice{});
  f.field("batch_input", price.batch_input, TokenPrice{});
  f.field("batch_output", price.batch_output, TokenPrice{});
  f.field("search", price.search, TokenPrice{});
}

void error_rule_section(Fields& f, ErrorRule& rule) {
  f.field("status", rule.status, Integer{.min = 200, .max = 599});
  f.field("match", rule.match, Text{check::pattern});
  f.required("class");
  f.field("class", rule.error_class, ClassName{});
  if (!f.has("status") && !f.has("match")) f.wrong("", "needs a status or a match");
}

}  // namespace

void timeouts_section(Fields& f, Timeouts& timeouts) {
  const Time time{.min = 1ms, .max = 24h};
  f.field("connect", timeouts.connect, time);
  f.field("first_token", timeouts.first_token, time);
  f.field("idle", timeouts.idle, time);
  f.field("total", timeouts.total, time);
}

void provider_section(Fields& f, Provider& provider) {
  f.field("kind", provider.kind, Text{check::name});
  if (f.reading() && !f.has("kind")) provider.kind = provider.name;
  f.field("base_url", provider.base_url, Text{check::base_url});
  f.field("endpoint", provider.endpoint, Text{check::base_url});
  f.field("api_version", provider.api_version, Text{check::name});
  f.field("region", provider.region, Text{check::name});
  f.field("project", provider.project, Text{check::name});
  f.field("metadata", provider.metadata, Boolean{});
  f.field("timeouts", provider.timeouts, Group{timeouts_section});
  f.field("retries", provider.retries, Group{retries_section});
  f.field("max_concurrency", provider.max_concurrency, Integer{.min = 1, .max = 1'000'000});
  f.field("headers", provider.headers, Keyed{HeaderValue{}, check::header_name});
  f.field("labels", provider.labels, List{Text{check::name}});
  f.field("forward_auth", provider.forward_auth, Boolean{});
  f.field("tls", provider.tls, Group{tls_section});
  f.field("keys", provider.keys, List{Group{key_section}});
  f.field("models", provider.models, Keyed{Group{facts_section}, check::model});
  f.field("prices", provider.prices, Keyed{Group{price_section}, check::glob});
  f.field("errors", provider.errors, List{Group{error_rule_section}});
  if (!f.reading()) return;
  if (provider.forward_auth && !provider.keys.empty()) {
    f.warn("forward_auth",
           "a client that sends a credential pays with it until its limit is reached; the keys serve the "
           "others");
  }
}

}  // namespace llmgw::config
