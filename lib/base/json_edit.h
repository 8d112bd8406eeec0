#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/json.h"

namespace llmgw::json {

// Changes members of one object in a text and leaves every other byte as it is. Edits name
// top-level members of `object`; those that repeat are all meant. Of several edits of one key the last holds.
class Edit {
 public:
  // The Doc and its text outlive the edit.
  explicit Edit(Value object) : object_(object) {}

  // The member's value becomes `json`; the member is added at the end when there is none.
  void set(std::string_view key, std::string json) { add({key, std::move(json), {}, false}); }
  void remove(std::string_view key) { add({key, {}, {}, true}); }
  // Keeps the value under another name; nothing when there is no such member.
  void rename(std::string_view key, std::string_view to) { add({key, {}, to, false}); }

  bool empty() const { return changes_.empty(); }
  // The object's text, changed.
  std::string apply() const;

 private:
  struct Change {
    std::string_view key;
    std::string json;
    std::string_view renamed;  // empty: it keeps its name
    bool removed;
  };
  void add(Change change) {
    std::erase_if(changes_, [&](const Change& c) { return c.key == change.key; });
    changes_.push_back(std::move(change));
  }

  Value object_;
  std::vector<Change> changes_;
};

// `object` (the bytes of a JSON object) with `"key":json` as its last member, in place of any it has of that
// name: a gateway behind this one may have added its own. `key` needs no escapes.
std::string with_last_member(std::string_view object, std::string_view key, std::string_view json);

}  // namespace llmgw::json
