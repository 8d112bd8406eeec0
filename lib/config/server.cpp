#include "config/check.h"
#include "config/secret_source.h"
#include "config/section.h"
#include "config/word.h"

namespace llmgw::config {
namespace {

constexpr auto kAuth = words<Auth>({{"open", Auth::open}, {"virtual-key", Auth::virtual_key}});

void tls_section(Fields& f, Tls& tls) {
  f.required("cert");
  f.required("key");
  f.field("cert", tls.cert, Path{.must_exist = true});
  f.field("key", tls.key, Path{.must_exist = true});
  f.field("client_ca", tls.client_ca, Path{.must_exist = true});
}

}  // namespace

void server_section(Fields& f, Server& server) {
  f.field("listen", server.listen, Text{check::listen});
  f.field("data_dir", server.data_dir, Path{});
  f.field("max_body", server.max_body, Size{.min = 1024, .max = int64_t{4} << 30});
  f.field("max_buffered", server.max_buffered, Size{.min = 1024});
  f.field("max_connections", server.max_connections, Integer{.min = 1, .max = 1'000'000});
  f.field("auth", server.auth, kAuth);
  f.field("admin_token", server.admin_token, SecretText{});
  f.field("allowed_hosts", server.allowed_hosts, List{Text{check::host}});
  f.field("allowed_origins", server.allowed_origins, List{Text{check::origin}});
  f.field("tls", server.tls, Group{tls_section});
  f.field("linger", server.linger, Time{.max = 1h});
  f.field("drain", server.drain, Time{.max = 24h});
  f.field("extra_fields", server.extra_fields, kExtraFields);
  if (f.reading() && server.max_buffered < server.max_body) {
    f.wrong(f.has("max_buffered") ? "max_buffered" : "max_body",
            "max_buffered must be at least max_body, or no such body could be held");
  }
}

}  // namespace llmgw::config
