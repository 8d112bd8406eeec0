// A WebSocket of a client (OpenAI's Realtime, and Responses in its WebSocket mode): it is opened at the first
// target that switches to the protocol, and carried there.
#include "base/text.h"
#include "service/gateway.h"
#include "service/query.h"
#include "service/request_headers.h"

namespace llmgw::service {

void Gateway::serve_websocket(net::HttpRequest& http, net::ResponseWriter& writer, const Face& face,
                              std::shared_ptr<const routing::Topology> topology) {
  auto refused = [&](int status, std::string message) {
    refuse(writer,
           Error{.error_class = ErrorClass::bad_request, .status = status, .message = std::move(message)});
  };
  if (face.path != "/realtime" && face.path != "/responses")
    return refused(400, "a WebSocket is opened at /v1/realtime and /v1/responses only");
  // RFC 6455, 4.2.1 and 4.4.
  if (http.headers.get("sec-websocket-version") != "13")
    return refused(426, "Sec-WebSocket-Version must be 13");
  if (http.headers.get("sec-websocket-key").size() != 24)
    return refused(400, "Sec-WebSocket-Key must be 16 bytes in base64");

  dialects::Request request;
  request.dialect = dialects::Dialect::openai_other;
  request.method = "GET";
  request.path = face.path;
  request.stream = request.websocket = true;
  if (const size_t mark = http.target.find('?'); mark != std::string::npos)
    request.query = forwarded_query(std::string_view(http.target).substr(mark + 1));
  request.model = query_value(request.query, "model").value_or(face.model);
  for (const auto& name : http.headers.names_of_this_hop()) http.headers.remove(name);
  request.headers = std::move(http.headers);
  if (auto admitted = admit(http.target, topology->config().server, request); !admitted)
    return refuse(writer, admitted.error());
  if (auto read = read_request_headers(request.headers, request); !read) return refuse(writer, read.error());
  engine_.run(request, std::move(topology), writer);
}

}  // namespace llmgw::service
