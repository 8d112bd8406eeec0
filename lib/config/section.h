#pragma once

#include "config/config.h"
#include "config/fields.h"

// The sections of the grammar: each names its keys, in both directions (see Fields). What
// concerns one section is checked in it; what several share, in reference.h.
namespace llmgw::config {

void root_section(Fields&, Config&);

void server_section(Fields&, Server&);
void provider_section(Fields&, Provider&);
void timeouts_section(Fields&, Timeouts&);
void route_section(Fields&, Route&);
void fallback_section(Fields&, Fallback&);
void balance_section(Fields&, Balance&);
void cache_section(Fields&, Cache&);
void virtual_key_section(Fields&, VirtualKey&);
void team_section(Fields&, Team&);
void customer_section(Fields&, Customer&);
void budget_section(Fields&, Budget&);
void guardrails_section(Fields&, Config&);
void plugin_section(Fields&, Plugin&);
void ask_section(Fields&, Config&);
void log_section(Fields&, Log&);
void telemetry_section(Fields&, Config&);
void alert_section(Fields&, Alert&);
void audit_section(Fields&, Config&);
void cluster_section(Fields&, Config&);
void vault_section(Fields&, Config&);
void mock_section(Fields&, Mock&);

}  // namespace llmgw::config
