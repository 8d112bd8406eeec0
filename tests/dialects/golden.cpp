#include "tests/dialects/golden.h"

#include <doctest/doctest.h>

#include <fstream>
#include <sstream>

#include "base/json_equal.h"
#include "dialects/answer_events.h"

namespace llmgw::dialects {
namespace {

std::string_view folder(Dialect d) {
  return d == Dialect::anthropic_messages ? "anthropic" : name(d);
}

const Translation& translation(Dialect d) {
  return *codec(d)->translation();
}

}  // namespace

std::string fixture(Dialect dialect, const std::string& file) {
  const std::string path = "tests/wire/" + std::string(folder(dialect)) + "/" + file;
  std::ifstream in(path);
  REQUIRE_MESSAGE(in, path);
  std::stringstream out;
  out << in.rdbuf();
  return out.str();
}

Conversation read_fixture(Dialect dialect, const std::string& name) {
  Request request;
  request.dialect = dialect;
  request.body = fixture(dialect, name + ".request.json");
  const auto decoded = codec(dialect)->decode_request(request);
  REQUIRE_MESSAGE(decoded, decoded.error().message);
  auto read = translation(dialect).read_request(request);
  REQUIRE_MESSAGE(read, read.error().message);
  return std::move(*read);
}

std::string translated_fixture(Dialect from, const std::string& name, Dialect to, Warnings& warnings) {
  const auto doc_text = fixture(from, name + ".request.json");
  const auto doc = json::Doc::parse(doc_text);
  REQUIRE(doc);
  return translation(to).write_request(read_fixture(from, name),
                                       {.model = "target",
                                        .kind = to == Dialect::anthropic_messages ? "anthropic" : "openai",
                                        .stream = doc->root()["stream"].boolean().value_or(false),
                                        .thinks = true,
                                        .mark_prefix = false},
                                       warnings);
}

bool same_json(std::string_view a, std::string_view b) {
  const auto x = json::Doc::parse(a), y = json::Doc::parse(b);
  return x && y && json::equal(x->root(), y->root());
}

std::vector<std::string> lines(const Warnings& warnings) {
  std::vector<std::string> out;
  for (const auto& warning : warnings) out.push_back(warning.code + " " + warning.field);
  return out;
}

Answer answer_of(Dialect dialect, const std::string& name) {
  const auto body = fixture(dialect, name + ".reply.json");
  REQUIRE(codec(dialect)->read_reply(body));
  auto answer = translation(dialect).read_answer(body);
  REQUIRE(answer);
  answer->created = 0;
  for (auto& choice : answer->choices)
    std::erase_if(choice.parts, [](const Part& part) { return part.get<Foreign>() != nullptr; });
  return std::move(*answer);
}

std::vector<StreamEvent> events_of(Dialect dialect, std::string_view bytes) {
  const auto splitter = codec(dialect)->splitter();
  const auto decoder = translation(dialect).decoder();
  std::vector<StreamEvent> out;
  for (size_t i = 0; i < bytes.size(); ++i) {
    splitter->feed(bytes.substr(i, 1));
    for (auto event = splitter->next(); event && *event; event = splitter->next())
      REQUIRE(decoder->decode(**event, out));
  }
  return out;
}

Answer streamed_answer_of(Dialect dialect, const std::string& name) {
  return collected(events_of(dialect, fixture(dialect, name + ".stream.txt")));
}

Answer relayed(Dialect from, const std::string& name, Dialect to) {
  const auto encoder = translation(to).encoder({.id = "x", .wants_usage = true});
  std::string bytes;
  for (const auto& event : events_of(from, fixture(from, name + ".stream.txt")))
    encoder->encode(event, bytes);
  encoder->end({}, bytes);
  return collected(events_of(to, bytes));
}

}  // namespace llmgw::dialects
