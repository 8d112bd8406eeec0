#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "net/headers.h"

namespace llmgw::net {

class BodyFile;

// What of a message is bounded, and how; each refusal names its limit.
struct HttpLimits {
  size_t head = 64 << 10;  // bytes of the start line and all fields
  size_t fields = 100;
  uint64_t body = 32 << 20;  // bytes, without transfer coding
};

// An HTTP request as it came, or as it is to be sent.
struct HttpRequest {
  std::string method = "POST";
  std::string target = "/";  // as on the wire: path and query
  Headers headers;
  std::string body;
  std::shared_ptr<BodyFile> file;  // holds the body instead, where it is too large for memory
  bool keep_alive = true;          // the client's connection may serve another
  bool http10 = false;

  std::string_view path() const { return std::string_view(target).substr(0, target.find('?')); }
  // Without the '?'; empty when there is none.
  std::string_view query() const {
    const size_t mark = target.find('?');
    return mark == std::string::npos ? std::string_view{} : std::string_view(target).substr(mark + 1);
  }
};

struct HttpResponse {
  int status = 200;
  Headers headers;
  std::string body;
};

std::string_view reason_phrase(int status);

}  // namespace llmgw::net
