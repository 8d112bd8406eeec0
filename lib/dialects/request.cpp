#include "dialects/request.h"

#include "dialects/codec.h"

namespace llmgw::dialects {

Result<std::unique_ptr<Request>> with_body(const Request& of, std::string body) {
  auto made = std::make_unique<Request>();
  made->dialect = of.dialect;
  made->method = of.method;
  made->path = of.path;
  made->query = of.query;
  made->headers = of.headers;
  made->body = std::move(body);
  made->model = of.model;
  made->stream = of.stream;
  made->gives_out_ids = of.gives_out_ids;
  made->once = of.once;
  made->timeout = of.timeout;
  made->client_timeout = of.client_timeout;
  made->commit = of.commit;
  made->client_id = of.client_id;
  made->traceparent = of.traceparent;
  made->provider = of.provider;
  made->pinned_key = of.pinned_key;
  made->cache = of.cache;
  made->tags = of.tags;
  made->virtual_key = of.virtual_key;
  made->key = of.key;
  if (auto decoded = codec(of.dialect)->decode_request(*made); !decoded)
    return fail(std::move(decoded.error()));
  return made;
}

}  // namespace llmgw::dialects
