#include "providers/sigv4.h"

#include <openssl/evp.h>
#include <openssl/hmac.h>

#include <algorithm>
#include <map>
#include <vector>

#include "base/text.h"

namespace llmgw::providers {
namespace {

std::string hmac(std::string_view key, std::string_view text) {
  unsigned char digest[EVP_MAX_MD_SIZE];
  unsigned int size = 0;
  HMAC(EVP_sha256(), key.data(), static_cast<int>(key.size()),
       reinterpret_cast<const unsigned char*>(text.data()), text.size(), digest, &size);
  return {reinterpret_cast<const char*>(digest), size};
}

std::string hex(std::string_view bytes) {
  static constexpr char kHex[] = "0123456789abcdef";
  std::string out;
  for (const char c : bytes) {
    out += kHex[static_cast<uint8_t>(c) >> 4];
    out += kHex[static_cast<uint8_t>(c) & 15];
  }
  return out;
}

// "20260101T000000Z"
std::string amz_date(WallTime now) {
  using namespace std::chrono;
  const auto day = floor<days>(now);
  const year_month_day date(day);
  const hh_mm_ss time(floor<seconds>(now - day));
  char text[32];
  std::snprintf(text, sizeof text, "%04d%02u%02uT%02d%02d%02dZ", static_cast<int>(date.year()),
                static_cast<unsigned>(date.month()), static_cast<unsigned>(date.day()),
                static_cast<int>(time.hours().count()), static_cast<int>(time.minutes().count()),
                static_cast<int>(time.seconds().count()));
  return text;
}

// The path as it is on the wire, encoded once more but for its slashes.
std::string canonical_path(std::string_view path) {
  if (path.empty()) return "/";
  std::string out;
  size_t at = 0;
  for (;;) {
    const size_t slash = path.find('/', at);
    out += percent_encoded(path.substr(at, slash - at));
    if (slash == std::string_view::npos) return out;
    out += '/';
    at = slash + 1;
  }
}

// Its parts by name and value; they are encoded already.
std::string canonical_query(std::string_view query) {
  std::vector<std::pair<std::string, std::string>> pairs;
  for (const auto part : split(query, '&')) {
    const size_t equals = part.find('=');
    pairs.emplace_back(part.substr(0, equals),
                       equals == std::string_view::npos ? std::string_view() : part.substr(equals + 1));
  }
  std::ranges::sort(pairs);
  std::string out;
  for (const auto& [name, value] : pairs) out += (out.empty() ? "" : "&") + name + "=" + value;
  return out;
}

// Without white space at its ends, and runs of it within as one space.
std::string canonical_value(std::string_view value) {
  std::string out;
  for (const char c : trim(value)) {
    const bool space = c == ' ' || c == '\t';
    if (!space || !out.ends_with(' ')) out += space ? ' ' : c;
  }
  return out;
}

}  // namespace

void sign_sigv4(const AwsRequest& request, const AwsCredentials& credentials, WallTime now,
                net::Headers& headers) {
  const std::string date = amz_date(now), day = date.substr(0, 8);
  headers.set("x-amz-date", date);
  headers.remove("x-amz-security-token");
  if (!credentials.session_token.empty())
    headers.set("x-amz-security-token", credentials.session_token.reveal());

  std::map<std::string, std::string> fields{{"host", canonical_value(request.host)}};
  for (const auto [name, value] : headers) {
    const std::string low = to_lower(name);
    if (low != "content-type" && !low.starts_with("x-amz-")) continue;
    auto& field = fields[low];
    field += (field.empty() ? "" : ",") + canonical_value(value);
  }
  const size_t mark = request.target.find('?');
  std::string canonical(request.method);
  canonical += "\n" + canonical_path(request.target.substr(0, mark)) + "\n";
  if (mark != std::string_view::npos) canonical += canonical_query(request.target.substr(mark + 1));
  canonical += "\n";
  std::string names;
  for (const auto& [name, value] : fields) {
    canonical += name + ":" + value + "\n";
    names += (names.empty() ? "" : ";") + name;
  }
  canonical += "\n" + names + "\n" + sha256_hex(request.body);

  const std::string scope =
      day + "/" + std::string(request.region) + "/" + std::string(request.service) + "/aws4_request";
  const std::string to_sign = "AWS4-HMAC-SHA256\n" + date + "\n" + scope + "\n" + sha256_hex(canonical);
  std::string key = "AWS4" + std::string(credentials.secret_key.reveal());
  for (const std::string_view step :
       {std::string_view(day), request.region, request.service, std::string_view("aws4_request")}) {
    key = hmac(key, step);
  }
  headers.set("authorization", "AWS4-HMAC-SHA256 Credential=" + credentials.access_key + "/" + scope +
                                   ", SignedHeaders=" + names + ", Signature=" + hex(hmac(key, to_sign)));
}

}  // namespace llmgw::providers
