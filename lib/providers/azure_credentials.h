#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "base/secret.h"
#include "config/environment.h"
#include "providers/credential_source.h"

namespace llmgw::providers {

// An application of Microsoft Entra's.
struct EntraApplication {
  std::string tenant_id, client_id;
  Secret client_secret;
  std::string authority;  // "https://login.microsoftonline.com"; empty: the cloud's
};

// A token for an Azure OpenAI resource at `host` by the client credentials grant (learn.microsoft.com, "OAuth
// 2.0 client credentials flow"). The host tells the cloud: .azure.com, .azure.us, .azure.cn.
CredentialSearch entra_search(EntraApplication application, std::string_view host,
                              config::Environment environment);

// What the machine has, in the order of azure-identity's DefaultAzureCredential: AZURE_TENANT_ID,
// AZURE_CLIENT_ID and AZURE_CLIENT_SECRET; a workload's token (AZURE_FEDERATED_TOKEN_FILE); the managed
// identity of App Service (IDENTITY_ENDPOINT), or where `metadata` says so that of the machine. None: there
// is nothing of it.
std::optional<CredentialSearch> azure_default_search(const config::Environment& environment, bool metadata,
                                                     std::string_view host);

}  // namespace llmgw::providers
