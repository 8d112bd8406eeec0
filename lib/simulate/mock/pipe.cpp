#include "simulate/mock/pipe.h"

namespace llmgw::simulate {
namespace {

constexpr size_t kMostBuffered = 64 << 10;

// What the handler's fiber and the reader share. Both are of one thread.
struct Pipe {
  explicit Pipe(net::Scheduler& scheduler) : fibers(scheduler), readable(scheduler), writable(scheduler) {}

  net::Scheduler& fibers;
  net::Event readable, writable;
  net::HttpRequest request;
  net::HttpResponse response;
  net::Fiber* handler = nullptr;  // nullptr: it has returned
  std::string buffer;             // of the body, not read yet
  bool head = false, ended = false, broken = false;
  bool left = false;  // nobody reads any more
};

class PipeWriter final : public net::ResponseWriter {
 public:
  explicit PipeWriter(Pipe& pipe) : pipe_(pipe) {}

  Result<void> send(int status, const net::Headers& headers, std::string_view body) override {
    if (auto begun = begin(status, headers); !begun) return begun;
    if (auto written = write(body); !written) return written;
    return end();
  }
  Result<void> begin(int status, const net::Headers& headers) override {
    if (pipe_.left) return gone();
    pipe_.response.status = status;
    pipe_.response.headers = headers;
    pipe_.head = true;
    pipe_.readable.notify_all();
    return {};
  }
  Result<void> write(std::string_view bytes) override {
    while (!bytes.empty()) {
      while (pipe_.buffer.size() >= kMostBuffered && !pipe_.left) {
        const net::Wake why = pipe_.writable.wait(kNever);
        if (why != net::Wake::ready) return fail(net::wait_error(why, "writing"));
      }
      if (pipe_.left) return gone();
      const size_t n = std::min(bytes.size(), kMostBuffered - pipe_.buffer.size());
      pipe_.buffer.append(bytes.substr(0, n));
      bytes.remove_prefix(n);
      pipe_.readable.notify_all();
    }
    return {};
  }
  Result<void> end() override {
    pipe_.ended = true;
    pipe_.readable.notify_all();
    return {};
  }
  void abort() override {
    pipe_.broken = true;
    pipe_.readable.notify_all();
  }
  bool begun() const override { return pipe_.head; }

 private:
  static std::unexpected<Error> gone() { return fail(ErrorClass::cancelled, "the reader has gone"); }
  Pipe& pipe_;
};

class PipeExchange final : public net::Exchange {
 public:
  explicit PipeExchange(std::shared_ptr<Pipe> pipe) : pipe_(std::move(pipe)) {}

  ~PipeExchange() override {
    pipe_->left = true;
    pipe_->buffer.clear();
    if (pipe_->handler != nullptr) pipe_->fibers.cancel(pipe_->handler, net::CancelCause::client);
  }

  Result<const net::HttpResponse*> head(TimePoint deadline) override {
    while (!pipe_->head) {
      if (pipe_->broken)
        return fail(ErrorClass::network, "the upstream closed the connection without an answer");
      if (auto waited = wait(deadline); !waited) return fail(std::move(waited.error()));
    }
    return &pipe_->response;
  }

  Result<std::string_view> read(TimePoint deadline) override {
    for (;;) {
      if (!pipe_->buffer.empty()) {
        given_.clear();
        given_.swap(pipe_->buffer);
        pipe_->writable.notify_all();
        return std::string_view(given_);
      }
      if (pipe_->broken)
        return fail(ErrorClass::network, "the upstream closed the connection before the end of its answer");
      if (pipe_->ended) return std::string_view{};
      if (auto waited = wait(deadline); !waited) return fail(std::move(waited.error()));
    }
  }

 private:
  Result<void> wait(TimePoint deadline) {
    const net::Wake why = pipe_->readable.wait(deadline);
    if (why != net::Wake::ready) return fail(net::wait_error(why, "waiting for the upstream"));
    return {};
  }

  std::shared_ptr<Pipe> pipe_;
  std::string given_;
};

// False when it cannot be read: the reply is then a cut.
bool read_whole(net::Scheduler& fibers, const net::FileBody& upload, std::string& body) {
  net::FileBodyReader reader(fibers, upload);
  for (;;) {
    const auto piece = reader.next(kNever);
    if (!piece) return false;
    if (piece->empty()) return true;
    body += *piece;
  }
}

}  // namespace

std::unique_ptr<net::Exchange> open_pipe(net::Scheduler& fibers, net::HttpHandler& handler, net::Call call) {
  auto pipe = std::make_shared<Pipe>(fibers);
  pipe->request.method = call.method;
  pipe->request.target = std::move(call.target);
  pipe->request.headers = std::move(call.headers);
  pipe->request.body = call.body;
  pipe->handler = fibers.spawn([pipe, &handler, &fibers, upload = std::move(call.upload)] {
    PipeWriter writer(*pipe);
    if (!upload || read_whole(fibers, *upload, pipe->request.body)) handler.handle(pipe->request, writer);
    pipe->handler = nullptr;
    if (!pipe->ended) writer.abort();
  });
  return std::make_unique<PipeExchange>(std::move(pipe));
}

}  // namespace llmgw::simulate
