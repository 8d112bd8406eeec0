#pragma once

#include <optional>
#include <string>
#include <vector>

#include "base/error.h"
#include "base/random.h"
#include "base/time.h"

namespace llmgw::ask {

// What was said so far: messages of the chat, each a JSON object as it stood in the request or reply.
struct Conversation {
  std::string id;
  std::string model;  // that was asked for
  std::vector<std::string> messages;
};

// The conversations of one user, a file each: `folder`/ID.json, readable by nobody else, replaced whole.
class Conversations {
 public:
  // Of those without a name of their own so many are kept.
  static constexpr size_t kKept = 200;

  // `data_dir`/conversations; made when the first is kept.
  explicit Conversations(const std::string& data_dir);

  // Letters, digits, '.', '_', '-'; at most 64; not beginning with '.'.
  static bool is_id(std::string_view text);
  // A new one's id, which sorts by time.
  static std::string new_id(WallTime now, Random& random);

  bool exists(const std::string& id) const;
  // Errors: bad_request with what is wrong with the file.
  Result<Conversation> load(const std::string& id) const;
  // The one that was kept last; none: there is none.
  std::optional<std::string> last() const;
  // Errors: bad_request, saying why it cannot be written.
  Result<void> keep(const Conversation&) const;

 private:
  std::string path(const std::string& id) const { return folder_ + "/" + id + ".json"; }
  void forget_old() const;

  std::string folder_;
};

}  // namespace llmgw::ask
