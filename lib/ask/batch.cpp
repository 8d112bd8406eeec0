#include "ask/batch.h"

#include <cstring>
#include <nlohmann/json.hpp>

#include "ask/batch_input.h"
#include "ask/batch_output.h"
#include "ask/output.h"
#include "base/json_writer.h"
#include "observe/report.h"

namespace llmgw::ask {
namespace {

constexpr int kFailed = 1, kUsage = 2, kRefused = 3, kClosed = -1;

int complain(const std::string& message, int code) {
  say(message);
  return code;
}

void write_error(json::Writer& writer, ErrorClass error_class, std::string_view message) {
  writer.key("error")
      .begin_object()
      .member("class", name(error_class))
      .member("message", message)
      .end_object();
}

std::string row_without_call(const BatchItem& item, const Error& error) {
  std::string row;
  json::Writer writer(row);
  writer.begin_object().key("id").raw(item.id).key("answer").null();
  write_error(writer, error.error_class, error.message);
  writer.end_object();
  return row;
}

// The attempts as `logs --json` has them.
std::string trail_of(const observe::RequestRecord& record) {
  const auto row = nlohmann::ordered_json::parse(observe::json_row(record), nullptr, false);
  return row.is_object() && row.contains("attempts")
             ? row["attempts"].dump(-1, ' ', false, nlohmann::ordered_json::error_handler_t::replace)
             : "[]";
}

std::string row_of(const BatchItem& item, const Reply& reply, const std::optional<std::string>& mismatch) {
  const auto& record = reply.record;
  std::string row;
  json::Writer writer(row);
  writer.begin_object().key("id").raw(item.id).key("answer");
  if (reply.answered() && !mismatch && !reply.answer.text.empty()) {
    writer.string(reply.answer.text);
  } else {
    writer.null();
  }
  if (!record.provider.empty())
    writer.member("model", record.provider + "/" + record.model).member("fallback", record.fallback);
  if (reply.answer.tool_calls > 0) writer.key("message").raw(reply.answer.message);
  if (!reply.answered()) {
    write_error(writer, record.error_class.value_or(ErrorClass::server_error), why_failed(reply));
  } else if (mismatch) {
    write_error(writer, ErrorClass::invalid_response, "the answer does not fit the schema: " + *mismatch);
  } else if (reply.answer.text.empty() && reply.answer.tool_calls == 0) {
    write_error(
        writer, ErrorClass::invalid_response,
        reply.answer.refusal.empty() ? "the answer is empty" : "the model refused: " + reply.answer.refusal);
  }
  if (record.usage.input >= 0 || record.usage.output >= 0) {
    writer.key("usage")
        .begin_object()
        .member("input_tokens", record.usage.input)
        .member("output_tokens", record.usage.output)
        .end_object();
  }
  writer.member("cost_usd", to_usd(record.cost)).key("trail").raw(trail_of(record)).end_object();
  return row;
}

// The run as its fibers share it.
class Batch {
 public:
  Batch(const Options& options, const Surroundings& around, std::vector<BatchItem> items)
      : options_(options),
        around_(around),
        session_(around.session),
        items_(std::move(items)),
        output_(1, session_.signal_fd()) {}

  int run() {
    if (auto opened = open(); !opened) return complain(opened.error().message, kUsage);
    const int fibers =
        static_cast<int>(std::min<size_t>(static_cast<size_t>(options_.parallel), items_.size()));
    if (fibers > 0) session_.run(fibers, [this](int) { work(); });
    asker_.reset();
    return finish();
  }

 private:
  Result<void> open() {
    if (options_.out.empty()) {
      rows_ = BatchOutput::to([this](std::string_view line) { return output_.write(line); }, items_.size());
    } else {
      auto rows = BatchOutput::open(options_.out, items_);
      if (!rows) return fail(std::move(rows.error()));
      rows_ = std::move(*rows);
    }
    auto opened = open_asker(options_, around_, rows_->spent());
    if (!opened) return fail(std::move(opened.error()));
    asker_ = std::move(opened->asker);
    model_ = std::move(opened->model);
    return {};
  }

  void work() {
    while (!over_ && session_.signal() == 0 && next_ < items_.size()) {
      const size_t question = next_++;
      if (!rows_->has(question)) answer(question);
    }
  }

  void answer(size_t index) {
    const auto& item = items_[index];
    Result<std::string> body;
    session_.on_large_stack([&] {
      auto question = question_of(options_, model_, item);
      body = question ? request_body(*question) : Result<std::string>(fail(question.error()));
    });
    if (!body) {
      ++failed_;
      return put(index, row_without_call(item, body.error()));
    }
    const auto reply = ask(session_, *asker_, *body, options_.timeout);
    const bool cancelled = reply.record.error_class == ErrorClass::cancelled && !reply.timed_out;
    if (cancelled && !reply.answered()) return;  // it is asked again by the run that goes on
    if (reply.answer.code == "max_cost") {
      if (!over_)
        say(item.number > 0 ? "line " + std::to_string(item.number) + ": " + why_failed(reply)
                            : why_failed(reply));
      over_ = refused_ = true;
      return;
    }
    std::optional<std::string> mismatch;
    session_.on_large_stack([&] {
      if (reply.answered()) mismatch = schema_mismatch(options_, reply.answer.text);
    });
    const bool good =
        reply.answered() && !mismatch && (!reply.answer.text.empty() || reply.answer.tool_calls > 0);
    good ? ++answered_ : ++failed_;
    cost_ = cost_ + reply.record.cost;
    put(index, row_of(item, reply, mismatch));
  }

  void put(size_t index, std::string row) {
    if (rows_->put(index, std::move(row)) || over_) return;
    over_ = true;
    session_.cancel();
  }

  int finish() {
    if (output_.state() == Output::State::closed) return kClosed;
    if (output_.state() == Output::State::failed) {
      return complain(std::string("cannot write the answers: ") + std::strerror(output_.error()), kFailed);
    }
    if (!rows_->error().empty()) return complain(rows_->error(), kFailed);
    size_t left = 0;
    for (size_t i = 0; i < items_.size(); ++i) left += rows_->has(i) ? 0 : 1;
    std::string line = std::to_string(answered_) + " answered, " + std::to_string(failed_) + " failed";
    if (rows_->taken_over() > 0) line += ", " + std::to_string(rows_->taken_over()) + " were there already";
    if (cost_.value > 0) line += ", " + observe::shown(cost_);
    if (left > 0) {
      line += "; " + std::to_string(left) + " are left: " +
              (options_.out.empty() ? "with -O FILE a run can go on where this one stopped"
                                    : "the same command goes on with them");
    }
    if (!options_.quiet) say(line);
    if (session_.signal() != 0) return 128 + session_.signal();
    if (output_.state() == Output::State::interrupted) return 130;
    return refused_ ? kRefused : failed_ > 0 ? kFailed : 0;
  }

  const Options& options_;
  const Surroundings& around_;
  Session& session_;
  std::vector<BatchItem> items_;
  Output output_;
  std::unique_ptr<BatchOutput> rows_;
  std::unique_ptr<Asker> asker_;
  std::string model_;
  size_t next_ = 0, answered_ = 0, failed_ = 0;
  NanoUsd cost_;
  bool over_ = false, refused_ = false;
};

}  // namespace

int ask_batch(const Options& options, const Surroundings& around) {
  auto items = read_batch(options.in);
  if (!items) return complain(items.error().message, kUsage);
  return Batch(options, around, std::move(*items)).run();
}

}  // namespace llmgw::ask
