// What both of two dialects can express survives the way from one to the other: requests, whole answers and
// streams. LLMGW_CASES=N generates that many of each for every ordered pair, LLMGW_SEED=S begins elsewhere.
#include <doctest/doctest.h>

#include <sstream>

#include "base/text.h"
#include "dialects/answer_events.h"
#include "dialects/codec.h"
#include "tests/dialects/generated.h"
#include "tests/random_cases.h"

using namespace llmgw;
using namespace llmgw::dialects;

namespace {

constexpr int kStop = 0, kLength = 1, kToolCalls = 2, kFilter = 3, kStopSequence = 5, kPause = 6, kFailed = 7;
static_assert(kFailed == static_cast<int>(Finish::failed) && kFilter == static_cast<int>(Finish::filter) &&
              kPause == static_cast<int>(Finish::pause));

// A new dialect's codec joins here with its row; nothing else is needed.
constexpr std::array kExpressions = std::to_array<Expression>({
    {.dialect = Dialect::openai_chat,
     .model = "gpt-5",
     .kind = "openai",
     .late_system = true,
     .names = true,
     .user_audio = true,
     .file_data = true,
     .file_id = true,
     .image_url = true,
     .image_detail = true,
     .refusals = true,
     .effort = true,
     .schema = true,
     .schema_name = true,
     .json_mode = true,
     .top_p = true,
     .penalties = true,
     .seed = true,
     .choices = true,
     .stop = true,
     .metadata = true,
     .service_tier = true,
     .cache_key = true,
     .user = true,
     .parallel = true,
     .strict_tools = true,
     .many_choices = true,
     .thinking = true,
     .answer_refusals = true,
     .citations = true,
     .citation_spans = true,
     .created = true,
     .cache_written = true,
     .reasoning_tokens = true,
     .finishes = finishes({kStop, kLength, kToolCalls, kFilter})},
    {.dialect = Dialect::openai_responses,
     .model = "gpt-5",
     .kind = "openai",
     .late_system = true,
     .user_audio = true,
     .file_data = true,
     .file_url = true,
     .file_id = true,
     .image_url = true,
     .image_detail = true,
     .refusals = true,
     .mixed_turns = true,
     .rich_results = true,
     .thoughts = Issuer::openai,
     .effort = true,
     .schema = true,
     .schema_name = true,
     .json_mode = true,
     .top_p = true,
     .metadata = true,
     .service_tier = true,
     .cache_key = true,
     .user = true,
     .parallel = true,
     .strict_tools = true,
     .any_order = true,
     .seals = true,
     .thinking = true,
     .answer_refusals = true,
     .citations = true,
     .citation_spans = true,
     .created = true,
     .cache_written = true,
     .reasoning_tokens = true,
     .finishes = finishes({kStop, kLength, kToolCalls, kFilter, kFailed})},
    {.dialect = Dialect::anthropic_messages,
     .model = "claude-sonnet-4-6",
     .kind = "anthropic",
     .file_data = true,
     .file_url = true,
     .file_id = true,
     .image_url = true,
     .mixed_turns = true,
     .error_results = true,
     .rich_results = true,
     .cache_marks = true,
     .thoughts = Issuer::anthropic,
     .effort = true,
     .schema = true,
     .top_p = true,
     .top_k = true,
     .stop = true,
     .user = true,
     .parallel = true,
     .strict_tools = true,
     .any_order = true,
     .seals = true,
     .thinking = true,
     .citations = true,
     .citation_quotes = true,
     .cache_written = true,
     .finishes = finishes({kStop, kLength, kToolCalls, kStopSequence, kPause})},
    {.dialect = Dialect::gemini_generate,
     .model = "gemini-2.5-flash",
     .kind = "gemini",
     .user_audio = true,
     .mixed_turns = true,
     .error_results = true,
     .schema = true,
     .json_mode = true,
     .top_p = true,
     .top_k = true,
     .penalties = true,
     .seed = true,
     .choices = true,
     .stop = true,
     .end_marker = false,
     .stream_citations = false,
     .many_choices = true,
     .seals = true,
     .thinking = true,
     .citations = true,
     .reasoning_tokens = true,
     .finishes = finishes({kStop, kLength, kToolCalls, kFilter, kFailed})},
    {.dialect = Dialect::bedrock_converse,
     .model = "anthropic.claude-sonnet-4-6",
     .kind = "bedrock",
     .mixed_turns = true,
     .error_results = true,
     .rich_results = true,
     .cache_marks = true,
     .thoughts = Issuer::anthropic,
     .effort = true,
     .schema = true,
     .top_p = true,
     .stop = true,
     .strict_tools = true,
     .empty_results = false,
     .choice_none = false,
     .names_itself = false,
     .any_order = true,
     .seals = true,
     .thinking = true,
     .citations = true,
     .citation_quotes = true,
     .cache_written = true,
     .finishes = finishes({kStop, kLength, kToolCalls, kFilter, kFailed})},
    {.dialect = Dialect::cohere_chat,
     .model = "command-a-reasoning-08-2025",
     .kind = "cohere",
     .late_system = true,
     .image_url = true,
     .image_detail = true,
     .schema = true,
     .json_mode = true,
     .top_p = true,
     .top_k = true,
     .seed = true,
     .stop = true,
     .choice_auto = false,
     .choice_named = false,
     .schema_beside_tools = false,
     .names_itself = false,
     .thinking = true,
     .citations = true,
     .citation_spans = true,
     .citation_quotes = true,
     .finishes = finishes({kStop, kLength, kToolCalls})},
    {.dialect = Dialect::ollama_chat,
     .model = "gpt-oss:20b",
     .kind = "ollama",
     .late_system = true,
     .effort = true,
     .schema = true,
     .json_mode = true,
     .top_p = true,
     .top_k = true,
     .penalties = true,
     .seed = true,
     .stop = true,
     .choice_none = false,
     .choice_auto = false,
     .choice_named = false,
     .choice_required = false,
     .image_mime = false,
     .names_itself = false,
     .cached_tokens = false,
     .thinking = true,
     .finishes = finishes({kStop, kLength, kToolCalls})},
});

const Translation& translation(const Expression& expression) {
  return *codec(expression.dialect)->translation();
}

// What means the same is made the same: defaults that one dialect says and another leaves out.
Conversation plain(Conversation c, const Expression& can) {
  for (auto& tool : c.tools) {
    if (tool.strict == false) tool.strict.reset();
  }
  if (!can.schema_name) {
    c.format.name = c.format.description = {};
    c.format.strict.reset();
  }
  if (!can.choice_auto && c.tool_choice.kind == ToolChoice::Kind::automatic)
    c.tool_choice.kind = ToolChoice::Kind::unset;
  if (!c.thinking.effort.empty()) c.thinking.on.reset();
  c.store.reset();
  return c;
}
Answer plain(Answer a, const Expression& can) {
  for (auto* count : {&a.usage.cache_written, &a.usage.reasoning, &a.usage.cached_input}) {
    if (*count == 0) *count = -1;
  }
  if (!can.reasoning_tokens) a.usage.reasoning = -1;
  if (!can.cached_tokens) a.usage.cached_input = -1;
  if (!can.created) a.created = 0;
  if (!can.names_itself) a.id = a.model = {};
  for (auto& choice : a.choices) {
    for (auto& part : choice.parts) {
      auto* text = part.get<Text>();
      if (text == nullptr || can.citation_spans) continue;
      for (auto& citation : text->citations) citation.begin = citation.end = std::nullopt;
    }
  }
  return a;
}
bool same(const Answer& a, const Answer& b) {
  return a.id == b.id && a.model == b.model && a.created == b.created && a.choices == b.choices &&
         a.usage == b.usage;
}

Result<Conversation> read(const Expression& dialect, std::string body) {
  Request request;
  request.dialect = dialect.dialect;
  request.body = std::move(body);
  if (auto decoded = codec(dialect.dialect)->decode_request(request); !decoded)
    return fail(std::move(decoded.error()));
  return translation(dialect).read_request(request);
}
std::string written(const Expression& dialect, const Conversation& c, Warnings& warnings) {
  return translation(dialect).write_request(c,
                                            {.model = dialect.model,
                                             .kind = dialect.kind,
                                             .max_output = 64'000,
                                             .thinks = true,
                                             .mark_prefix = false},
                                            warnings);
}

std::vector<StreamEvent> decoded(Random& random, const Expression& dialect, std::string_view bytes,
                                 std::string& fault) {
  const auto splitter = codec(dialect.dialect)->splitter();
  const auto decoder = translation(dialect).decoder();
  std::vector<StreamEvent> out;
  auto drain = [&] {
    for (;;) {
      auto event = splitter->next();
      if (!event || !*event) {
        if (!event) fault = event.error().message;
        return;
      }
      if (auto ok = decoder->decode(**event, out); !ok) fault = ok.error().message;
    }
  };
  while (!bytes.empty() && fault.empty()) {
    const size_t n = std::min<size_t>(bytes.size(), 1 + random.below(200));
    splitter->feed(bytes.substr(0, n));
    bytes.remove_prefix(n);
    drain();
  }
  splitter->finish();
  drain();
  return out;
}
std::string encoded(const Expression& dialect, const std::vector<StreamEvent>& events) {
  const auto encoder = translation(dialect).encoder(
      {.id = "x", .created = 1'700'000'000, .wants_usage = true, .extra_fields = {}});
  std::string out;
  for (const auto& event : events) encoder->encode(event, out);
  encoder->end({}, out);
  return out;
}

// Runs `check` for every ordered pair, until one case of it fails.
template <class Check>
void for_every_pair(const Check& check) {
  for (const auto& from : kExpressions) {
    for (const auto& to : kExpressions) {
      const std::string pair = std::string(name(from.dialect)) + " -> " + std::string(name(to.dialect));
      CAPTURE(pair);
      const Expression can = both(from, to);
      for (uint64_t i = 0; i < random_cases(5000); ++i) {
        const uint64_t number = one_seed().value_or(1) + i;
        CAPTURE(number);
        Random random(number);
        if (!check(random, from, to, can)) break;
      }
    }
  }
}

}  // namespace

TEST_CASE("a request that two dialects can express goes from one to the other unchanged") {
  for_every_pair([](Random& random, const Expression& from, const Expression& to, const Expression& can) {
    const Conversation original = generate_conversation(random, can);
    Warnings warnings;
    const std::string first = written(from, original, warnings);
    CAPTURE(first);
    const auto between = read(from, first);
    REQUIRE_MESSAGE(between, between.error().message);
    const std::string second = written(to, *between, warnings);
    CAPTURE(second);
    const auto end = read(to, second);
    REQUIRE_MESSAGE(end, end.error().message);
    const auto expected = plain(original, can);
    const bool kept = plain(*between, can) == expected && plain(*end, can) == expected;
    CHECK(kept);
    const auto warned = warnings.empty() ? std::string() : warnings[0].code + " " + warnings[0].field;
    CHECK(warned.empty());
    return kept && warned.empty();
  });
}

TEST_CASE("an answer that two dialects can express goes from one to the other unchanged") {
  for_every_pair([](Random& random, const Expression& from, const Expression& to, const Expression& can) {
    const Answer original = generate_answer(random, can);
    const std::string first = translation(from).write_answer(original, R"({"x":1})");
    CAPTURE(first);
    REQUIRE(codec(from.dialect)->read_reply(first));
    const auto between = translation(from).read_answer(first);
    REQUIRE(between);
    const std::string second = translation(to).write_answer(*between, {});
    CAPTURE(second);
    const auto end = translation(to).read_answer(second);
    REQUIRE(end);
    const auto expected = plain(original, can);
    const bool kept = same(plain(*between, can), expected) && same(plain(*end, can), expected);
    CHECK(kept);
    return kept;
  });
}

TEST_CASE("a stream comes to the same answer in every dialect, however its bytes are cut") {
  for_every_pair([](Random& random, const Expression& from, const Expression& to, const Expression& can) {
    Answer original = generate_answer(random, can);
    for (auto& choice : original.choices) {
      for (auto& part : choice.parts) {
        if (auto* text = part.get<Text>(); text != nullptr && !can.stream_citations) text->citations.clear();
      }
    }
    const std::string first = encoded(from, generate_stream(random, original));
    CAPTURE(first);
    std::string fault;
    const auto events = decoded(random, from, first, fault);
    const std::string second = encoded(to, events);
    CAPTURE(second);
    const auto end = decoded(random, to, second, fault);
    CHECK(fault.empty());
    original.created = 0;  // the opening's
    const auto expected = plain(original, can);
    const bool between = same(plain(collected(events), can), expected);
    CHECK(between);
    const bool kept = same(plain(collected(end), can), expected);
    CHECK(kept);
    REQUIRE_FALSE(end.empty());
    CHECK((end.back().kind == StreamEvent::Kind::end || !to.end_marker));
    return between && kept && fault.empty();
  });
}

TEST_CASE("what a dialect cannot express is left out or said otherwise, and never breaks the body") {
  Expression all = kExpressions[0];
  for (const auto& row : kExpressions) {
    // The union: neither false by neither.
    auto lacks = [](bool a, bool b) { return a || b; };
    all.error_results = lacks(all.error_results, row.error_results);
    all.rich_results = lacks(all.rich_results, row.rich_results);
    all.mixed_turns = lacks(all.mixed_turns, row.mixed_turns);
    all.cache_marks = lacks(all.cache_marks, row.cache_marks);
    all.top_k = lacks(all.top_k, row.top_k);
    all.file_url = lacks(all.file_url, row.file_url);
    all.any_order = lacks(all.any_order, row.any_order);
    all.seals = lacks(all.seals, row.seals);
    all.finishes = all.finishes | row.finishes;
    if (row.thoughts != Issuer::none) all.thoughts = row.thoughts;
  }
  for (const auto& to : kExpressions) {
    CAPTURE(name(to.dialect));
    for (uint64_t i = 0; i < random_cases(5000) / 5; ++i) {
      Random random(one_seed().value_or(1) + i);
      Warnings warnings;
      const auto original = generate_conversation(random, all);
      const auto body = written(to, original, warnings);
      CAPTURE(body);
      const auto back = read(to, body);
      REQUIRE_MESSAGE(back, back.error().message);
      CHECK(back->unmodelled.empty());
      const Answer answer = generate_answer(random, all);
      REQUIRE(codec(to.dialect)->read_reply(translation(to).write_answer(answer, {})));
      std::string fault;
      const auto events = decoded(random, to, encoded(to, generate_stream(random, answer)), fault);
      CHECK(fault.empty());
      REQUIRE_FALSE(events.empty());
      CHECK((events.back().kind == StreamEvent::Kind::end || !to.end_marker));
    }
  }
}
