#include "address.h"

namespace llmgw::cmd {

std::string local_origin(const config::Server& server) {
  const size_t colon = server.listen.rfind(':');
  std::string host = server.listen.substr(0, colon);
  if (host == "0.0.0.0") host = "127.0.0.1";
  if (host == "[::]") host = "[::1]";
  return (server.tls ? "https://" : "http://") + host + server.listen.substr(colon);
}

}  // namespace llmgw::cmd
