#include "providers/aws_credentials.h"

#include <doctest/doctest.h>

#include <map>

#include "providers/aws_profile.h"

using namespace llmgw;
using namespace llmgw::providers;

namespace {

using Texts = std::map<std::string, std::string>;

config::Environment machine(Texts variables, Texts files) {
  variables["HOME"] = "/home/me";
  return {.variable = [variables](const std::string& name) -> std::optional<std::string> {
            const auto found = variables.find(name);
            if (found == variables.end() || found->second.empty()) return std::nullopt;
            return found->second;
          },
          .read_file = [files](const std::string& path) -> Result<std::string> {
            const auto found = files.find(path);
            if (found == files.end()) return fail(ErrorClass::bad_request, "cannot be read: no such file");
            return found->second;
          },
          .exists = [files](const std::string& path) { return files.contains(path); },
          .others_can_read = [](const std::string&) { return false; }};
}

const std::string kCredentials = R"(# a comment
[default]
aws_access_key_id = AKIDEFAULT
aws_secret_access_key=default/secret=
[ work ]
aws_access_key_id = AKIDWORK
aws_secret_access_key = work-secret
aws_session_token = work-token
)";
const std::string kConfig = R"([default]
region = us-east-1
s3 =
    max_concurrent_requests = 20
[profile role]
role_arn = arn:aws:iam::123456789012:role/r
source_profile = default
[profile sso]
sso_session = corp
sso_account_id = 123456789012
sso_role_name = dev
[sso-session corp]
sso_start_url = https://corp.awsapps.com/start
sso_region = us-east-1
[profile written-here]
aws_access_key_id = AKIDHERE
aws_secret_access_key = here-secret
)";
const Texts kFiles = {{"/home/me/.aws/credentials", kCredentials}, {"/home/me/.aws/config", kConfig}};

}  // namespace

TEST_CASE("credentials are found where AWS's own tools find them, in their order") {
  struct Case {
    std::string name;
    Texts variables, files;
    std::string access, secret, token;
    std::string error;  // a part of it; empty: they are found
  };
  const Case cases[] = {
      {"the environment comes first",
       {{"AWS_ACCESS_KEY_ID", "AKIDENV"}, {"AWS_SECRET_ACCESS_KEY", "env"}, {"AWS_SESSION_TOKEN", "t"}},
       kFiles,
       "AKIDENV",
       "env",
       "t",
       ""},
      {"half a pair in the environment is none",
       {{"AWS_ACCESS_KEY_ID", "AKIDENV"}},
       kFiles,
       "AKIDEFAULT",
       "default/secret=",
       "",
       ""},
      {"the default profile", {}, kFiles, "AKIDEFAULT", "default/secret=", "", ""},
      {"a named profile", {{"AWS_PROFILE", "work"}}, kFiles, "AKIDWORK", "work-secret", "work-token", ""},
      {"a profile of the config file",
       {{"AWS_PROFILE", "written-here"}},
       kFiles,
       "AKIDHERE",
       "here-secret",
       "",
       ""},
      {"another file",
       {{"AWS_SHARED_CREDENTIALS_FILE", "/etc/aws"}},
       {{"/etc/aws", kCredentials}},
       "AKIDEFAULT",
       "default/secret=",
       "",
       ""},
      {"a profile that is not there",
       {{"AWS_PROFILE", "wrok"}},
       kFiles,
       "",
       "",
       "",
       "names 'wrok', which has no keys"},
      {"an SSO session that nobody opened",
       {{"AWS_PROFILE", "sso"}},
       kFiles,
       "",
       "",
       "",
       "run `aws sso login`"},
      {"a container's endpoint elsewhere",
       {{"AWS_CONTAINER_CREDENTIALS_FULL_URI", "http://203.0.113.1/x"}},
       {},
       "",
       "",
       "",
       "over https only"},
      {"nothing", {}, {}, "", "", "", "neither AWS_ACCESS_KEY_ID nor a profile"},
  };
  for (const auto& c : cases) {
    CAPTURE(c.name);
    const auto found =
        find_aws_credentials({.environment = machine(c.variables, c.files)}, SystemClock().wall());
    CHECK(found.has_value() == c.error.empty());
    if (!found) {
      CHECK(found.error().error_class == ErrorClass::auth);
      CHECK(found.error().message.find(c.error) != std::string::npos);
      continue;
    }
    CHECK(found->aws.access_key == c.access);
    CHECK(found->aws.secret_key.reveal() == c.secret);
    CHECK(found->aws.session_token.reveal() == c.token);
  }
}

TEST_CASE("an AWS file is read as far as it makes sense") {
  const auto sections =
      read_aws_ini("stray = 1\r\n[a]\r\nKey = v # not a comment\r\n; no\n[b\nx = y\n[a]\nother=2");
  REQUIRE(sections.size() == 1);
  CHECK(sections.at("a") == std::map<std::string, std::string>{{"key", "v # not a comment"}, {"other", "2"}});
}
