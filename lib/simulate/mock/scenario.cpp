#include "simulate/mock/scenario.h"

#include <algorithm>
#include <cmath>
#include <numbers>

#include "base/text.h"
#include "config/environment.h"
#include "config/types.h"

namespace llmgw::simulate {
namespace {

using namespace config;

// A table of the file, read key by key. (config::Fields also writes, which a scenario never needs.)
class Table {
 public:
  explicit Table(const Cursor& cursor) : cursor_(cursor) {}

  template <typename T, typename Type>
  void field(std::string_view key, T& value, const Type& type) {
    known_.push_back(key);
    if (const auto* member = cursor_.node().find(key)) type.read(cursor_.member(*member), value);
  }
  template <typename T, typename Type>
  void field(std::string_view key, std::optional<T>& value, const Type& type) {
    known_.push_back(key);
    if (const auto* member = cursor_.node().find(key)) type.read(cursor_.member(*member), value.emplace());
  }
  void required(std::string_view key) {
    if (cursor_.node().find(key) == nullptr) cursor_.wrong("'" + std::string(key) + "' is missing");
  }
  void wrong(std::string_view key, std::string_view message) {
    const auto* member = cursor_.node().find(key);
    cursor_.session().error(member->value.at, join(cursor_.path(), key), message);
  }
  // Called last: reports every key that nobody asked for.
  void finish() {
    for (const auto& member : cursor_.node().members) {
      if (std::ranges::find(known_, member.key) != known_.end()) continue;
      cursor_.session().error(
          member.at, cursor_.path(),
          "unknown key '" + shortened(member.key, 80) + "'" + did_you_mean(member.key, known_));
    }
  }

 private:
  const Cursor& cursor_;
  std::vector<std::string_view> known_;
};

struct LatencyType {
  void read(const Cursor& at, Latency& value) const {
    if (at.node().kind == Node::Kind::string) return Time{}.read(at, value.fixed);
    if (at.node().kind != Node::Kind::table) {
      return at.expected("a duration, or { median = \"400ms\", sigma = 0.5 }");
    }
    Table table(at);
    table.required("median");
    table.field("median", value.median, Time{.min = 1us});
    table.field("sigma", value.sigma, Number{.min = 0, .max = 5});
    table.finish();
  }
};

struct FaultType {
  void read(const Cursor& at, Fault& value) const {
    const std::string* word = at.string("a fault");
    if (word == nullptr) return;
    if (const auto fault = parse_fault(*word)) {
      value = *fault;
    } else {
      at.wrong("'" + *word + "' is no fault; one of: " + fault_words());
    }
  }
};

struct ModelName {
  void read(const Cursor& at, std::string& value) const {
    const std::string* name = at.string("a model of the mock");
    if (name == nullptr) return;
    if (parse_behaviour(*name)) {
      value = *name;
    } else {
      at.wrong("the mock has no model '" + *name +
               "'; its models are echo, lorem-N-R, burst-N, fail-STATUS, …");
    }
  }
};

struct Indices {
  void read(const Cursor& at, std::pair<int64_t, int64_t>& value) const {
    if (at.node().kind != Node::Kind::array || at.node().items.size() != 2) {
      return at.expected("[first, last] with two indices from 0");
    }
    Integer{}.read(at.item(0), value.first);
    Integer{}.read(at.item(1), value.second);
    if (value.second <= value.first) at.wrong("the second index must be larger than the first");
  }
};

void model_section(Table& f, MockedModel& model) {
  f.field("as", model.as, ModelName{});
  f.field("latency", model.latency, LatencyType{});
  f.field("rate", model.rate, Number{.min = 0.001, .max = 1e9});
}

void outage_section(Table& f, Outage& outage) {
  f.field("from", outage.from, Time{});
  f.field("to", outage.to, Time{});
  f.field("requests", outage.requests, Indices{});
  f.field("fault", outage.fault, FaultType{});
  f.field("models", outage.models, List{Text{}});
  f.field("keys", outage.keys, List{Text{}});
  f.field("retry_after", outage.retry_after, Time{});
  if (outage.from && outage.to && *outage.to <= *outage.from) f.wrong("to", "must be later than 'from'");
}

void key_section(Table& f, KeyRule& rule) {
  f.field("refuse", rule.refused, FaultType{});
  f.field("requests", rule.requests, Integer{.min = 0});
  f.field("tokens", rule.tokens, Integer{.min = 0});
  f.field("per", rule.per, Time{.min = 1ms});
}

// A table of free keys whose sections fill values of T, kept by `named`.
template <typename T, typename Section, typename Named>
void read_keyed(const Cursor& at, Section section, Named named, std::vector<T>& out) {
  if (at.node().kind != Node::Kind::table) return at.expected("a table");
  for (const auto& member : at.node().members) {
    T& value = out.emplace_back();
    named(value) = member.key;
    const Cursor inner = at.member(member);
    if (inner.node().kind != Node::Kind::table) {
      inner.expected("a table");
      continue;
    }
    Table table(inner);
    section(table, value);
    table.finish();
  }
}

struct ModelsType {
  void read(const Cursor& at, std::vector<MockedModel>& value) const {
    read_keyed(at, model_section, [](MockedModel& m) -> std::string& { return m.glob; }, value);
  }
};

struct KeysType {
  void read(const Cursor& at, std::vector<KeyRule>& value) const {
    read_keyed(at, key_section, [](KeyRule& k) -> std::string& { return k.value; }, value);
  }
};

struct ErrorsType {
  void read(const Cursor& at, std::vector<FaultShare>& value) const {
    if (at.node().kind != Node::Kind::table) return at.expected("a table");
    double sum = 0;
    for (const auto& member : at.node().members) {
      const Cursor inner = at.member(member);
      const auto fault = parse_fault(member.key);
      if (!fault) {
        at.session().error(member.at, inner.path(), "there is no such fault; one of: " + fault_words());
        continue;
      }
      FaultShare share{.fault = *fault};
      Number{.min = 0, .max = 1}.read(inner, share.share);
      sum += share.share;
      value.push_back(share);
    }
    if (sum > 1 + 1e-9) at.wrong("the shares add up to more than 1");
  }
};

struct OutagesType {
  void read(const Cursor& at, std::vector<Outage>& value) const {
    if (at.node().kind != Node::Kind::array) return at.expected("an array of tables");
    for (size_t i = 0; i < at.node().items.size(); ++i) {
      const Cursor inner = at.item(i);
      if (inner.node().kind != Node::Kind::table) {
        inner.expected("a table");
        continue;
      }
      Table table(inner);
      outage_section(table, value.emplace_back());
      table.finish();
    }
  }
};

}  // namespace

Duration Latency::draw(Random& random) const {
  if (median <= 0ns) return fixed;
  // Box and Muller's transform of two uniform numbers.
  const double u = 1 - random.unit(), v = random.unit();
  const double normal = std::sqrt(-2 * std::log(u)) * std::cos(2 * std::numbers::pi * v);
  const double factor = std::min(std::exp(sigma * normal), 1000.0);
  return Duration(static_cast<int64_t>(static_cast<double>(median.count()) * factor));
}

LoadedScenario parse_scenario(std::string_view text) {
  const auto root = parse_toml(text);
  if (!root) return {.scenario = nullptr, .problems = {root.error()}};
  const Environment environment = system_environment();
  const Known known_kinds;
  const Options options;
  Session session{.environment = environment, .known = known_kinds, .options = options};
  const Cursor at(*root, "", session);
  auto scenario = std::make_shared<Scenario>();
  std::optional<int64_t> seed;
  Table table(at);
  table.field("seed", seed, Integer{});
  table.field("latency", scenario->latency, LatencyType{});
  table.field("rate", scenario->rate, Number{.min = 0.001, .max = 1e9});
  table.field("unknown_models", scenario->unknown_models, ModelName{});
  table.field("models", scenario->models, ModelsType{});
  table.field("errors", scenario->errors, ErrorsType{});
  table.field("outages", scenario->outages, OutagesType{});
  table.field("keys", scenario->keys, KeysType{});
  table.finish();
  if (seed) scenario->seed = static_cast<uint64_t>(*seed);
  std::ranges::stable_sort(session.problems, {},
                           [](const Problem& p) { return std::pair(p.at.line, p.at.column); });
  if (any_error(session.problems)) return {.scenario = nullptr, .problems = std::move(session.problems)};
  return {.scenario = std::move(scenario), .problems = std::move(session.problems)};
}

Result<std::shared_ptr<const Scenario>> load_scenario(const std::string& path) {
  const auto text = system_environment().read_file(path);
  if (!text) return fail(ErrorClass::bad_request, path + ": " + text.error().message);
  auto loaded = parse_scenario(*text);
  if (loaded.scenario != nullptr) return loaded.scenario;
  std::string message;
  for (const auto& problem : loaded.problems)
    message += (message.empty() ? "" : "\n") + config::format(problem, path);
  return fail(ErrorClass::bad_request, std::move(message));
}

}  // namespace llmgw::simulate
