#pragma once

#include <optional>
#include <string>

#include "ask/answer.h"
#include "ask/session.h"
#include "observe/record.h"

namespace llmgw::ask {

// What stands between a question and its answer: the engine in this process, or a gateway elsewhere.
class Asker {
 public:
  virtual ~Asker() = default;
  // Sends the body of a chat completion and lets `reader` take the reply apart. Called on a fiber of the
  // session, from several at once. `timeout` is for the whole chain. Gives what is known of the request.
  virtual observe::RequestRecord ask(const std::string& body, std::optional<Duration> timeout,
                                     AnswerReader& reader) = 0;
};

struct Reply {
  Answer answer;
  observe::RequestRecord record;
  bool timed_out = false;  // `timeout` has passed

  bool answered() const { return answer.answered(); }
};

// Asks, and holds the answer to `timeout` to its last byte: a stream is cut off then.
Reply ask(Session&, Asker&, const std::string& body, std::optional<Duration> timeout,
          AnswerReader::OnText on_text = {});

// How the command ends (docs: "Commands"): 0 answered, 1 every target failed, 2 usage or config, 3 refused by
// policy or budget, 4 timed out.
int exit_code(const Reply&);

// Why there is no answer, for people; without a full stop.
std::string why_failed(const Reply&);

// "openai/gpt-4o failed (503 overloaded: …)": what came before a fallback answered; empty: none did.
std::string what_was_rescued(const observe::RequestRecord&);

}  // namespace llmgw::ask
