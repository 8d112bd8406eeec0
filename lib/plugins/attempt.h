#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "dialects/request.h"
#include "net/fiber.h"
#include "observe/record.h"
#include "routing/topology.h"

namespace llmgw::plugins {

class Plugin;

// How long the plugins of one request may wait, all attempts together, and on what.
struct Patience {
  net::Scheduler& fibers;
  TimePoint deadline;  // of the request
  Duration left = 1s;
};

// One attempt as plugins see it. Each attempt has a new one: nothing that a plugin leaves in
// it is seen by the next.
class Attempt {
 public:
  Attempt(const dialects::Request& of, const routing::Target& at, observe::AttemptRecord& in, int n,
          Patience* wait = nullptr)
      : target(at), record(in), number(n), patience(wait), given_(of) {}

  // As this attempt has it: the client's, or what a plugin made of it.
  const dialects::Request& request() const { return changed_ != nullptr ? *changed_ : given_; }
  bool changed() const { return changed_ != nullptr; }
  // From here on this attempt's request has another body, of the same dialect and of JSON: the plugins
  // further in and the provider get it. Errors: bad_request; the request stays as it was.
  Result<void> change_body(std::string body);
  // What was sent is needed no more.
  void release_message() {
    if (changed_ != nullptr) changed_->release_message();
  }

  const routing::Target& target;
  observe::AttemptRecord& record;  // key, status and class are filled in as they become known
  int number;                      // of the request's attempts, from 0
  Patience* patience;              // of the request's plugins; nullptr: none may wait
  // False: the target is passed over; only an answer that is there already can serve it.
  bool will_call = true;
  // Set in `sending`: the most tokens that the answer may have, where the client set no limit.
  std::optional<int64_t> output_limit;

  // What a plugin keeps from one hook of this attempt to the next: of one type each, made when first asked
  // for.
  template <typename T>
  T& note(const Plugin& owner) {
    if (T* found = find_note<T>(owner)) return *found;
    auto made = std::make_shared<T>();
    T& note = *made;
    notes_.emplace_back(&owner, std::move(made));
    return note;
  }
  // nullptr: there is none.
  template <typename T>
  T* find_note(const Plugin& owner) const {
    for (const auto& [whose, note] : notes_) {
      if (whose == &owner) return static_cast<T*>(note.get());
    }
    return nullptr;
  }

 private:
  const dialects::Request& given_;
  std::unique_ptr<dialects::Request> changed_;
  std::vector<std::pair<const Plugin*, std::shared_ptr<void>>> notes_;
};

}  // namespace llmgw::plugins
