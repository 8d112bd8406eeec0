#include "providers/credential_endpoint.h"

#include <algorithm>
#include <array>

#include "base/json.h"
#include "base/text.h"
#include "net/http_client.h"
#include "net/loop.h"
#include "net/tls.h"
#include "net/whole_reply.h"
#include "providers/scrub.h"

namespace llmgw::providers {
namespace {

constexpr size_t kMost = 64 << 10;
constexpr int64_t kLongestLife = 366 * 86400;  // seconds; what says more is renewed all the same

// docs.aws.amazon.com, "Container credential provider", AWS_CONTAINER_CREDENTIALS_FULL_URI; "Use IMDSv2".
// cloud.google.com, "About VM metadata". learn.microsoft.com, "Azure Instance Metadata Service".
constexpr std::array<std::string_view, 9> kLocal = {"127.0.0.1",
                                                    "::1",
                                                    "localhost",
                                                    "169.254.170.2",
                                                    "169.254.170.23",
                                                    "fd00:ec2::23",
                                                    "169.254.169.254",
                                                    "fd00:ec2::254",
                                                    "metadata.google.internal"};

// What a refusal says of itself: OAuth's "error" and "error_description", Google's error.message, STS's and
// Azure's own.
std::string words_of(const json::Value& body) {
  std::string words;
  auto add = [&](const json::Value& value) {
    if (!value.is(json::Kind::string) || value.text().empty()) return;
    words += (words.empty() ? "" : ": ") + value.text();
  };
  if (body["error"].is(json::Kind::object)) {
    add(body["error"]["status"]);
    add(body["error"]["message"]);
  } else {
    add(body["error"]);
    add(body["error_description"]);
    add(body["message"]);
  }
  std::ranges::replace_if(
      words, [](char c) { return static_cast<unsigned char>(c) < ' ' || c == 0x7f; }, ' ');
  return words;
}

std::optional<WallTime> expiry(const json::Value& body, WallTime now) {
  auto seconds = [](const json::Value& value) {
    return value.is(json::Kind::string) ? to_number<int64_t>(value.text()) : value.integer();
  };
  if (const auto in = seconds(body["expires_in"]))
    return now + std::chrono::seconds(std::clamp<int64_t>(*in, 0, kLongestLife));
  if (const auto on = seconds(body["expires_on"]))
    return WallTime(std::chrono::seconds(std::clamp<int64_t>(*on, 0, unix_ms(now) / 1000 + kLongestLife)));
  return parse_utc(body["expireTime"].text());
}

}  // namespace

Result<net::HttpResponse> ask_credential_endpoint(const CredentialRequest& request,
                                                  const config::Environment& environment) {
  const std::string& url = request.url;
  const size_t mark = url.find('?');
  auto endpoint = net::parse_base_url(url.substr(0, mark));
  if (!endpoint) return fail(std::move(endpoint.error()));
  if (endpoint->secure()) {
    auto tls = net::TlsContext::make({});
    if (!tls) return fail(std::move(tls.error()));
    endpoint->tls = *tls;
  } else if (endpoint->scheme != "http" ||
             std::ranges::find(kLocal, std::string_view(endpoint->host)) == kLocal.end()) {
    return fail(ErrorClass::auth, "'" + endpoint->host + "' is asked for credentials over https only");
  }
  const size_t path = url.find('/', url.find("://") + 3);
  net::Call call{.endpoint = &*endpoint,
                 .method = request.method,
                 .target = path < mark ? url.substr(path) : "/" + (mark < url.size() ? url.substr(mark) : ""),
                 .headers = request.headers,
                 .body = request.body,
                 .connect = request.patience};
  call.headers.set("Accept-Encoding", "identity");
  Result<net::HttpResponse> response = fail(ErrorClass::cancelled, "was not asked");
  net::Loop loop;
  net::Resolver resolver;
  const net::ProxySettings proxy = net::proxy_settings(environment);
  {
    net::HttpClient client(loop, resolver, proxy);
    loop.spawn([&] {
      const TimePoint by = after(loop.now(), request.patience);
      call.deadline = by;
      response = net::whole_reply(client, std::move(call), by, kMost);
      loop.stop();
    });
    loop.run();
  }
  return response;
}

std::string form_encoded(const FormFields& fields) {
  std::string out;
  for (const auto& [name, value] : fields) {
    if (!out.empty()) out += '&';
    out.append(name).append("=").append(percent_encoded(value));
  }
  return out;
}

Result<Token> ask_for_token(const CredentialRequest& request, const config::Environment& environment,
                            WallTime now, std::string_view what,
                            const std::vector<std::string_view>& hidden) {
  const std::string who(what);
  auto reply = ask_credential_endpoint(request, environment);
  if (!reply)
    return fail(ErrorClass::auth,
                who + " at " + request.url.substr(0, request.url.find('?')) + ": " + reply.error().message);
  auto doc = json::Doc::parse(reply->body);
  const json::Value body = doc ? doc->root() : json::Value();
  const json::Value token = body["access_token"] ? body["access_token"] : body["accessToken"];
  if (reply->status != 200 || token.text().empty() || !printable(token.text())) {
    const std::string words = scrub(words_of(body), hidden);
    return fail(ErrorClass::auth, who + " answered " + std::to_string(reply->status) +
                                      (words.empty() ? " without a token" : ": " + shortened(words, 300)));
  }
  const auto expires = expiry(body, now);
  // A token without an end is one of an hour: RFC 6749 lets its issuer document that elsewhere.
  return Token{.value = Secret(token.text()), .expires = expires.value_or(now + 1h)};
}

std::optional<WallTime> parse_utc(std::string_view text) {
  int y = 0, mo = 0, d = 0, h = 0, mi = 0, s = 0;
  if (std::sscanf(std::string(text).c_str(), "%4d-%2d-%2dT%2d:%2d:%2d", &y, &mo, &d, &h, &mi, &s) != 6)
    return std::nullopt;
  using namespace std::chrono;
  const year_month_day date{year(std::clamp(y, 1970, 2200)), month(static_cast<unsigned>(mo)),
                            day(static_cast<unsigned>(d))};
  if (!date.ok()) return std::nullopt;
  return WallTime(sys_days(date)) + hours(h) + minutes(mi) + seconds(s);
}

}  // namespace llmgw::providers
