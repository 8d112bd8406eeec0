#include "net/incoming_body.h"

#include <algorithm>

#include "base/text.h"
#include "net/body_file.h"

namespace llmgw::net {
namespace {

constexpr size_t kInMemory = 1 << 20;   // a larger form goes to a file (docs/architecture.md)
constexpr size_t kWritten = 256 << 10;  // at once, to that file

// A coded one is decoded whole, in memory, before anything can be read in it.
bool is_plain_form(const HttpRequest& request) {
  return icontains(request.headers.get("content-type"), "multipart/form-data") &&
         !request.headers.has("content-encoding");
}

}  // namespace

std::expected<void, HttpFault> IncomingBody::take(RequestParser& parser) {
  auto& request = parser.request();
  if (!may_go_out_) may_go_out_ = options_.bodies != nullptr && is_plain_form(request);
  const size_t held = request.body.size();
  const bool goes_out =
      *may_go_out_ && (request.file != nullptr || held > kInMemory || parser.announced() > kInMemory);
  if (!goes_out) return count(static_cast<int64_t>(std::max<uint64_t>(parser.announced(), held)));
  if (auto counted = count(static_cast<int64_t>(kWritten)); !counted) return counted;
  if (held >= kWritten || (parser.done() && held > 0)) {
    if (auto written = write_out(request); !written) return written;
  }
  return parser.done() ? count(0) : std::expected<void, HttpFault>{};
}

std::expected<void, HttpFault> IncomingBody::write_out(HttpRequest& request) {
  auto refused = [](const Error& error) {
    return std::unexpected(HttpFault{error.status != 0 ? error.status : 503, error.message});
  };
  if (request.file == nullptr) {
    auto file = BodyFile::create(loop_, *options_.bodies);
    if (!file) return refused(file.error());
    request.file = std::move(*file);
  }
  auto written = request.file->append(loop_, std::move(request.body));
  request.body = {};
  if (!written) return refused(written.error());
  return {};
}

std::expected<void, HttpFault> IncomingBody::hold(int64_t more) {
  return count(counted_ + more);
}

std::expected<void, HttpFault> IncomingBody::count(int64_t size) {
  const int64_t grown = size - counted_;
  if (grown == 0) return {};
  const int64_t held = state_.buffered += grown;
  counted_ = size;
  if (grown < 0 || held <= options_.max_buffered) return {};
  return std::unexpected(HttpFault{503, "all held bodies together would be larger than max_buffered, " +
                                            std::to_string(options_.max_buffered) + " bytes"});
}

void IncomingBody::release() {
  state_.buffered -= counted_;
  counted_ = 0;
  may_go_out_.reset();
}

}  // namespace llmgw::net
