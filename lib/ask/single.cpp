#include "ask/single.h"

#include <unistd.h>

#include <cstdio>
#include <cstring>

#include "ask/attachment.h"
#include "ask/code_block.h"
#include "ask/conversation.h"
#include "ask/output.h"
#include "observe/report.h"

namespace llmgw::ask {
namespace {

constexpr int kFailed = 1, kUsage = 2, kClosed = -1;

int complain(const std::string& message, int code) {
  say(message);
  return code;
}

// The message that the user's prompt and attachments make.
Result<std::string> user_message(const Options& options) {
  const std::string prompt = options.made ? prompt_of(*options.made, options.prompt) : options.prompt;
  if (prompt.empty() && options.attachments.empty()) {
    return fail(ErrorClass::bad_request, "nothing to ask; give a prompt, or pipe one in");
  }
  if (options.attachments.empty()) return text_message("user", prompt);
  std::vector<std::string> parts;
  for (const auto& path : options.attachments) {
    auto part = attachment_part(path);
    if (!part) return fail(std::move(part.error()));
    parts.push_back(std::move(*part));
  }
  if (!prompt.empty()) parts.push_back(text_part(prompt));
  return parts_message("user", parts);
}

// The conversation to go on with; one without an id: a new one.
Result<Conversation> conversation_of(const Options& options, const Conversations& kept) {
  std::string id = options.conversation;
  if (options.continue_last && id.empty()) {
    const auto last = kept.last();
    if (!last)
      return fail(ErrorClass::bad_request,
                  "there is no conversation to go on with; ask without --continue first");
    id = *last;
  }
  if (id.empty()) return Conversation{};
  if (!Conversations::is_id(id)) {
    return fail(ErrorClass::bad_request,
                "--continue " + id + ": expected letters, digits, '.', '_' and '-', at most 64");
  }
  if (kept.exists(id)) return kept.load(id);
  if (!options.quiet) say("a new conversation: " + id);
  return Conversation{.id = id, .model = {}, .messages = {}};
}

// What a stream, or a whole reply, adds to the conversation.
std::string said(const Answer& answer) {
  return answer.message.empty() ? text_message("assistant", answer.text) : answer.message;
}

// The text for standard output. Errors say why there is none.
Result<std::string> shown_text(const Options& options, const Answer& answer) {
  if (options.json) return answer.body;
  if (answer.text.empty()) {
    if (!answer.refusal.empty())
      return fail(ErrorClass::content_filter, "the model refused: " + answer.refusal);
    if (answer.tool_calls > 0) {
      return fail(ErrorClass::bad_request, "the answer is " + std::to_string(answer.tool_calls) +
                                               " tool calls and no text; --json shows them");
    }
    return fail(ErrorClass::invalid_response, "the answer is empty; --json shows the reply");
  }
  if (!options.code_block) return answer.text;
  auto block = last_code_block(answer.text);
  if (!block)
    return fail(ErrorClass::invalid_response,
                "there is no code block in the answer; ask without -x to see it");
  return std::move(*block);
}

void tell(const Options& options, const Surroundings& around, const Reply& reply) {
  const auto rescued = what_was_rescued(reply.record);
  if (!rescued.empty() && reply.answered() && !options.quiet) {
    say(reply.record.provider + "/" + reply.record.model + " answered: " + rescued);
  }
  if (options.explain) std::fputs(observe::trail_table(reply.record.attempts, around.look).c_str(), stderr);
  if (options.usage) say(usage_line(reply.record));
}

int print(Output& output, std::string text) {
  if (!text.ends_with('\n')) text += '\n';
  if (output.write(text)) return 0;
  if (output.state() == Output::State::closed) return kClosed;
  if (output.state() == Output::State::interrupted) return 130;
  return complain(std::string("cannot write the answer: ") + std::strerror(output.error()), kFailed);
}

}  // namespace

int ask_single(const Options& options, const Surroundings& around) {
  const Conversations kept(around.config->server.data_dir);
  auto conversation = conversation_of(options, kept);
  if (!conversation) return complain(conversation.error().message, kUsage);
  const auto message = user_message(options);
  if (!message) return complain(message.error().message, kUsage);
  const bool begins = conversation->messages.empty();
  if (begins) conversation->messages = opening(options, options.prompt);
  conversation->messages.push_back(*message);

  Session& session = around.session;
  auto opened = open_asker(options, around, {});
  if (!opened) return complain(opened.error().message, kUsage);
  if (options.model.empty() && !begins && !conversation->model.empty()) opened->model = conversation->model;
  const auto body = request_body(question_of(options, opened->model, conversation->messages));
  if (!body) return complain(body.error().message, kUsage);

  Output output(STDOUT_FILENO, session.signal_fd());
  const bool terminal = isatty(STDOUT_FILENO) != 0;
  const auto safe = [&](std::string_view text) { return terminal ? for_terminal(text) : std::string(text); };
  Reply reply;
  session.run(1, [&](int) {
    reply = ask(session, *opened->asker, *body, options.timeout,
                [&](std::string_view text) { return output.write(safe(text)); });
  });
  opened->asker.reset();  // its row is written before anybody reads the log

  if (options.stream && output.mid_line()) (void)output.write("\n");
  if (output.state() == Output::State::closed) return kClosed;
  if (session.signal() != 0) return 128 + session.signal();
  if (output.state() == Output::State::interrupted) return 130;
  if (output.state() == Output::State::failed) {
    return complain(std::string("cannot write the answer: ") + std::strerror(output.error()), kFailed);
  }
  tell(options, around, reply);
  if (!reply.answered()) {
    const bool cut = options.stream && !reply.answer.text.empty();
    return complain((cut ? "the answer is not whole: " : "") + why_failed(reply) +
                        (options.explain ? "" : "; --explain shows every attempt"),
                    exit_code(reply));
  }
  const auto text = shown_text(options, reply.answer);
  if (!text) return complain(text.error().message, kFailed);
  if (const auto mismatch = schema_mismatch(options, reply.answer.text)) {
    return complain("the answer does not fit the schema: " + *mismatch, kFailed);
  }
  if (!options.stream) {
    if (const int code = print(output, safe(*text)); code != 0) return code;
  }
  if (!options.log) return 0;
  if (conversation->id.empty()) {
    Random random(entropy());
    conversation->id = Conversations::new_id(SystemClock().wall(), random);
  }
  conversation->model = opened->model;
  conversation->messages.push_back(said(reply.answer));
  if (const auto written = kept.keep(*conversation); !written)
    say(written.error().message + "; --continue will not know this one");
  return 0;
}

}  // namespace llmgw::ask
