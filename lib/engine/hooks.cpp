// The plugins of one attempt: what they are asked, and what becomes of their words.
#include <algorithm>

#include "base/text.h"
#include "dialects/answer_events.h"
#include "engine/run.h"
#include "net/kept_exchange.h"

namespace llmgw::engine {
namespace {

// A stream of the client's dialect that says what a plugin answered whole.
std::optional<plugins::Replay> streamed(const Reply& reply, const dialects::Request& request,
                                        const dialects::Codec& codec, std::string_view id, WallTime now) {
  const auto* translation = codec.translation();
  if (translation == nullptr) return std::nullopt;
  auto answer = reply.answer ? Result<dialects::Answer>(*reply.answer) : translation->read_answer(reply.body);
  if (!answer) return std::nullopt;
  if (answer->id.empty()) answer->id = id;
  if (answer->created == 0) answer->created = unix_ms(now) / 1000;
  auto encoder = translation->encoder(
      {.id = answer->id, .created = answer->created, .wants_usage = true, .extra_fields = {}});
  std::string body;
  for (const auto& event : dialects::events_of(*answer)) encoder->encode(event, body);
  encoder->end({}, body);
  net::HttpResponse head{.status = reply.status};
  head.headers.add("Content-Type", codec.stream_type());
  return plugins::Replay{
      request.dialect,
      std::make_unique<net::KeptExchange>(std::move(head), std::make_shared<std::string>(std::move(body)))};
}

}  // namespace

// Whether the attempt goes on.
bool Run::obey(Outcome& outcome, plugins::Verdict&& verdict) {
  if (auto* refuse = std::get_if<plugins::Refuse>(&verdict)) {
    outcome.what = Failure{.error = std::move(refuse->error), .may_fall_back = refuse->may_fall_back};
    return false;
  }
  if (auto* reply = std::get_if<Reply>(&verdict)) {
    take(outcome, std::move(*reply));
    return false;
  }
  if (auto* kept = std::get_if<plugins::Replay>(&verdict)) {
    replay(outcome, std::move(*kept));
    return false;
  }
  return true;
}

// What a plugin answers whole goes to a client that asked for a stream as one.
void Run::take(Outcome& outcome, Reply&& reply) {
  const bool stream = request_.stream && request_.dialect != dialects::Dialect::openai_other;
  auto kept = stream ? streamed(reply, request_, codec_, record_.id, world_.fibers.wall()) : std::nullopt;
  if (kept) return replay(outcome, std::move(*kept));
  outcome.what = std::move(reply);
}

bool Run::run_before(Outcome& outcome) {
  bool go_on = true;
  for (; outcome.plugins < world_.plugins.size() && go_on; ++outcome.plugins)
    go_on = obey(outcome, world_.plugins[outcome.plugins]->before(*outcome.attempt));
  return go_on;
}

bool Run::run_sending(Outcome& outcome) {
  for (size_t i = 0; i < outcome.plugins; ++i) {
    if (!obey(outcome, world_.plugins[i]->sending(*outcome.attempt))) return false;
  }
  return true;
}

// A reply that a provider gave once goes the way that it went then.
void Run::replay(Outcome& outcome, plugins::Replay&& kept) {
  const routing::Target& t = target(outcome.link);
  Wire wire{.dialect = kept.dialect, .codec = dialects::codec(kept.dialect)};
  const auto& request = request_of(outcome);
  if (kept.dialect != request.dialect) {
    auto made = make_wire(request, t, false, false, std::nullopt, [&] { return conversation(outcome); });
    if (!made) return fail_with(outcome, std::move(made.error()));
    if (made->dialect != kept.dialect)
      return fail_with(outcome, Error{.error_class = ErrorClass::invalid_response,
                                      .message = "what was kept is of another dialect than the target's"});
    wire = std::move(*made);
    record_of(outcome).warnings = wire.warnings;
  }
  read_reply(outcome, wire, std::move(kept.exchange), {});
}

// Those of the attempt's plugins that watch its stream; nullptr: none does.
std::unique_ptr<StreamHooks> Run::stream_hooks(const Outcome& outcome) const {
  std::vector<plugins::Plugin*> watching;
  for (size_t i = outcome.plugins; i > 0; --i) {
    auto& plugin = *world_.plugins[i - 1];
    if (plugin.watches_stream(*outcome.attempt)) watching.push_back(&plugin);
  }
  if (watching.empty()) return nullptr;
  return std::make_unique<StreamHooks>(std::move(watching), *outcome.attempt);
}

// A target that is passed over may be answered for all the same, by what it said earlier.
std::optional<Outcome> Run::answer_without_call(size_t link) {
  const auto may = [&](const auto& plugin) { return plugin->may_answer(request_); };
  if (std::ranges::none_of(world_.plugins, may)) return std::nullopt;
  auto& record = record_.attempts.back();
  Outcome outcome{.what = Failure{.error = {.error_class = ErrorClass::model_unavailable,
                                            .message = "passed over: " + record.skipped}},
                  .link = link,
                  .record = record_.attempts.size() - 1};
  outcome.attempt = std::make_unique<plugins::Attempt>(request_, target(link), record, tries_, &patience_);
  outcome.attempt->will_call = false;
  try {
    (void)run_before(outcome);
  } catch (const std::exception&) {
    outcome.what = Failure{.error = {.error_class = ErrorClass::server_error}};
  }
  if (!outcome.answered()) {
    const Failure failure = std::move(std::get<Failure>(outcome.what));
    (void)run_after(outcome, {.failure = &failure});
    return std::nullopt;
  }
  record.skipped.clear();
  record.retry_after.reset();
  close_record(outcome);
  if (!std::holds_alternative<Stream>(outcome.what)) settle(outcome);
  return outcome;
}

// A failure, or a whole reply that nobody has seen yet: the plugins may make something else of it.
void Run::settle(Outcome& outcome) {
  auto changed =
      run_after(outcome, {.failure = outcome.failure(), .reply = std::get_if<Reply>(&outcome.what)});
  if (!changed) return;
  auto& record = record_of(outcome);
  if (auto* failure = std::get_if<Failure>(&*changed)) {
    record.error_class = failure->error.error_class;
    record.message = shortened(failure->error.message, 500);
    record.code = failure->error.code;
    outcome.what = std::move(*failure);
  } else {
    record.error_class.reset();
    outcome.plugins = 0;  // they have had their last word
    take(outcome, std::move(std::get<Reply>(*changed)));
  }
}

std::optional<Run::Changed> Run::run_after(Outcome& outcome, plugins::Ending ending) const {
  const net::Scheduler::Shield shield(world_.fibers);
  std::optional<Changed> changed;
  for (size_t i = outcome.plugins; i > 0; --i) {
    auto& plugin = *world_.plugins[i - 1];
    plugins::Verdict verdict;
    try {
      verdict = plugin.after(*outcome.attempt, ending);
    } catch (const std::exception& e) {
      // What it would have refused is not given; the others have accounts to settle all the same.
      if (!plugin.may_be_missed())
        verdict = plugins::Refuse{.error = {.error_class = ErrorClass::server_error,
                                            .message = "the plugin " + std::string(plugin.name()) +
                                                       " failed at its end: " + e.what()},
                                  .may_fall_back = true};
    }
    if (auto* refuse = std::get_if<plugins::Refuse>(&verdict)) {
      Failure failure =
          ending.failure != nullptr ? *ending.failure : Failure{.error = std::move(refuse->error)};
      failure.may_fall_back = failure.may_fall_back && refuse->may_fall_back;
      ending.failure = &std::get<Failure>(changed.emplace(std::move(failure)));
      ending.reply = nullptr;
    } else if (auto* reply = std::get_if<Reply>(&verdict)) {
      ending = {.reply = &std::get<Reply>(changed.emplace(std::move(*reply)))};
    }
  }
  if (bodies_ != nullptr && outcome.attempt != nullptr && outcome.attempt->changed())
    bodies_->request(outcome.attempt->request().body);
  outcome.attempt.reset();
  return changed;
}

}  // namespace llmgw::engine
