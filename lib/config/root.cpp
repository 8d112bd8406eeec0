#include "config/check.h"
#include "config/section.h"
#include "config/types.h"

namespace llmgw::config {

void root_section(Fields& f, Config& config) {
  f.field("server", config.server, Group{server_section});
  f.field("providers", config.providers, Keyed{Group{provider_section}, check::name});
  f.field("routes", config.routes, Keyed{Group{route_section}, check::name});
  f.field("aliases", config.aliases, Keyed{Text{check::model}, check::model});
  f.field("fallback", config.fallback, Group{fallback_section});
  f.field("balance", config.balance, Group{balance_section});
  f.field("cache", config.cache, Group{cache_section});
  f.field("virtual_keys", config.virtual_keys, List{Group{virtual_key_section}});
  f.field("teams", config.teams, List{Group{team_section}});
  f.field("customers", config.customers, List{Group{customer_section}});
  f.field("budget", config.budget, Group{budget_section});
  f.field("guardrails", config, Group{guardrails_section});
  f.field("plugins", config.plugins, List{Group{plugin_section}});
  f.field("ask", config, Group{ask_section});
  f.field("log", config.log, Group{log_section});
  f.field("telemetry", config, Group{telemetry_section});
  f.field("alerts", config.alerts, List{Group{alert_section}});
  f.field("audit", config, Group{audit_section});
  f.field("cluster", config, Group{cluster_section});
  f.field("vault", config, Group{vault_section});
  f.field("mock", config.mock, Group{mock_section});
}

}  // namespace llmgw::config
