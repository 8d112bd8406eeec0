#include "providers/google_external.h"

#include "base/text.h"
#include "net/endpoint.h"
#include "providers/credential_endpoint.h"

namespace llmgw::providers {
namespace {

struct SubjectSource {
  std::string file, url;
  net::Headers headers;
  std::string field;  // of a JSON text; empty: the text is the token
};

std::unexpected<Error> wrong(const std::string& what) {
  return fail(ErrorClass::bad_request, "is an external_account " + what);
}

Result<SubjectSource> subject_source(json::Value from) {
  SubjectSource source{.file = from["file"].text(), .url = from["url"].text(), .headers = {}, .field = {}};
  if (source.file.empty() == source.url.empty()) {
    return wrong(
        "whose credential_source is neither a file nor a url; AWS's, an executable and a certificate are not "
        "supported: use a service account's file, or impersonation");
  }
  if (!source.url.empty() && !net::parse_base_url(source.url.substr(0, source.url.find('?'))))
    return wrong("whose credential_source.url is no URL");
  for (const auto& [key, value] : from["headers"].members()) {
    const std::string name = key.text();
    const std::string text = value.text();
    if (!printable(name) || !printable(text)) return wrong("with a header that HTTP cannot carry");
    source.headers.add(name, text);
  }
  if (from["format"]["type"].says("json")) {
    source.field = from["format"]["subject_token_field_name"].text();
    if (source.field.empty())
      return wrong("whose credential_source.format names no subject_token_field_name");
  }
  return source;
}

Result<Secret> subject_token(const SubjectSource& source, const config::Environment& environment) {
  std::string text;
  const std::string where = source.file.empty() ? source.url : source.file;
  if (!source.file.empty()) {
    auto read = environment.read_file(source.file);
    if (!read) return fail(ErrorClass::auth, "the workload's token: " + where + " " + read.error().message);
    text = std::move(*read);
  } else {
    auto reply = ask_credential_endpoint(
        {.method = "GET", .url = source.url, .headers = source.headers, .body = {}}, environment);
    if (!reply)
      return fail(ErrorClass::auth, "the workload's token: " + where + ": " + reply.error().message);
    if (reply->status != 200)
      return fail(ErrorClass::auth,
                  "the workload's token: " + where + " answered " + std::to_string(reply->status));
    text = std::move(reply->body);
  }
  if (!source.field.empty()) {
    const auto doc = json::Doc::parse(text);
    text = doc ? doc->root()[source.field].text() : std::string();
  }
  while (!text.empty() && static_cast<unsigned char>(text.back()) <= ' ') text.pop_back();
  if (text.empty()) return fail(ErrorClass::auth, "the workload's token: " + where + " holds none");
  return Secret(std::move(text));
}

}  // namespace

Result<CredentialSearch> external_account(json::Value file, const config::Environment& environment) {
  const std::string audience = file["audience"].text(), type = file["subject_token_type"].text();
  const std::string url = file["token_url"].text();
  if (audience.empty() || type.empty()) return wrong("without an audience or a subject_token_type");
  if (!net::parse_base_url(url)) return wrong("without a right token_url");
  auto source = subject_source(file["credential_source"]);
  if (!source) return fail(std::move(source.error()));
  return CredentialSearch([=, source = std::move(*source)](WallTime now) -> Result<Credential> {
    const auto subject = subject_token(source, environment);
    if (!subject) return fail(subject.error());
    CredentialRequest request{
        .url = url,
        .headers = {},
        .body = form_encoded({{"grant_type", "urn:ietf:params:oauth:grant-type:token-exchange"},
                              {"audience", audience},
                              {"scope", "https://www.googleapis.com/auth/cloud-platform"},
                              {"requested_token_type", "urn:ietf:params:oauth:token-type:access_token"},
                              {"subject_token", std::string(subject->reveal())},
                              {"subject_token_type", type}})};
    request.headers.add("Content-Type", "application/x-www-form-urlencoded");
    auto token =
        ask_for_token(request, environment, now, "Google's security token service", {subject->reveal()});
    if (!token) {
      token.error().message +=
          "; see that the workload identity pool trusts this token's issuer and audience";
      return fail(std::move(token.error()));
    }
    return Credential{
        .aws = {}, .bearer = std::move(token->value), .quota_project = {}, .expires = token->expires};
  });
}

}  // namespace llmgw::providers
