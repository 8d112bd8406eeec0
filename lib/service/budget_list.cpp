#include "service/budget_list.h"

#include "base/json_writer.h"
#include "observe/timestamp.h"

namespace llmgw::service {
namespace {

void write_budget(json::Writer& writer, const plugins::BudgetBook& book,
                  const plugins::BudgetBook::Account& account, WallTime now) {
  const auto balance = book.balance(account, now);
  writer.member("usd", to_usd(account.budget.limit)).member("per", account.budget.per);
  if (!account.budget.window) writer.member("zone", account.budget.zone);
  writer.member("spent_usd", to_usd(balance.spent)).member("reserved_usd", to_usd(balance.reserved));
  writer.member("resets_at", observe::timestamp(account.window(now).end));
}

}  // namespace

std::string key_list(const config::Config& config, const plugins::BudgetBook* book, WallTime now) {
  std::string out;
  json::Writer writer(out);
  writer.begin_array();
  for (const auto& key : config.virtual_keys) {
    writer.begin_object().member("name", key.name);
    if (!key.team.empty()) writer.member("team", key.team);
    writer.member("enabled", key.enabled);
    if (!key.expires.empty()) writer.member("expires", key.expires);
    const auto* account = book != nullptr ? book->of_key(key.name) : nullptr;
    writer.key("budget");
    if (account == nullptr) {
      writer.raw("null");
    } else {
      writer.begin_object();
      write_budget(writer, *book, *account, now);
      writer.end_object();
    }
    writer.end_object();
  }
  writer.end_array();
  return out;
}

std::string budget_list(const plugins::BudgetBook* book, WallTime now) {
  std::string out;
  json::Writer writer(out);
  writer.begin_array();
  if (book != nullptr) {
    for (const auto& account : book->all()) {
      writer.begin_object().member("level", account->name);
      write_budget(writer, *book, *account, now);
      writer.end_object();
    }
  }
  writer.end_array();
  return out;
}

}  // namespace llmgw::service
