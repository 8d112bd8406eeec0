#pragma once

#include <string>
#include <string_view>

#include "config/environment.h"
#include "providers/credential_source.h"

namespace llmgw::providers {

// A credential file of Google's, checked for form. Its types (google-auth 2.62.2, google/auth/_default.py):
// service_account (a signed JWT buys the token, RFC 7523), authorized_user (gcloud's own login),
// external_account (workload identity: the token of a file or URL is exchanged, RFC 8693), and
// impersonated_service_account (any of them, then IAM).
struct GoogleFile {
  CredentialSearch search;  // a token for https://www.googleapis.com/auth/cloud-platform
  std::string project;      // that it names; may be empty
};
// Errors: bad_request, saying which field is wrong. Asks nobody.
Result<GoogleFile> read_google_file(std::string_view json, const config::Environment& environment);

// Google's application default credentials (cloud.google.com, "How Application Default Credentials works"):
// the file that GOOGLE_APPLICATION_CREDENTIALS names, else that of `gcloud auth application-default login`,
// else the metadata server: where `metadata` says so or GCE_METADATA_HOST is set.
CredentialSearch google_default_search(const config::Environment& environment, bool metadata);

// The project of GOOGLE_CLOUD_PROJECT, else of the file that GOOGLE_APPLICATION_CREDENTIALS names; empty:
// none.
std::string google_default_project(const config::Environment& environment);

}  // namespace llmgw::providers
