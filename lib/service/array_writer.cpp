#include "service/array_writer.h"

namespace llmgw::service {

Result<void> ArrayWriter::send(int status, const net::Headers& headers, std::string_view body) {
  if (!body.starts_with('{')) return writer_.send(status, headers, body);
  return writer_.send(status, headers, "[" + std::string(body) + "]");
}

Result<void> ArrayWriter::begin(int status, const net::Headers& headers) {
  net::Headers changed = headers;
  changed.set("Content-Type", "application/json; charset=UTF-8");
  return writer_.begin(status, changed);
}

Result<void> ArrayWriter::write(std::string_view bytes) {
  events_.feed(bytes);
  std::string out;
  for (;;) {
    const auto event = events_.next();
    if (!event) return fail(event.error());
    if (!*event) break;
    if ((*event)->data.empty()) continue;
    out.append(any_ ? ",\r\n" : "[").append((*event)->data);
    any_ = true;
  }
  return out.empty() ? Result<void>() : writer_.write(out);
}

Result<void> ArrayWriter::end() {
  if (auto closed = writer_.write(any_ ? "]" : "[]"); !closed) return closed;
  return writer_.end();
}

}  // namespace llmgw::service
