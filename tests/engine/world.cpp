#include "tests/engine/world.h"

#include <doctest/doctest.h>

#include "base/json_writer.h"
#include "config/load.h"
#include "net/sse.h"
#include "plugins/governance/key_book.h"

namespace llmgw::engine {
namespace {

std::shared_ptr<const config::Config> config_of(std::string_view toml) {
  const config::Environment environment{
      .variable = [](const std::string& name) -> std::optional<std::string> {
        return name == "HOME" ? std::optional<std::string>("/home/test") : std::nullopt;
      },
      .read_file = [](const std::string&) -> Result<std::string> {
        return fail(ErrorClass::bad_request, "no such file");
      },
      .exists = [](const std::string&) { return false; },
      .others_can_read = [](const std::string&) { return false; }};
  config::Known known;
  known.kinds = {{.name = "openai", .needs = "", .key_env = "OPENAI_API_KEY"},
                 {.name = "anthropic", .needs = "", .key_env = "ANTHROPIC_API_KEY"},
                 {.name = "gemini", .needs = "", .key_env = "GEMINI_API_KEY"},
                 {.name = "mock", .needs = "", .key_env = ""}};
  auto loaded = config::load(toml, "test.toml", environment, known, {.refuse_unbuilt = false});
  for (const auto& problem : loaded.problems) {
    if (!problem.warning) FAIL(config::format(problem, "test.toml"));
  }
  return loaded.config;
}

// The client's side of a request.
class Client final : public net::ResponseWriter {
 public:
  Client(net::Scheduler& fibers, const Ask& ask, Got& got)
      : fibers_(fibers), ask_(ask), got_(got), asked_(fibers.now()) {}

  Result<void> send(int status, const net::Headers& headers, std::string_view body) override {
    if (auto taken = take(status, headers, body); !taken) return taken;
    got_.ended = true;
    return {};
  }
  Result<void> begin(int status, const net::Headers& headers) override { return take(status, headers, {}); }
  Result<void> write(std::string_view bytes) override {
    if (ask_.slowness > 0ns &&
        fibers_.sleep_until(after(fibers_.now(), ask_.slowness)) == net::Wake::cancelled)
      return gone();
    if (fibers_.cancelled_by(net::CancelCause::client)) return gone();
    if (got_.body.empty()) got_.first_byte = fibers_.now() - asked_;
    got_.body += bytes;
    return {};
  }
  Result<void> end() override {
    if (fibers_.cancelled_by(net::CancelCause::client)) return gone();
    got_.ended = true;
    return {};
  }
  void abort() override { got_.aborted = true; }
  bool begun() const override { return got_.answers > 0; }

 private:
  Result<void> take(int status, const net::Headers& headers, std::string_view body) {
    if (fibers_.cancelled_by(net::CancelCause::client)) return gone();
    ++got_.answers;
    got_.status = status;
    got_.headers = headers;
    got_.body = body;
    got_.first_byte = fibers_.now() - asked_;
    return {};
  }
  static std::unexpected<Error> gone() { return fail(ErrorClass::cancelled, "the client has gone"); }

  net::Scheduler& fibers_;
  const Ask& ask_;
  Got& got_;
  TimePoint asked_;
};

std::string body_of(const Ask& ask) {
  std::string body = R"({"model":)" + json::quoted(ask.model);
  switch (ask.dialect) {
    case dialects::Dialect::openai_embeddings: body += R"(,"input":"some text")"; break;
    case dialects::Dialect::openai_responses: body += R"(,"input":"hi")"; break;
    case dialects::Dialect::openai_completions: body += R"(,"prompt":"hi")"; break;
    default:
      if (!ask.bare) body += R"(,"messages":[{"role":"user","content":"hi"}])";
  }
  if (ask.stream) body += R"(,"stream":true)";
  return body + ask.more + "}";
}

std::string path_of(dialects::Dialect dialect) {
  switch (dialect) {
    case dialects::Dialect::openai_embeddings: return "/embeddings";
    case dialects::Dialect::openai_responses: return "/responses";
    case dialects::Dialect::openai_completions: return "/completions";
    case dialects::Dialect::openai_other: return "/moderations";
    case dialects::Dialect::anthropic_messages: return "/messages";
    default: return "/chat/completions";
  }
}

}  // namespace

std::string Got::streamed_text() const {
  std::string text;
  net::SseSplitter splitter;
  splitter.feed(body);
  for (;;) {
    const auto event = splitter.next();
    if (!event || !*event) return text;
    const auto doc = json::Doc::parse((*event)->data);
    if (!doc) continue;
    for (auto [_, choice] : doc->root()["choices"].elements()) {
      text += choice["delta"]["content"].text();
      text += choice["text"].text();
    }
    if (doc->root()["type"].says("response.output_text.delta")) text += doc->root()["delta"].text();
  }
}

std::string providers_toml(std::initializer_list<std::string_view> names, int keys, std::string_view more) {
  std::string toml;
  for (const auto name_view : names) {
    const std::string name(name_view);
    toml += "[providers." + name + "]\nkind = \"openai\"\nbase_url = \"http://" + name + ".test/v1\"\n" +
            std::string(more) + "\n";
    for (int k = 1; k <= keys; ++k) {
      const std::string key = "k" + std::to_string(k);
      toml += "[[providers." + name + ".keys]]\nname = \"" + key + "\"\nvalue = \"sk-" + name + "-" + key +
              "\"\n";
    }
  }
  return toml;
}

TestWorld::TestWorld(std::string_view toml, uint64_t seed) : TestWorld(config_of(toml), seed) {}

TestWorld::TestWorld(std::shared_ptr<const config::Config> config, uint64_t seed)
    : random(seed), transport(fibers, [this](const SeenCall& call) { return answer(call); }) {
  auto made = routing::Topology::make(std::move(config), state);
  REQUIRE_MESSAGE(made, made.error().message);
  topology = std::move(*made);
  engine_ = std::make_unique<Engine>(engine::World{
      .fibers = fibers,
      .random = random,
      .transport = transport,
      .rests = rests,
      .state = state,
      .plugins = plugins,
      .ended = [this](observe::RequestRecord&& record) { records.push_back(std::move(record)); }});
}

void TestWorld::when(const std::string& provider, std::vector<Script> scripts) {
  scripts_[provider + ".test"] = {scripts.begin(), scripts.end()};
}

SimulatedCall TestWorld::answer(const SeenCall& call) {
  const auto found = scripts_.find(call.host);
  if (found == scripts_.end()) return answers(call, {.text = "from " + call.host});
  auto& scripts = found->second;
  const Script script = scripts.front();
  if (scripts.size() > 1) scripts.pop_front();
  return script(call);
}

const Got& TestWorld::start(const Ask& ask) {
  Got& got = got_.emplace_back();
  fibers.spawn([this, ask, &got] {
    if (ask.at > 0ns) fibers.sleep_until(after(fibers.now(), ask.at));
    serve(ask, got);
  });
  return got;
}

void TestWorld::serve(const Ask& ask, Got& got) {
  dialects::Request request;
  request.dialect = ask.dialect;
  request.path = path_of(ask.dialect);
  request.headers = ask.headers;
  request.headers.add("Content-Type", "application/json");
  request.body = body_of(ask);
  const auto decoded = dialects::codec(ask.dialect)->decode_request(request);
  REQUIRE_MESSAGE(decoded, decoded.error().message);
  request.timeout = ask.timeout;
  request.client_timeout = ask.client_timeout;
  request.commit = ask.commit;
  request.once = ask.once;
  request.key = plugins::KeyBook(topology->held_config()).find(ask.virtual_key);

  // The fiber's place may be another's by the time it would leave.
  const auto served = std::make_shared<bool>(false);
  if (ask.leaves_after) {
    net::Fiber* fiber = fibers.current();
    fibers.spawn([this, fiber, served, patience = *ask.leaves_after] {
      fibers.sleep_until(after(fibers.now(), patience));
      if (!*served) fibers.cancel(fiber, net::CancelCause::client);
    });
  }
  const TimePoint asked = fibers.now();
  Client client(fibers, ask, got);
  engine_->run(request, topology, client);
  got.took = fibers.now() - asked;
  got.returned = true;
  *served = true;
}

Got TestWorld::ask(const Ask& ask) {
  const Got& got = start(ask);
  run();
  REQUIRE(got.returned);
  return got;
}

void TestWorld::rest(Duration d) {
  fibers.spawn([this, d] { fibers.sleep_until(after(fibers.now(), d)); });
  run();
}

std::string TestWorld::calls() const {
  std::string out;
  for (const auto& call : transport.calls()) {
    if (!out.empty()) out += ' ';
    out += call->host.substr(0, call->host.find('.')) + ":" +
           call->authorization.substr(call->authorization.rfind('-') + 1);
  }
  return out;
}

size_t TestWorld::count(const std::string& provider) const {
  return static_cast<size_t>(
      std::ranges::count_if(transport.calls(), [&](const auto& c) { return c->host == provider + ".test"; }));
}

}  // namespace llmgw::engine
