#pragma once

#include <optional>
#include <string>
#include <vector>

#include "base/error.h"
#include "base/money.h"
#include "base/time.h"

namespace llmgw::observe {

// Tokens as the provider counted them; -1: it did not say.
struct Usage {
  int64_t input = -1, output = -1;
  int64_t cached_input = -1;   // of `input`, read from the provider's prompt cache
  int64_t cache_written = -1;  // of `input`
  int64_t reasoning = -1;      // of `output`
  int64_t searches = -1;       // what a rerank is billed by, at Cohere
  bool operator==(const Usage&) const = default;
};

// What of a request could not be said to the target as the client said it.
struct Warning {
  std::string code;   // stable: dialects::warning
  std::string field;  // its path in the client's words: "messages[2].content[0]"
  bool operator==(const Warning&) const = default;
};

// What the response cache did for an attempt.
enum class CacheUse : uint8_t { off, miss, hit };

// An answer that came out of the cache.
struct CacheHit {
  std::string kind;       // "exact", "semantic", "vector"
  double similarity = 1;  // of the prompts
  Duration age{};
};

// One target tried, or passed over, within a request: an entry of the trail. The same
// value stands in `extra_fields.attempts`, in the log and in the simulator's verdicts.
struct AttemptRecord {
  std::string provider, model;
  std::string key;                        // the key's name, never its value; empty: none was picked
  int status = 0;                         // the provider's HTTP status; 0: none came
  std::optional<ErrorClass> error_class;  // none: it answered
  std::string message;                    // scrubbed of keys
  std::string code;                       // the provider's own error code
  Duration started{};                     // since the request arrived
  Duration took{};
  std::optional<Duration> first_content;  // since the attempt began; streams only
  std::string skipped;                    // why the target was passed over; empty: it was called
  CacheUse cache = CacheUse::off;
  CacheHit hit;        // with CacheUse::hit
  bool sent = false;   // a call was really made: not passed over, refused by us or left in our queue
  bool raced = false;  // started beside another
  std::optional<Duration> retry_after;
  std::string upstream_request_id;
  Usage usage;
  int64_t text_bytes = 0;  // of a stream's answer, as far as it came
  NanoUsd cost;
  std::vector<Warning> warnings;  // of its translation; empty where none was needed

  // Its turn came, but a plugin refused it, or it waited in our queue for too long.
  bool held_back() const { return !sent && !from_cache() && skipped.empty(); }
  bool from_cache() const { return cache == CacheUse::hit; }
};

// One request, when it has ended.
struct RequestRecord {
  std::string id;         // ours
  std::string client_id;  // the client's x-request-id
  WallTime arrived{};
  Duration took{};
  std::optional<Duration> first_content;  // streams: when the first content went out
  std::string request_type;               // a dialect's name
  std::string model_requested, route;
  std::string provider, model, key;  // who answered; empty: nobody
  std::string virtual_key;
  int status = 0;  // what the client got
  std::optional<ErrorClass> error_class;
  bool stream = false;
  bool fallback = false;  // another target answered than the first that was called or refused by us
  bool cut = false;       // a stream that broke after its commit point
  Usage usage;
  NanoUsd cost;
  NanoUsd raced_cost;  // of it, spent on losers of races
  std::vector<std::pair<std::string, std::string>> tags;
  std::vector<AttemptRecord> attempts;
  std::string request_body, response_body;  // only when [log] bodies asks for them
};

}  // namespace llmgw::observe
