#pragma once

#include <functional>
#include <string>
#include <vector>

#include "base/json.h"
#include "net/http_server.h"
#include "net/sse.h"
#include "observe/record.h"

namespace llmgw::ask {

// What came back for one question.
struct Answer {
  int status = 0;            // 0: nothing came
  std::string text;          // of the first choice
  std::string refusal;       // the model's own words for not answering
  int tool_calls = 0;        // of a whole reply's first choice
  std::string message;       // a whole reply's first message, JSON; empty: a stream, or none
  std::string body;          // a whole reply, or an error, as it came
  std::string extra_fields;  // JSON; empty: none came
  std::string error;         // what the error says; empty: none came
  std::string code;          // and its code
  observe::Usage usage;
  bool stream = false;
  bool whole = false;  // to its end, without an error

  // It has text for the user.
  bool answered() const { return whole && error.empty(); }
};

// Takes a reply of the OpenAI chat dialect apart as the engine, or a gateway, writes it.
class AnswerReader final : public net::ResponseWriter {
 public:
  // Gets a stream's text as it comes; false: nobody reads on, which ends the request.
  using OnText = std::function<bool(std::string_view)>;
  explicit AnswerReader(OnText on_text = {}) : on_text_(std::move(on_text)) {}

  Result<void> send(int status, const net::Headers&, std::string_view body) override;
  Result<void> begin(int status, const net::Headers&) override;
  Result<void> write(std::string_view bytes) override;
  Result<void> end() override;
  void abort() override;
  bool begun() const override { return answer_.status != 0; }

  Answer& answer() { return answer_; }

 private:
  void read_error(json::Value reply);
  void read_usage(json::Value usage);
  Result<void> read_event(const net::SseEvent&);

  OnText on_text_;
  Answer answer_;
  net::SseSplitter splitter_;
  bool done_ = false;
};

// What an Answer's `extra_fields` tell, for a reply of a gateway elsewhere: model, attempts, cost.
observe::RequestRecord record_of(const Answer&);

}  // namespace llmgw::ask
