#include "net/response_head.h"

#include <array>
#include <charconv>
#include <ctime>

namespace llmgw::net {
namespace {

// RFC 9110, 5.6.7: "Sun, 06 Nov 1994 08:49:37 GMT", made once a second and thread.
void append_date(std::string& out, WallTime now) {
  thread_local std::time_t made_at = 0;
  thread_local std::array<char, 32> text;
  thread_local size_t size = 0;
  const std::time_t t = std::chrono::duration_cast<std::chrono::seconds>(now.time_since_epoch()).count();
  if (t != made_at) {
    std::tm parts{};
    gmtime_r(&t, &parts);
    size = std::strftime(text.data(), text.size(), "%a, %d %b %Y %H:%M:%S GMT", &parts);
    made_at = t;
  }
  out.append(text.data(), size);
}

}  // namespace

std::string_view reason_phrase(int status) {
  switch (status) {
    case 101: return "Switching Protocols";
    case 200: return "OK";
    case 201: return "Created";
    case 202: return "Accepted";
    case 204: return "No Content";
    case 301: return "Moved Permanently";
    case 302: return "Found";
    case 304: return "Not Modified";
    case 400: return "Bad Request";
    case 401: return "Unauthorized";
    case 402: return "Payment Required";
    case 403: return "Forbidden";
    case 404: return "Not Found";
    case 405: return "Method Not Allowed";
    case 408: return "Request Timeout";
    case 409: return "Conflict";
    case 413: return "Content Too Large";
    case 415: return "Unsupported Media Type";
    case 421: return "Misdirected Request";
    case 422: return "Unprocessable Content";
    case 426: return "Upgrade Required";
    case 429: return "Too Many Requests";
    case 431: return "Request Header Fields Too Large";
    case 500: return "Internal Server Error";
    case 501: return "Not Implemented";
    case 502: return "Bad Gateway";
    case 503: return "Service Unavailable";
    case 504: return "Gateway Timeout";
    case 507: return "Insufficient Storage";
    case 505: return "HTTP Version Not Supported";
    case 529: return "Overloaded";
    default: return status < 400 ? "OK" : "Error";
  }
}

void append_response_head(std::string& out, int status, const Headers& headers, uint64_t length,
                          bool keep_alive, WallTime now) {
  out.reserve(out.size() + 1024);
  out.append("HTTP/1.1 ")
      .append(std::to_string(status))
      .append(" ")
      .append(reason_phrase(status))
      .append("\r\nDate: ");
  append_date(out, now);
  out.append("\r\n");
  for (const auto field : headers) out.append(field.name).append(": ").append(field.value).append("\r\n");
  const bool bodiless = status == 204 || status == 304 || status / 100 == 1;
  if (length == kChunked) {
    if (!bodiless) out.append("Transfer-Encoding: chunked\r\n");
  } else if (length != kToClose && !bodiless) {
    std::array<char, 24> digits;
    char* end = std::to_chars(digits.data(), digits.data() + digits.size(), length).ptr;
    out.append("Content-Length: ").append(digits.data(), end).append("\r\n");
  }
  if (!keep_alive) out.append("Connection: close\r\n");
  out.append("\r\n");
}

}  // namespace llmgw::net
