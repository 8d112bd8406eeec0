#pragma once

#include <array>
#include <atomic>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>

#include "base/time.h"
#include "net/headers.h"
#include "simulate/mock/behaviour.h"
#include "simulate/mock/scenario.h"

namespace llmgw::simulate {

// What is decided about one request before it is answered.
struct Fate {
  Behaviour behaviour;  // latency and rate are drawn
  Fault fault;
  std::optional<Duration> retry_after;
};

// A file or batch that a client made.
struct StoredObject {
  std::string json;     // as it is shown
  std::string content;  // of a file
};

// What all loops of one mock share: the scenario, the count of requests, the windows of its keys, what
// clients have stored. Thread-safe.
class MockState {
 public:
  // `started`: outages by time count from here.
  MockState(std::shared_ptr<const Scenario>, uint64_t seed, TimePoint started);

  // The index of a new request, from 0.
  int64_t next() { return requests_.fetch_add(1, std::memory_order_relaxed); }
  int64_t requests() const { return requests_.load(std::memory_order_relaxed); }

  // The behaviour that `model` stands for, and how this request goes; none: there is no such model. Depends
  // on the seed, the index, and for outages on the time; nothing else.
  std::optional<Fate> fate(int64_t index, std::string_view model, std::string_view key, TimePoint now);

  // What a key's window says of one more request of that many tokens.
  struct Verdict {
    Fault fault;                          // refused, or over a limit
    std::optional<Duration> retry_after;  // with a limit
    std::optional<int64_t> requests, requests_left, tokens, tokens_left;
    Duration reset{};  // until the window is new
  };
  Verdict admit(std::string_view key, int64_t tokens, TimePoint now);

  // Whether some behaviour stands behind the name.
  bool serves(std::string_view model) const;
  // Models to list: the scenario's names without wildcards, then the mock's own.
  std::vector<std::string> models() const;

  // Gives the object an id "PREFIX-…" and keeps it; the oldest go when there are many.
  std::string new_id(std::string_view prefix);
  void keep(const std::string& id, StoredObject);
  std::optional<StoredObject> find(const std::string& id) const;
  bool remove(const std::string& id);
  std::vector<StoredObject> list(std::string_view prefix) const;

 private:
  struct Window {
    TimePoint began;
    int64_t requests = 0, tokens = 0;
  };
  const MockedModel* mocked(std::string_view model) const;

  const std::shared_ptr<const Scenario> scenario_;
  const uint64_t seed_;
  const TimePoint started_;
  std::atomic<int64_t> requests_{0};
  std::atomic<int64_t> flaky_calls_{0};
  mutable std::mutex lock_;  // guards what follows
  std::map<std::string, Window, std::less<>> windows_;
  std::map<std::string, StoredObject, std::less<>> stored_;
  int64_t ids_ = 0;
};

}  // namespace llmgw::simulate
