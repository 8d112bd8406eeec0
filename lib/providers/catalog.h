#pragma once

#include <array>
#include <cstdint>
#include <initializer_list>
#include <optional>
#include <span>
#include <string_view>
#include <vector>

#include "base/time.h"
#include "dialects/dialect.h"

// The catalog: what is known of each kind of provider, as rows of data. A row names where its facts
// come from; what has no source is said to be unverified.
namespace llmgw::providers {

using dialects::Dialect;

// How a key goes on the wire.
enum class AuthScheme : uint8_t {
  none,
  bearer,          // Authorization: Bearer KEY
  api_key,         // api-key: KEY (Azure)
  x_api_key,       // x-api-key: KEY (Anthropic)
  x_goog_api_key,  // x-goog-api-key: KEY (Gemini)
  sigv4,           // AWS Signature Version 4, or Authorization: Bearer where the key is a Bedrock API key
  google_oauth,    // Authorization: Bearer TOKEN, where the key is an OAuth access token
};
std::string_view name(AuthScheme);

// A set of dialects; iterates in the enum's order, of which the first is the preferred.
class DialectSet {
 public:
  constexpr DialectSet() = default;
  constexpr DialectSet(std::initializer_list<Dialect> dialects) {
    for (auto d : dialects) bits_ |= bit(d);
  }
  constexpr bool has(Dialect d) const { return (bits_ & bit(d)) != 0; }
  constexpr bool empty() const { return bits_ == 0; }
  std::vector<Dialect> list() const;

 private:
  static constexpr uint32_t bit(Dialect d) { return 1u << static_cast<int>(d); }
  uint32_t bits_ = 0;
};

// A top-level request field that the provider refuses in openai-chat: renamed, or dropped when
// `rename` is empty. A rename gives way to a field of that name which is there already.
struct FieldRule {
  std::string_view field;
  std::string_view rename;
};

// Where a provider's wire differs from OpenAI's.
struct Quirks {
  std::array<FieldRule, 8> fields{};  // ends at the first empty name
  bool stream_options = true;         // takes stream_options.include_usage
  // Models that think take max_completion_tokens in place of max_tokens, which they refuse.
  bool thinkers_rename_max_tokens = false;
  bool done_marker = true;  // ends a stream with "data: [DONE]"

  std::span<const FieldRule> refused() const;
};

// Header names of one limit; empty: not sent. `reset` takes every form that parse_reset() reads.
struct LimitHeaders {
  std::string_view limit, remaining, reset;
};

struct Row {
  std::string_view kind;   // the name in configs: "openai"
  std::string_view label;  // for people: "OpenAI"

  DialectSet dialects;
  // Base URL with the version, for all dialects but those that `openai_url` serves. May hold {region} and
  // {project}; empty: the config must name one.
  std::string_view base_url;
  AuthScheme auth = AuthScheme::bearer;

  // Where the vendor's own dialect and its OpenAI-compatible one have different homes: the latter's.
  // "/x" is relative to base_url. Empty: one home for all.
  std::string_view openai_url = {};
  AuthScheme openai_auth = AuthScheme::bearer;
  // The compatible one is known to lose what the own dialect can say: requests are translated to the latter.
  bool imitates = false;

  // What the names of its own models begin with on the wire, but not in the facts; empty: nothing.
  std::string_view model_prefix = {};

  // Environment variables that hold a key, the first that is set wins.
  std::array<std::string_view, 4> env = {};

  bool local = false;  // runs on the user's machine: costs nothing, needs no key
  int port = 0;        // local: the default port, to look for it
  bool slow = false;   // may think long before a token: 180 s for first_token and idle

  LimitHeaders requests = {}, tokens = {};
  Quirks quirks = {};

  // What does not work with this kind yet, for `check` and `models`; empty: nothing.
  std::string_view missing = {};

  std::string_view docs = {};         // where base URL, auth and dialects are documented
  std::string_view errors_docs = {};  // where errors and limits are; empty: nowhere found
  // The day on which base URL, auth, environment names and quirks were compared with the sources named in
  // `docs`, or "unverified". Dialects beyond openai-chat are as the vendor lists them.
  std::string_view verified = "unverified";

  std::span<const std::string_view> env_names() const;
  // Default for first_token and idle.
  Duration patience() const { return local || slow ? 180s : 60s; }
};

// All rows, in the order in which discovery prefers them.
std::span<const Row> catalog();

// The row of that kind; null when there is none.
const Row* find_row(std::string_view kind);

// The kind nearest to a misspelt one; empty when none is near.
std::string_view nearest_kind(std::string_view kind);

// The kind whose family of names a bare model name belongs to ("claude-*" is anthropic's); empty: none.
std::string_view family(std::string_view model);

}  // namespace llmgw::providers
