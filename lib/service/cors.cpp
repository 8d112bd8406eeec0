#include "service/cors.h"

namespace llmgw::service {

net::Headers CorsWriter::granted(const net::Headers& headers) const {
  net::Headers out;
  for (const auto field : headers) out.add(field.name, field.value);
  // A provider's grants are for its own address.
  for (const std::string_view name :
       {"access-control-allow-origin", "access-control-allow-credentials", "access-control-expose-headers"}) {
    out.remove(name);
  }
  out.add("Access-Control-Allow-Origin", origin_);
  out.add("Access-Control-Expose-Headers", "*");
  out.add("Vary", "Origin");
  return out;
}

net::Headers preflight_headers(const net::HttpRequest& request) {
  net::Headers headers;
  headers.add("Access-Control-Allow-Methods", "GET, POST, DELETE, OPTIONS");
  if (const auto fields = request.headers.get("access-control-request-headers"); !fields.empty()) {
    headers.add("Access-Control-Allow-Headers", fields);
  }
  headers.add("Access-Control-Max-Age", "600");
  return headers;
}

}  // namespace llmgw::service
