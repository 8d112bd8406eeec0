#include "ask/asker.h"

#include <algorithm>

#include "base/text.h"

namespace llmgw::ask {
namespace {

// What the chain's own deadline may be late, so that its error comes first when there is one.
constexpr Duration kGrace = 100ms;

class TimeIsUp final : public net::Alarm {
 public:
  TimeIsUp(net::Scheduler& loop, std::optional<Duration> timeout) : loop_(loop), fiber_(loop.current()) {
    if (timeout) loop_.arm(*this, after(loop_.now(), *timeout + kGrace));
  }
  ~TimeIsUp() override {
    if (armed()) loop_.disarm(*this);
    if (fired_) loop_.uncancel(fiber_, net::CancelCause::shutdown);
  }
  void fire() override {
    fired_ = true;
    loop_.cancel(fiber_, net::CancelCause::shutdown);
  }
  bool fired() const { return fired_; }

 private:
  net::Scheduler& loop_;
  net::Fiber* fiber_;
  bool fired_ = false;
};

std::string told(const observe::AttemptRecord& attempt) {
  if (!attempt.skipped.empty()) return attempt.skipped;
  std::string text = attempt.status != 0 ? std::to_string(attempt.status) + " " : "";
  if (attempt.error_class) text += name(*attempt.error_class);
  if (!attempt.message.empty()) text += ": " + shortened(attempt.message, 160);
  return text;
}

}  // namespace

Reply ask(Session& session, Asker& asker, const std::string& body, std::optional<Duration> timeout,
          AnswerReader::OnText on_text) {
  Reply reply;
  AnswerReader reader(std::move(on_text));
  {
    TimeIsUp alarm(session.loop(), timeout);
    reply.record = asker.ask(body, timeout, reader);
    reply.timed_out = alarm.fired();
  }
  reply.answer = std::move(reader.answer());
  if (reply.answered()) reply.timed_out = false;
  return reply;
}

int exit_code(const Reply& reply) {
  if (reply.answered()) return 0;
  if (reply.timed_out) return 4;
  const auto& record = reply.record;
  const auto why = record.error_class.value_or(ErrorClass::server_error);
  const bool called =
      std::ranges::any_of(record.attempts, [](const auto& a) { return a.sent && a.status != 0; });
  switch (why) {
    case ErrorClass::policy:
    case ErrorClass::budget: return 3;
    case ErrorClass::timeout: return 4;
    case ErrorClass::bad_request: return called ? 1 : 2;
    case ErrorClass::model_unavailable: return called || !record.attempts.empty() ? 1 : 2;
    default: return 1;
  }
}

std::string why_failed(const Reply& reply) {
  if (reply.timed_out) return "no whole answer within --timeout";
  if (!reply.answer.error.empty()) return shortened(reply.answer.error, 600);
  if (reply.answer.status == 0) return "no reply came";
  return "the answer broke off";
}

std::string what_was_rescued(const observe::RequestRecord& record) {
  if (!record.fallback) return {};
  for (const auto& attempt : record.attempts) {
    if (!attempt.sent && !attempt.held_back()) continue;
    return attempt.provider + "/" + attempt.model +
           (!attempt.error_class ? " was too slow"
                                 : (attempt.sent ? " failed (" : " was not called (") + told(attempt) + ")");
  }
  return {};
}

}  // namespace llmgw::ask
