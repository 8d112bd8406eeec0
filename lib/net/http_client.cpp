#include "net/http_client.h"

#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <cerrno>

#include "net/http_parser.h"
#include "net/inflate.h"

namespace llmgw::net {
namespace {

constexpr size_t kMostKept = 512;   // per endpoint and loop
constexpr Duration kKeptFor = 55s;  // providers close after 60 s or more
constexpr Duration kSweep = 10s;
constexpr Duration kStall = 60s;  // an upstream that takes no byte of the request
constexpr int kMostInterim = 32;  // before a reply
constexpr HttpLimits kLimits{.head = 256 << 10, .fields = 1000, .body = 64 << 20};

void append_head(std::string& out, const Call& call) {
  out.reserve(512);
  out.append(call.method).append(" ").append(call.target).append(" HTTP/1.1\r\nHost: ");
  out.append(call.endpoint->authority).append("\r\n");
  for (const auto field : call.headers) {
    out.append(field.name).append(": ").append(field.value).append("\r\n");
  }
  if (call.websocket) out.append("Connection: Upgrade\r\nUpgrade: websocket\r\n");
  const uint64_t size = call.upload ? call.upload->size() : call.body.size();
  if (size > 0 || call.method == "POST" || call.method == "PUT" || call.method == "PATCH") {
    out.append("Content-Length: ").append(std::to_string(size)).append("\r\n");
  }
  out.append("\r\n");
}

Result<void> too_large() {
  return fail(ErrorClass::invalid_response,
              "the upstream body is larger than " + std::to_string(kLimits.body >> 20) + " MiB");
}

// Whether a connection that waits for its next call has nothing to say. Bytes that come unasked would be
// taken for the answer to that call (RFC 9112, 6.3: discard them and close).
bool silent(Stream& stream) {
  Handle& handle = stream.handle();
  if (handle.hung_up() || stream.buffered()) return false;
  if (!handle.maybe_readable()) return true;
  char byte = 0;
  if (::recv(handle.fd(), &byte, 1, MSG_PEEK | MSG_DONTWAIT) >= 0) return false;
  if (errno != EAGAIN && errno != EWOULDBLOCK) return false;
  handle.drained();  // not to be asked again before the next event
  return true;
}

}  // namespace

class HttpExchange final : public Exchange {
 public:
  HttpExchange(HttpClient& client, Call call, std::unique_ptr<Stream> stream, bool reused)
      : client_(client),
        call_(std::move(call)),
        stream_(std::move(stream)),
        reused_(reused),
        parser_(kLimits, call_.method == "HEAD") {}

  ~HttpExchange() override {
    if (block_ != nullptr) client_.loop_.give_back(std::move(block_));
  }

  Result<void> write() {
    std::string head;
    append_head(head, call_);
    const std::array<std::string_view, 2> pieces{head, call_.body};
    auto written = write(std::span(pieces.data(), call_.body.empty() ? 1 : 2));
    if (written && call_.upload) {
      if (auto sent = write_upload(written); !sent) return sent;
    }
    if (written || written.error().error_class == ErrorClass::cancelled) return written;
    if (written.error().error_class == ErrorClass::network && stale()) return reconnect();
    // It may have answered before it closed: "413", say. And whatever it was, bytes went out: head() tells.
    write_fault_ = std::move(written.error());
    return {};
  }

  Result<const HttpResponse*> head(TimePoint deadline) override {
    if (write_fault_ && write_fault_->error_class == ErrorClass::timeout) return fail(*write_fault_);
    while (!parser_.head_done() || parser_.response().status / 100 == 1) {
      if (parser_.head_done()) {  // 100 or 103: the real one follows
        if (parser_.response().status == 101) break;
        if (++interim_ > kMostInterim)
          return fail(ErrorClass::invalid_response, "the upstream sent interim replies without end");
        parser_ = ResponseParser(kLimits, call_.method == "HEAD");
        // The real one may have come along with it.
        if (auto parsed = parse(); !parsed) return fail(std::move(parsed.error()));
        continue;
      }
      if (auto more = advance(deadline); !more) {
        if (more.error().error_class == ErrorClass::network && !answered_ && stale()) {
          if (auto again = reconnect(); !again) return fail(std::move(again.error()));
          continue;
        }
        return fail(write_fault_ ? *write_fault_ : more.error());
      }
    }
    auto& response = parser_.response();
    if (!head_seen_) {
      head_seen_ = true;
      call_.headers = {};  // it will not be sent again
      call_.target = {};
      call_.upload.reset();
      if (const auto coding = response.headers.get("content-encoding"); !coding.empty()) {
        inflater_ = Inflater::make(coding);
        if (inflater_ != nullptr) {
          response.headers.remove("content-encoding");
          response.headers.remove("content-length");
        }
      }
    }
    return &response;
  }

  Duplex* duplex() override {
    if (duplex_ == nullptr && call_.websocket && head_seen_ && parser_.response().status == 101) {
      std::string early = block_ != nullptr ? std::string(block_.get() + begin_, end_ - begin_)
                                            : std::string(carried_.data(), carried_size_);
      carried_size_ = 0;
      release();
      duplex_ = std::make_unique<StreamDuplex>(client_.loop_, *stream_, std::move(early), kStall);
    }
    return duplex_.get();
  }

  Result<std::string_view> read(TimePoint deadline) override {
    given_.clear();
    for (;;) {
      if (!raw_.empty()) {
        if (inflater_ == nullptr) {
          given_.swap(raw_);
          raw_.clear();
          return std::string_view(given_);
        }
        auto decoded = inflater_->feed(raw_, given_, kLimits.body - decoded_);
        raw_.clear();
        if (!decoded && decoded.error().status == 413) return std::unexpected(too_large().error());
        if (!decoded) return fail(std::move(decoded.error()));
        decoded_ += given_.size();
        if (!given_.empty()) return std::string_view(given_);
      }
      if (parser_.done()) {
        if (inflater_ != nullptr && !inflater_->complete()) {
          return fail(ErrorClass::network, "the upstream's compressed body ended too early");
        }
        finish();
        return std::string_view{};
      }
      if (auto more = advance(deadline); !more) return fail(std::move(more.error()));
    }
  }

 private:
  Result<void> write(std::span<const std::string_view> pieces) {
    const Duration stall = std::clamp<Duration>(call_.deadline - client_.loop_.now(), 0ns, kStall);
    return stream_->write(pieces, stall);
  }

  // What the upstream took is in `written`; the result tells whether the file could be read.
  Result<void> write_upload(Result<void>& written) {
    FileBodyReader body(client_.loop_, *call_.upload);
    while (written) {
      const auto piece = body.next(call_.deadline);
      if (!piece) return fail(piece.error());
      if (piece->empty()) return {};
      written = write(std::span(&*piece, 1));
    }
    return {};
  }

  bool stale() const { return reused_ && !call_.once; }

  Result<void> reconnect() {
    reused_ = false;
    auto stream = client_.connect(call_);
    if (!stream) return fail(std::move(stream.error()));
    stream_ = std::move(*stream);
    begin_ = end_ = carried_size_ = 0;
    parser_ = ResponseParser(kLimits, call_.method == "HEAD");
    return write();
  }

  // Reads once and parses. No block is held while waiting.
  Result<void> advance(TimePoint deadline) {
    if (begin_ == end_) {
      release();
      if (!stream_->buffered()) {
        if (raw_.capacity() > 256) raw_ = {};
        if (given_.capacity() > 256 && given_.empty()) given_ = {};
        if (const Wake why = stream_->handle().wait_readable(deadline); why != Wake::ready) {
          return fail(wait_error(why, "waiting for the upstream"));
        }
      }
    }
    if (block_ == nullptr) {
      block_ = client_.loop_.take_block();
      std::copy(carried_.begin(), carried_.begin() + carried_size_, block_.get());
      end_ = std::exchange(carried_size_, 0);
    }
    if (begin_ > 0) {
      std::copy(block_.get() + begin_, block_.get() + end_, block_.get());
      end_ -= begin_;
      begin_ = 0;
    }
    if (end_ == capacity_ && !grow())
      return fail(ErrorClass::invalid_response, "the upstream's message head is larger than 256 KB");
    auto n = stream_->read({block_.get() + end_, capacity_ - end_}, deadline);
    if (!n) return fail(std::move(n.error()));
    if (*n == 0) {
      if (!answered_)
        return fail(ErrorClass::network, "the upstream closed the connection without an answer");
      if (auto finished = parser_.finish(); !finished) {
        return fail(ErrorClass::network, "the upstream closed the connection before the end of its answer");
      }
      return {};
    }
    answered_ = true;
    end_ += *n;
    return parse();
  }

  // Takes from what was read as much as the message goes on.
  Result<void> parse() {
    while (begin_ < end_ && !parser_.done()) {
      auto used = parser_.feed({block_.get() + begin_, end_ - begin_}, raw_);
      if (!used) {
        if (used.error().status == 413) return too_large();
        // Broken chunks are broken framing; a head that is no HTTP is bad content.
        return fail(parser_.head_done() ? ErrorClass::network : ErrorClass::invalid_response,
                    "the upstream sent " + used.error().message);
      }
      if (*used == 0) break;
      begin_ += *used;
    }
    // The end of one chunk waits for the size of the next: two bytes that need no block while they do.
    if (end_ - begin_ <= carried_.size() && block_ != nullptr) {
      carried_size_ = end_ - begin_;
      std::copy(block_.get() + begin_, block_.get() + end_, carried_.begin());
      release();
    }
    return {};
  }

  bool grow() {
    if (capacity_ >= kLimits.head + HttpLimits{}.head) return false;
    auto larger = std::make_unique_for_overwrite<char[]>(capacity_ * 2);
    std::copy(block_.get(), block_.get() + end_, larger.get());
    block_ = std::move(larger);
    capacity_ *= 2;
    return true;
  }

  void release() {
    if (block_ == nullptr) return;
    begin_ = end_ = 0;
    if (capacity_ == Loop::kBlock) {
      client_.loop_.give_back(std::move(block_));
    } else {
      block_.reset();
      capacity_ = Loop::kBlock;
    }
  }

  // The body has ended: the connection is free for the next call.
  void finish() {
    if (stream_ == nullptr) return;
    const bool switched = parser_.response().status == 101;  // whatever it speaks now
    const bool clean =
        begin_ == end_ && carried_size_ == 0 && parser_.keep_alive() && !write_fault_ && !switched;
    release();
    if (clean) client_.keep(call_.endpoint->id, std::move(stream_));
    stream_.reset();
  }

  HttpClient& client_;
  Call call_;
  std::unique_ptr<Stream> stream_;
  bool reused_;
  bool answered_ = false;  // a byte came back
  bool head_seen_ = false;
  int interim_ = 0;  // replies of 1xx
  std::optional<Error> write_fault_;
  ResponseParser parser_;
  std::unique_ptr<Duplex> duplex_;
  std::unique_ptr<Inflater> inflater_;
  uint64_t decoded_ = 0;  // bytes that the inflater gave
  std::unique_ptr<char[]> block_;
  size_t begin_ = 0, end_ = 0, capacity_ = Loop::kBlock;
  std::array<char, 16> carried_;  // read and not parsed, while no block is held
  size_t carried_size_ = 0;
  std::string raw_;    // body bytes, not inflated yet
  std::string given_;  // what the last read() gave out
};

// Closes what was kept too long or has died.
class HttpClient::Sweep final : public Alarm {
 public:
  explicit Sweep(HttpClient& client) : client_(client) {}
  void fire() override {
    const TimePoint now = client_.loop_.now();
    for (auto& [id, kept] : client_.kept_) {
      std::erase_if(kept,
                    [&](const Kept& k) { return now - k.since >= kKeptFor || k.stream->handle().hung_up(); });
    }
    std::erase_if(client_.kept_, [](const auto& entry) { return entry.second.empty(); });
    if (!client_.kept_.empty()) client_.loop_.arm(*this, now + kSweep);
  }

 private:
  HttpClient& client_;
};

HttpClient::HttpClient(Loop& loop, Resolver& resolver, const ProxySettings& proxy)
    : loop_(loop), resolver_(resolver), proxy_(proxy), sweep_(std::make_unique<Sweep>(*this)) {}

HttpClient::~HttpClient() {
  loop_.disarm(*sweep_);
}

size_t HttpClient::idle() const {
  size_t n = 0;
  for (const auto& [id, kept] : kept_) n += kept.size();
  return n;
}

std::unique_ptr<Stream> HttpClient::take(const std::string& id) {
  auto it = kept_.find(id);
  if (it == kept_.end()) return nullptr;
  auto& kept = it->second;
  while (!kept.empty()) {
    auto stream = std::move(kept.back().stream);
    const bool old = loop_.now() - kept.back().since >= kKeptFor;
    kept.pop_back();
    if (!old && silent(*stream)) return stream;
  }
  return nullptr;
}

void HttpClient::keep(const std::string& id, std::unique_ptr<Stream> stream) {
  auto& kept = kept_[id];
  if (kept.size() >= kMostKept || !silent(*stream)) return;
  kept.push_back({std::move(stream), loop_.now()});
  if (!sweep_->armed()) loop_.arm(*sweep_, loop_.now() + kSweep);
}

Result<std::unique_ptr<Stream>> HttpClient::connect(const Call& call) {
  const TimePoint deadline = std::min(call.deadline, after(loop_.now(), call.connect));
  return dial(loop_, resolver_, proxy_, *call.endpoint, deadline);
}

Result<std::unique_ptr<Exchange>> HttpClient::send(Call call) {
  auto stream = call.once ? nullptr : take(call.endpoint->id);
  const bool reused = stream != nullptr;
  if (!reused) {
    auto fresh = connect(call);
    if (!fresh) return fail(std::move(fresh.error()));
    stream = std::move(*fresh);
  }
  auto exchange = std::make_unique<HttpExchange>(*this, std::move(call), std::move(stream), reused);
  if (auto written = exchange->write(); !written) return fail(std::move(written.error()));
  return exchange;
}

}  // namespace llmgw::net
