#include "kinds.h"

#include "base/json_writer.h"
#include "providers/catalog.h"

namespace llmgw::cmd {
namespace {

std::string dialects_of(const providers::Row& row) {
  std::string out;
  for (const auto d : row.dialects.list()) {
    if (d == dialects::Dialect::openai_other) continue;
    out.append(out.empty() ? "" : ", ").append(dialects::name(d));
  }
  return out;
}

void write_limits(json::Writer& out, std::string_view key, const providers::LimitHeaders& headers) {
  out.key(key).begin_object();
  for (const auto& [name, value] : {std::pair<std::string_view, std::string_view>{"limit", headers.limit},
                                    {"remaining", headers.remaining},
                                    {"reset", headers.reset}}) {
    if (!value.empty()) out.member(name, value);
  }
  out.end_object();
}

void write_row(json::Writer& out, const providers::Row& row) {
  out.begin_object().member("kind", row.kind).member("label", row.label);
  out.key("dialects").begin_array();
  for (const auto d : row.dialects.list()) out.string(dialects::name(d));
  out.end_array();
  out.member("base_url", row.base_url).member("auth", providers::name(row.auth));
  if (!row.openai_url.empty())
    out.member("openai_url", row.openai_url).member("openai_auth", providers::name(row.openai_auth));
  out.member("imitates", row.imitates);
  out.key("env").begin_array();
  for (const auto name : row.env_names()) out.string(name);
  out.end_array();
  out.member("local", row.local);
  if (row.port != 0) out.member("port", row.port);
  write_limits(out, "request_limit_headers", row.requests);
  write_limits(out, "token_limit_headers", row.tokens);
  out.key("refused_fields").begin_object();
  for (const auto& rule : row.quirks.refused()) out.member(rule.field, rule.rename);
  out.end_object();
  out.member("stream_options", row.quirks.stream_options);
  out.member("missing", row.missing).member("docs", row.docs).member("errors_docs", row.errors_docs);
  out.member("verified", row.verified).end_object();
}

}  // namespace

std::string kinds_table(const observe::Look& look) {
  observe::Table table;
  table.column("kind").column("is").column("key").column("dialects").column("verified");
  for (const auto& row : providers::catalog()) {
    const auto names = row.env_names();
    table.row({{std::string(row.kind)},
               {std::string(row.label)},
               {names.empty() ? "" : std::string(names.front())},
               {dialects_of(row)},
               {std::string(row.verified)}});
  }
  return table.text(look);
}

std::string kinds_json() {
  std::string out;
  json::Writer writer(out);
  writer.begin_array();
  for (const auto& row : providers::catalog()) write_row(writer, row);
  writer.end_array();
  return out + "\n";
}

}  // namespace llmgw::cmd
