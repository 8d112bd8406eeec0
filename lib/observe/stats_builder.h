#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <string>
#include <unordered_map>
#include <vector>

#include "observe/stats.h"

namespace llmgw::observe {

// How a request fared after its first call.
struct Rescue {
  bool first_failed = false;  // the first call ended in an error other than a cancellation
  bool rescued = false;       // and yet the request was answered
  std::optional<Duration>
      after;  // rescued: from the end of that call to the answer (a stream's first content)
};
Rescue rescue(const RequestRecord&);

// Adds up requests and calls to Stats. Names come as numbers of the caller's choosing, so that a
// million rows need no strings; 0 is no name. Not thread-safe.
class StatsBuilder {
 public:
  struct Request {
    bool answered = false, cancelled = false, fallback = false, first_failed = false, rescued = false;
    Duration took{};
    std::optional<Duration> rescue_after;
    int64_t input_tokens = -1, output_tokens = -1, cached_tokens = -1;  // -1: unknown
    NanoUsd cost, raced_cost;
  };
  struct Call {
    int64_t provider = 0, model = 0, key = 0;
    std::optional<ErrorClass> error_class;
    WallTime at{};
    int64_t input_tokens = -1, output_tokens = -1;
    NanoUsd cost;
  };

  explicit StatsBuilder(StatsBy by) : by_(by) {}

  void add(const Request&);
  void add(const Call&);
  // For StatsBy::tag: one tag of the request just added.
  void add_tag(std::string_view name_and_value, const Request&);
  // A call of class invalid_response, beside its add().
  void add_unknown(const Call&, int status, std::string_view code, std::string_view message);

  // `text` gives the name behind a number.
  Stats finish(std::optional<WallTime> since, const std::function<std::string(int64_t)>& text) const;

 private:
  struct Count {
    int64_t count = 0, answered = 0, failed = 0, input = 0, output = 0;
    NanoUsd cost;
  };
  struct KeyState {
    int64_t auth = 0, quota = 0;
    WallTime refused{}, answered{};
    ErrorClass last = ErrorClass::auth;
  };
  static void add(Count&, bool answered, bool failed, int64_t input, int64_t output, NanoUsd cost);

  StatsBy by_;
  Stats sum_;
  std::vector<int64_t> rescues_us_, took_us_;
  // By provider and model or key, as one number: names are fewer than 2^31.
  static int64_t pair_of(int64_t provider, int64_t second) { return provider << 32 | second; }
  std::unordered_map<int64_t, Count> groups_;
  std::map<std::string, Count, std::less<>> tags_;
  std::unordered_map<int64_t, ProviderFailures> providers_;
  std::unordered_map<int64_t, KeyState> keys_;
  std::map<std::tuple<int64_t, int64_t, int, std::string>, UnknownShape> unknown_;
};

}  // namespace llmgw::observe
