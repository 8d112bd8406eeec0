#include "providers/provider.h"
namespace llmgw::providers {
std::vector<Equivalent> equivalents(std::string_view, std::string_view) { return {}; }
Result<std::shared_ptr<const Provider>> Provider::make(const config::Provider& c) {
  auto p = std::make_shared<Provider>();
  p->config_ = c;
  auto e = net::parse_base_url(c.base_url);
  if (!e) return fail(e.error());
  p->endpoint_ = *e;
  p->timeouts_ = {c.timeouts.connect.value_or(5s), c.timeouts.first_token.value_or(60s), c.timeouts.idle.value_or(60s), c.timeouts.total.value_or(600s)};
  return p;
}
Error Provider::classify(int status, const net::Headers&, std::string_view body, WallTime) const {
  Error e; e.status = status; e.message = std::string(body.substr(0, 100));
  e.error_class = status == 429 ? ErrorClass::rate_limit : status >= 500 ? ErrorClass::server_error : status == 401 ? ErrorClass::auth : ErrorClass::bad_request;
  return e;
}
Error Provider::classify_object(std::string_view raw, const net::Headers&, WallTime) const { Error e; e.error_class = ErrorClass::server_error; e.message = raw; return e; }
}
