#include "providers/google_credentials.h"

#include <doctest/doctest.h>
#include <openssl/evp.h>
#include <openssl/pem.h>

#include <memory>
#include <nlohmann/json.hpp>

#include "base/text.h"
#include "providers/jwt.h"

using namespace llmgw;
using namespace llmgw::providers;
using nlohmann::json;

namespace {

using Key = std::unique_ptr<EVP_PKEY, void (*)(EVP_PKEY*)>;

Key new_key(const char* type) {
  return {std::string_view(type) == "EC" ? EVP_EC_gen("P-256") : EVP_RSA_gen(2048), EVP_PKEY_free};
}

std::string pem(EVP_PKEY* key) {
  const std::unique_ptr<BIO, int (*)(BIO*)> bio(BIO_new(BIO_s_mem()), BIO_free);
  PEM_write_bio_PrivateKey(bio.get(), key, nullptr, nullptr, 0, nullptr, nullptr);
  char* data = nullptr;
  const long size = BIO_get_mem_data(bio.get(), &data);
  return {data, static_cast<size_t>(size)};
}

json service_account(EVP_PKEY* key) {
  return {{"type", "service_account"},
          {"project_id", "acme"},
          {"private_key_id", "k1"},
          {"private_key", pem(key)},
          {"client_email", "gateway@acme.iam.gserviceaccount.com"},
          {"token_uri", "https://oauth2.googleapis.com/token"}};
}

config::Environment nothing() {
  return {.variable = [](const std::string&) { return std::nullopt; },
          .read_file = [](const std::string&) -> Result<std::string> {
            return fail(ErrorClass::bad_request, "cannot be read: No such file or directory");
          },
          .exists = [](const std::string&) { return false; },
          .others_can_read = [](const std::string&) { return false; }};
}

}  // namespace

TEST_CASE("a JWT is signed so that the public key verifies it") {
  const Key key = new_key("RSA");
  const auto jwt = sign_jwt(R"({"alg":"RS256"})", R"({"iss":"me>?"})", Secret(pem(key.get())));
  REQUIRE(jwt.has_value());
  CHECK(jwt->find_first_of("+/=") == std::string::npos);
  const auto parts = split(*jwt, '.');
  REQUIRE(parts.size() == 3);
  CHECK(base64_decoded(parts[1]) == R"({"iss":"me>?"})");
  const std::string text = jwt->substr(0, jwt->rfind('.')), signature = base64_decoded(parts[2]).value();
  const std::unique_ptr<EVP_MD_CTX, void (*)(EVP_MD_CTX*)> context(EVP_MD_CTX_new(), EVP_MD_CTX_free);
  EVP_DigestVerifyInit(context.get(), nullptr, EVP_sha256(), nullptr, key.get());
  const auto bytes = [](const std::string& s) { return reinterpret_cast<const unsigned char*>(s.data()); };
  CHECK(EVP_DigestVerify(context.get(), bytes(signature), signature.size(), bytes(text), text.size()) == 1);
}

TEST_CASE("a credential file is checked when it is read, and says which field is wrong") {
  const Key rsa = new_key("RSA"), ec = new_key("EC");
  const json good = service_account(rsa.get());
  const auto read = read_google_file(good.dump(2), nothing());
  REQUIRE(read.has_value());
  CHECK(read->project == "acme");

  const json user = {{"type", "authorized_user"},
                     {"client_id", "c"},
                     {"refresh_token", "r"},
                     {"client_secret", "s"},
                     {"quota_project_id", "billed"}};
  CHECK(read_google_file(user.dump(), nothing())->project == "billed");
  const json external = {{"type", "external_account"},
                         {"audience", "//iam.googleapis.com/x"},
                         {"subject_token_type", "urn:ietf:params:oauth:token-type:jwt"},
                         {"token_url", "https://sts.googleapis.com/v1/token"},
                         {"credential_source", {{"file", "/var/run/token"}}}};
  CHECK(read_google_file(external.dump(), nothing()).has_value());

  auto without = [](json file, const std::string& field) { return file.erase(field), file; };
  auto with = [](json file, const std::string& field, json value) {
    return file[field] = std::move(value), file;
  };
  struct Case {
    json file;
    std::string error;
  };
  for (const auto& c : std::initializer_list<Case>{
           {"text", "no JSON object"},
           {json::object(), "its type is ''"},
           {with(good, "type", "gdch_service_account"), "its type is 'gdch_service_account'"},
           {without(good, "private_key"), "'private_key'"},
           {with(good, "private_key", "-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n"),
            "'private_key'"},
           {with(good, "private_key", pem(ec.get())), "'private_key'"},
           {without(good, "client_email"), "'client_email'"},
           {with(good, "token_uri", "ftp://x"), "'token_uri'"},
           {without(user, "refresh_token"), "'refresh_token'"},
           {without(external, "audience"), "without an audience"},
           {with(external, "credential_source", {{"environment_id", "aws1"}}), "neither a file nor a url"},
           {with(external, "credential_source", {{"executable", {{"command", "x"}}}}),
            "neither a file nor a url"},
           {{{"type", "impersonated_service_account"}, {"source_credentials", user}},
            "'service_account_impersonation_url'"}}) {
    CAPTURE(c.error);
    const auto refused = read_google_file(c.file.dump(), nothing());
    REQUIRE_FALSE(refused.has_value());
    CHECK(refused.error().message.find(c.error) != std::string::npos);
    CHECK(refused.error().message.find("PRIVATE KEY") == std::string::npos);
  }
}

TEST_CASE(
    "no default credentials is told with what to do, and no metadata server is asked unless it may be") {
  const auto found = google_default_search(nothing(), false)(SystemClock().wall());
  REQUIRE_FALSE(found.has_value());
  CHECK(found.error().error_class == ErrorClass::auth);
  CHECK(found.error().message.find("gcloud auth application-default login") != std::string::npos);
  CHECK(found.error().message.find("metadata = true") != std::string::npos);
}
