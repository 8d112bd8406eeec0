#pragma once

#include <string>
#include <string_view>

#include "base/secret.h"
#include "base/time.h"
#include "net/headers.h"

namespace llmgw::providers {

// What a request to AWS is signed with.
struct AwsCredentials {
  std::string access_key;
  Secret secret_key;
  Secret session_token;  // of temporary credentials; empty: none
};

// A request as it goes out.
struct AwsRequest {
  std::string_view method;
  std::string_view host;    // the Host field
  std::string_view target;  // path and query, percent-encoded
  std::string_view body;
  std::string_view region, service;
};

// Signs by AWS Signature Version 4 (docs.aws.amazon.com, "Create a signed AWS API request"; as botocore does
// it for every service but S3): sets x-amz-date, x-amz-security-token and authorization in `headers`. Host,
// Content-Type and the x-amz-* fields are signed; the others may change on their way.
void sign_sigv4(const AwsRequest& request, const AwsCredentials& credentials, WallTime now,
                net::Headers& headers);

}  // namespace llmgw::providers
