// docs: "Signatures of reasoning": a conversation of ten turns whose provider changes, by clients that can
// carry seals and by one that cannot.
#include <doctest/doctest.h>

#include <algorithm>
#include <array>

#include "dialects/codec.h"
#include "dialects/seal.h"
#include "routing/seal_store.h"

using namespace llmgw;
using namespace llmgw::dialects;

namespace {

struct Vendor {
  Issuer issuer;
  Dialect wire;  // in which it is called
  std::string_view kind, model;
};
constexpr Vendor kClaude{Issuer::anthropic, Dialect::anthropic_messages, "anthropic", "claude-sonnet-4-5"};
constexpr Vendor kOpenAi{Issuer::openai, Dialect::openai_responses, "openai", "gpt-5"};
// Gemini's own wire is not built here: it is called through its endpoint for OpenAI's clients, and what it
// sealed comes with the answer.
constexpr Vendor kGemini{Issuer::gemini, Dialect::openai_chat, "gemini", "gemini-3-pro"};

const Translation& translation(Dialect d) {
  return *codec(d)->translation();
}

// What the vendor says in turn `n`: it thinks, seals the thought, and calls a tool.
Answer spoken(const Vendor& vendor, int n) {
  Answer answer{.id = "a" + std::to_string(n), .model = std::string(vendor.model)};
  const Seal seal{vendor.issuer, "sealed" + std::to_string(n)};
  ToolCall call{.id = "call_" + std::to_string(n), .name = "look", .arguments = "{}"};
  Choice choice;
  if (vendor.issuer == Issuer::gemini) {
    call.seal = seal;  // Gemini seals the call
  } else {
    choice.parts.push_back({Reasoning{.text = "thought " + std::to_string(n), .seal = seal}, {}});
  }
  choice.parts.push_back({std::move(call), {}});
  choice.finish = Finish::tool_calls;
  answer.choices.push_back(std::move(choice));
  return answer;
}

// A client that speaks `face` and sends back what it got, as its SDK keeps it.
class Talk {
 public:
  Talk(Dialect face, routing::SealStore& seals) : face_(face), seals_(seals) {
    conversation_.messages.push_back({Role::user, {{Text{.text = "go", .citations = {}}, {}}}, {}});
    conversation_.tools.push_back({.name = "look", .parameters = R"({"type":"object"})"});
    conversation_.thinking.on = true;
    conversation_.thinking.budget = 2048;
  }

  // One turn: the body that the vendor gets; its answer is then part of the conversation.
  std::string turn(const Vendor& vendor, int n) {
    const auto request = through(face_, conversation_);
    auto conversation = request;
    seals_.restore(conversation);
    Warnings warnings;
    const auto body =
        translation(vendor.wire)
            .write_request(conversation, {.model = vendor.model, .kind = vendor.kind, .thinks = true},
                           warnings);
    warned_ = warnings;
    const auto answer = spoken(vendor, n);
    for (const auto& choice : answer.choices) seals_.remember(choice.parts);
    const auto seen = translation(face_).read_answer(translation(face_).write_answer(answer, {}));
    REQUIRE(seen);
    conversation_ = request;
    conversation_.messages.push_back({Role::assistant, seen->choices.at(0).parts, {}});
    conversation_.messages.push_back({Role::user,
                                      {{ToolResult{.id = "call_" + std::to_string(n),
                                                   .name = "look",
                                                   .content = {{Text{.text = "seen", .citations = {}}, {}}}},
                                        {}}},
                                      {}});
    return body;
  }
  const Warnings& warned() const { return warned_; }

 private:
  // What the conversation is when the client has sent it in its dialect. Clients write seals that are not
  // their vendor's as they got them: marked.
  static Conversation through(Dialect face, Conversation conversation) {
    const Issuer own = face == Dialect::anthropic_messages ? Issuer::anthropic : Issuer::openai;
    for (auto& message : conversation.messages) {
      for (auto& part : message.parts) {
        if (auto* reasoning = part.get<Reasoning>())
          reasoning->seal = {own, sealed_for(own, reasoning->seal)};
      }
    }
    Warnings warnings;
    Request request;
    request.dialect = face;
    request.body = translation(face).write_request(
        conversation, {.model = "claude-sonnet-4-5", .kind = "openai", .thinks = true, .mark_prefix = false},
        warnings);
    REQUIRE(codec(face)->decode_request(request));
    auto read = translation(face).read_request(request);
    REQUIRE(read);
    read->thinking = conversation.thinking;  // a client asks for it in every turn
    return std::move(*read);
  }

  Dialect face_;
  routing::SealStore& seals_;
  Conversation conversation_;
  Warnings warned_;
};

bool holds(const std::string& body, int n) {
  return body.find("\"sealed" + std::to_string(n) + "\"") != body.npos;
}

}  // namespace

TEST_CASE("ten turns over three vendors: each gets its own seals back, and nobody another's") {
  constexpr std::array kTurns = {kClaude, kClaude, kGemini, kGemini, kOpenAi,
                                 kOpenAi, kClaude, kGemini, kOpenAi, kClaude};
  for (const auto face : {Dialect::openai_chat, Dialect::anthropic_messages, Dialect::openai_responses}) {
    CAPTURE(name(face));
    routing::SealStore seals;
    Talk talk(face, seals);
    for (int n = 0; n < 10; ++n) {
      CAPTURE(n);
      const Vendor& vendor = kTurns[static_cast<size_t>(n)];
      const auto body = talk.turn(vendor, n);
      CAPTURE(body);
      REQUIRE(json::Doc::parse(body));
      CHECK_FALSE(has_marked_seal(body));
      for (int before = 0; before < n; ++before) {
        const Issuer whose = kTurns[static_cast<size_t>(before)].issuer;
        // Gemini's endpoint for OpenAI's clients is written without its seals.
        const bool mine = whose == vendor.issuer && whose != Issuer::gemini;
        CAPTURE(before);
        CHECK(holds(body, before) == mine);
      }
      // Claude thinks on when it wrote the last turn itself, and pauses for one turn behind another's.
      if (vendor.issuer != Issuer::anthropic || n == 0) continue;
      const bool own = kTurns[static_cast<size_t>(n - 1)].issuer == Issuer::anthropic;
      CHECK((body.find("budget_tokens") != std::string::npos) == own);
      const bool told = std::ranges::any_of(
          talk.warned(), [](const auto& warning) { return warning.code == warning::kThinkingOff; });
      CHECK(told != own);
    }
  }
}
