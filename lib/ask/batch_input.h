#pragma once

#include <string>
#include <vector>

#include "ask/options.h"

namespace llmgw::ask {

// A line of --jsonl: a prompt, as a JSON string, or an object with `prompt` or `messages` and whatever else a
// request may have; `id`, `system`, `model` and `fallbacks` are read, every other member goes into the
// request.
struct BatchItem {
  std::string id;    // JSON: the line's own, else the line's number
  std::string line;  // as it stands in the file
  int number = 0;    // of the line, from 1
};

// The lines that hold something. Errors: bad_request when the file cannot be read, or two lines have one id.
// "-" is standard input.
Result<std::vector<BatchItem>> read_batch(const std::string& path);

// The request of a line. Errors: bad_request that says what is wrong with the line.
Result<Question> question_of(const Options&, const std::string& model, const BatchItem&);

}  // namespace llmgw::ask
