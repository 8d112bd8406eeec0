#include "ask/batch_input.h"

#include <cerrno>
#include <cstring>
#include <fstream>
#include <iostream>
#include <map>

#include "base/text.h"

namespace llmgw::ask {
namespace {

constexpr size_t kMaxLine = 32 << 20;

std::unexpected<Error> wrong(std::string message) {
  return fail(ErrorClass::bad_request, std::move(message));
}

std::string id_of(const std::string& line, int number) {
  const auto doc = json::Doc::parse(line);
  const auto id = doc ? doc->root()["id"] : json::Value();
  if (id.is(json::Kind::string) || id.is(json::Kind::number)) return std::string(id.raw());
  return std::to_string(number);
}

// One member of the line's object into the question.
Result<void> take(const std::string& key, json::Value value, Question& question) {
  if (key == "stream")
    return value.boolean() == false ? Result<void>() : wrong("'stream' has no place in a line; leave it out");
  if (key == "model") {
    if (!value.is(json::Kind::string)) return wrong("'model' must be a string");
    question.model = value.text();
  } else if (key == "fallbacks") {
    question.fallbacks.clear();
    for (auto [_, entry] : value.elements()) {
      if (!entry.is(json::Kind::string)) return wrong("'fallbacks' must be an array of strings");
      question.fallbacks.push_back(entry.text());
    }
  } else if (key != "id" && key != "prompt" && key != "system" && key != "messages") {
    question.options.emplace_back(key, value.raw());
  }
  return {};
}

}  // namespace

Result<std::vector<BatchItem>> read_batch(const std::string& path) {
  std::ifstream file;
  if (path != "-") {
    file.open(path, std::ios::binary);
    if (!file) return wrong("cannot read " + path + ": " + std::strerror(errno));
  }
  std::istream& in = path == "-" ? std::cin : file;
  std::vector<BatchItem> items;
  std::map<std::string, int> numbers;
  std::string line;
  for (int number = 1; std::getline(in, line); ++number) {
    if (line.ends_with('\r')) line.pop_back();
    if (line.size() > kMaxLine)
      return wrong(path + ":" + std::to_string(number) + ": the line is longer than 32 MiB");
    if (trim(line).empty()) continue;
    BatchItem item{.id = id_of(line, number), .line = std::move(line), .number = number};
    const auto [other, fresh] = numbers.emplace(item.id, number);
    if (!fresh) {
      return wrong(path + ":" + std::to_string(number) + ": the id " + item.id + " stands in line " +
                   std::to_string(other->second) + " too; give each its own");
    }
    items.push_back(std::move(item));
    line.clear();
  }
  if (in.bad()) return wrong("cannot read " + path + " to its end");
  return items;
}

Result<Question> question_of(const Options& options, const std::string& model, const BatchItem& item) {
  const auto doc = json::Doc::parse(item.line);
  if (!doc)
    return wrong("line " + std::to_string(item.number) + ": " + doc.error().message +
                 "; a line is a JSON string or object");
  const auto root = doc->root();
  const auto prompt = root.is(json::Kind::string) ? root : root["prompt"];
  const auto messages = root["messages"];
  const std::string where = "line " + std::to_string(item.number) + ": ";
  if (!root.is(json::Kind::string) && !root.is(json::Kind::object)) {
    return wrong(where + "expected a JSON string or object, not " + std::string(json::name(root.kind())));
  }
  if (messages ? !messages.is(json::Kind::array) || messages.size() == 0 : !prompt.is(json::Kind::string)) {
    return wrong(where + "expected a string 'prompt', or an array 'messages' that is not empty");
  }
  Options own;
  own.system = root["system"].string().value_or(options.system);
  own.made = options.made;
  const std::string input = prompt.text();
  auto question = question_of(options, model, opening(own, input));
  question.stream = false;
  for (auto [_, message] : messages.elements()) question.messages.emplace_back(message.raw());
  if (!messages)
    question.messages.push_back(text_message("user", options.made ? prompt_of(*options.made, input) : input));
  for (auto [key, value] : root.members()) {
    if (auto taken = take(key.text(), value, question); !taken) return wrong(where + taken.error().message);
  }
  return question;
}

}  // namespace llmgw::ask
