// How many tokens a request has: asked of the provider that would serve it where that one counts in the
// client's dialect, else estimated.
#include <algorithm>
#include <cmath>

#include "base/id.h"
#include "dialects/token_count.h"
#include "dialects/token_estimate.h"
#include "service/count_writer.h"
#include "service/gateway.h"

namespace llmgw::service {

void Gateway::serve_count(dialects::Request& request,
                          const std::shared_ptr<const routing::Topology>& topology,
                          net::ResponseWriter& writer) {
  const auto& world = engine_.world();
  const auto dialect = request.dialect;
  const auto counting = dialects::counting(dialect);
  const auto* translation = dialects::codec(dialect)->translation();
  const auto chain = topology->chain(request, world.random);
  if (!chain) return refuse(writer, chain.error(), dialect);
  const auto first = std::ranges::find_if(chain->links, [](const auto& l) { return l.skipped.empty(); });
  const auto& target = (first == chain->links.end() ? chain->links.front() : *first).target;

  CountWriter count(writer);
  if (counting && first != chain->links.end() &&
      target.upstream->provider->wire(dialect, target.model) == dialect) {
    request.dialect = *counting;
    engine_.run(request, topology, count);
    if (!count.failed()) return;
    request.dialect = dialect;
  }
  if (!counting || translation == nullptr) {
    return refuse(
        writer, Error{.error_class = ErrorClass::bad_request, .status = 404, .message = "nobody counts here"},
        dialect);
  }
  const auto conversation = translation->read_request(request);
  if (!conversation) return refuse(writer, conversation.error(), dialect);

  net::Headers& headers = count.headers();
  if (!headers.has("x-llmgw-request-id")) {
    headers.add("x-llmgw-request-id", request_id(world.fibers.wall(), world.random));
    headers.add("x-llmgw-attempts", "0");
    headers.add("x-llmgw-cache", "off");
  }
  headers.set("x-llmgw-provider", target.provider());
  headers.set("x-llmgw-model", target.model);
  headers.add("x-llmgw-estimated", "true");
  headers.add("Content-Type", "application/json");
  const double tokens =
      static_cast<double>(dialects::estimate_tokens(*conversation)) * target.state->tokens.factor();
  (void)writer.send(200, headers, dialects::token_count_body(*counting, std::llround(tokens)));
}

}  // namespace llmgw::service
