#include "config/check.h"
#include "config/reference.h"

namespace llmgw::config {

void check_exposure(const Config& config, Session& session) {
  const Server& server = config.server;
  const bool keys = server.auth ? *server.auth == Auth::virtual_key : !config.virtual_keys.empty();
  if (!session.options.insecure && !check::loopback(server.listen) && !(server.tls && keys)) {
    session.error(session.position("server.listen"), "server.listen",
                  "'" + server.listen +
                      "' can be reached from other machines: that needs [server] tls and auth = "
                      "\"virtual-key\", or the flag --insecure");
  }
  if (session.literal_secret.line > 0 && session.environment.others_can_read(session.path)) {
    session.warning(session.literal_secret, "",
                    "the file holds a secret and everybody on this machine may read it; chmod 600 it, or use "
                    "env:NAME or file:PATH");
  }
}

}  // namespace llmgw::config
