#pragma once

#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "ask/batch_input.h"

namespace llmgw::ask {

// The rows of --jsonl in the order of their questions. Into a file: what an interrupted run has left there is
// taken over, a row that is not whole is cut off, and rows that are early wait in FILE.early, so that a
// kill -9 loses no answer that was paid for.
class BatchOutput {
 public:
  // Errors: bad_request (the file cannot be written, another run writes it, or it holds answers to other
  // questions).
  static Result<std::unique_ptr<BatchOutput>> open(const std::string& path,
                                                   const std::vector<BatchItem>& items);
  // Writes to `print` instead, which says whether somebody reads on; nothing is taken over.
  static std::unique_ptr<BatchOutput> to(std::function<bool(std::string_view)> print, size_t questions);
  ~BatchOutput();
  BatchOutput(const BatchOutput&) = delete;
  BatchOutput& operator=(const BatchOutput&) = delete;

  // Whether the row of that question is there, from this run or one before.
  bool has(size_t question) const { return question < written_ || early_.contains(question); }
  // How many were taken over, and what they cost.
  size_t taken_over() const { return taken_over_; }
  NanoUsd spent() const { return spent_; }

  // `row`: a JSON object, without a line's end. False: it cannot be written, see error().
  bool put(size_t question, std::string row);
  const std::string& error() const { return error_; }

 private:
  explicit BatchOutput(size_t questions) : questions_(questions) {}
  Result<void> take_over(const std::vector<BatchItem>& items);
  Result<void> take_early(const std::vector<BatchItem>& items);
  void count(std::string_view row);
  bool write_ready();
  bool write(int fd, std::string_view bytes, const std::string& path);

  std::string path_, early_path_;
  int fd_ = -1, early_fd_ = -1;
  std::function<bool(std::string_view)> print_;
  size_t questions_, written_ = 0, taken_over_ = 0;
  std::map<size_t, std::string> early_;  // rows whose turn has not come
  NanoUsd spent_;
  std::string error_;
};

}  // namespace llmgw::ask
