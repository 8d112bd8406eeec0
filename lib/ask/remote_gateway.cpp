#include "ask/remote_gateway.h"

#include "base/text.h"
#include "net/tls.h"

namespace llmgw::ask {
namespace {

constexpr Duration kWholeReply = 660s;  // above the longest chain's own deadline (docs: [fallback] deadline)
constexpr Duration kSilence = 200s;     // of a stream: above the gateway's own idle times
constexpr size_t kMaxReply = 64 << 20;

std::string seconds_text(Duration d) {
  std::string text = std::to_string(to_seconds(d));
  while (text.ends_with('0') && !text.ends_with(".0")) text.pop_back();
  return text;
}

}  // namespace

RemoteGateway::RemoteGateway(Session& session, Secret key, const net::ProxySettings& proxy)
    : session_(session), key_(std::move(key)), proxy_(proxy), client_(session.loop(), resolver_, proxy_) {}

Result<std::unique_ptr<RemoteGateway>> RemoteGateway::open(Session& session, const std::string& url,
                                                           Secret key, const net::ProxySettings& proxy) {
  auto endpoint = net::parse_base_url(url);
  if (!endpoint) return fail(ErrorClass::bad_request, "--via " + url + ": " + endpoint.error().message);
  if (endpoint->secure()) {
    auto tls = net::TlsContext::make({});
    if (!tls) return fail(std::move(tls.error()));
    endpoint->tls = *tls;
  }
  if (!endpoint->prefix.ends_with("/v1")) endpoint->prefix += "/v1";
  std::unique_ptr<RemoteGateway> made(new RemoteGateway(session, std::move(key), proxy));
  made->endpoint_ = std::move(*endpoint);
  return made;
}

Result<void> RemoteGateway::exchange(const std::string& body, std::optional<Duration> timeout,
                                     AnswerReader& reader) {
  auto& loop = session_.loop();
  net::Call call{.endpoint = &endpoint_,
                 .target = endpoint_.prefix + "/chat/completions",
                 .headers = {},
                 .body = body,
                 .connect = 10s};
  call.headers.add("Content-Type", "application/json");
  if (!key_.empty()) call.headers.add("Authorization", "Bearer " + std::string(key_.reveal()));
  if (timeout) call.headers.add("x-llmgw-timeout", seconds_text(*timeout));
  const TimePoint by = after(loop.now(), kWholeReply);
  call.deadline = by;
  auto exchange = client_.send(std::move(call));
  if (!exchange) return fail(std::move(exchange.error()));
  auto head = (*exchange)->head(by);
  if (!head) return fail(std::move(head.error()));
  const int status = (*head)->status;
  const net::Headers headers = (*head)->headers;
  const bool stream = status == 200 && icontains(headers.get("content-type"), "text/event-stream");
  if (stream) (void)reader.begin(status, headers);
  std::string whole;
  for (;;) {
    auto bytes = (*exchange)->read(stream ? after(loop.now(), kSilence) : by);
    if (!bytes) return fail(std::move(bytes.error()));
    if (bytes->empty()) break;
    if (stream) {
      if (auto written = reader.write(*bytes); !written) return written;
    } else if (whole.size() + bytes->size() > kMaxReply) {
      return fail(ErrorClass::invalid_response, "a reply above 64 MiB");
    } else {
      whole += *bytes;
    }
  }
  return stream ? reader.end() : reader.send(status, headers, whole);
}

observe::RequestRecord RemoteGateway::ask(const std::string& body, std::optional<Duration> timeout,
                                          AnswerReader& reader) {
  auto done = exchange(body, timeout, reader);
  auto record = record_of(reader.answer());
  if (done) return record;
  reader.abort();
  reader.answer().error = endpoint_.authority + ": " + done.error().message;
  record.error_class = done.error().error_class;
  return record;
}

}  // namespace llmgw::ask
