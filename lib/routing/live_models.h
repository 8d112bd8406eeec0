#pragma once

#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <vector>

#include "base/time.h"

namespace llmgw::routing {

// Which models providers said that they have, when they were last asked. In memory; a list stands until a
// newer one takes its place, however old it gets. A provider is named by live_name(). Thread-safe.
class LiveModels {
 public:
  using List = std::shared_ptr<const std::vector<std::string>>;  // sorted

  static constexpr Duration kFresh = 1h;
  static constexpr Duration kPatience = 60s;  // before a provider is asked again, whatever it said

  // Null: it never told.
  List of(std::string_view provider) const;
  bool has(std::string_view provider, std::string_view model) const;

  // Whether the caller is to ask it now, and then to say how it went: it was not asked for `fresh`, failures
  // and askings that go on included.
  bool claim(std::string_view provider, TimePoint now, Duration fresh);
  void told(std::string_view provider, std::vector<std::string> models);
  // It did not tell: what it told before stands, and it is asked again after kPatience.
  void failed(std::string_view provider, TimePoint now);

 private:
  struct Entry {
    List models;
    TimePoint asked{};
    bool failed = false;
  };
  mutable std::mutex lock_;  // guards entries_
  std::map<std::string, Entry, std::less<>> entries_;
};

}  // namespace llmgw::routing
