#pragma once

#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "config/load.h"
#include "config/node.h"

namespace llmgw::config {

// One load: what it was given and what it has found so far.
struct Session {
  const Environment& environment;
  const Known& known;
  const Options& options;
  std::string path, folder;  // the config file's

  std::vector<Problem> problems;
  std::map<std::string, Position> positions;  // of every value read, by its path
  std::vector<std::string> files;
  Position literal_secret = {};  // the first

  void error(Position at, std::string_view where, std::string_view message);
  void warning(Position at, std::string_view where, std::string_view message);
  // Of the value with that path; nowhere when the file doesn't set it.
  Position position(const std::string& where) const;
};

// A value of the file with its path: what a type of the grammar reads from.
class Cursor {
 public:
  Cursor(const Node& node, std::string path, Session& session);

  const Node& node() const { return *node_; }
  const std::string& path() const { return path_; }
  Session& session() const { return *session_; }

  Cursor item(size_t i) const;
  Cursor member(const Node::Member&) const;

  void wrong(std::string_view message) const { session_->error(node_->at, path_, message); }
  void warn(std::string_view message) const { session_->warning(node_->at, path_, message); }
  // "expected `what`, found an integer". A string isn't quoted: it may be a misplaced secret.
  void expected(std::string_view what) const;
  // The same where a string of another form belongs: it is quoted.
  void expected_form(std::string_view what) const;
  // The string here; none, and a problem, when it isn't one.
  const std::string* string(std::string_view what = "a string") const;

 private:
  const Node* node_;
  std::string path_;
  Session* session_;
};

// The path of a member: `routes.fast`, with quotes where TOML needs them.
std::string join(std::string_view path, std::string_view key);
std::string join(std::string_view path, size_t index);

// "; did you mean 'x'?" when a candidate is near, else "".
std::string did_you_mean(std::string_view word, const std::vector<std::string_view>& candidates);

}  // namespace llmgw::config
