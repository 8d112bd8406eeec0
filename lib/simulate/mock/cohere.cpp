// Cohere's Chat, Rerank and Embed, version 2 (https://docs.cohere.com/reference/chat, /chat-stream, /rerank,
// /embed, /errors; cohere-python 7.3.1, types).
#include <algorithm>

#include "base/text.h"
#include "simulate/mock/call.h"

namespace llmgw::simulate {
namespace {

Result<Prompt> read_chat(json::Value body) {
  Prompt prompt;
  const auto messages = body["messages"];
  if (!messages.is(json::Kind::array) || messages.size() == 0)
    return unreadable("messages", "invalid request: messages is a required field");
  size_t i = 0;
  for (auto [_, message] : messages.elements()) {
    const auto role = message["role"].text();
    if (role != "system" && role != "user" && role != "assistant" && role != "tool") {
      return unreadable("messages", "invalid request: messages[" + std::to_string(i) +
                                        "].role must be one of user, assistant, system, tool");
    }
    ++i;
    const auto text = read_content(message["content"], prompt);
    prompt.tool_result.reset();
    if (role == "tool") prompt.tool_result = text;
    if (role == "user") prompt.last_user_text = text;
  }
  const auto format = body["response_format"];
  if (format["type"].says("json_object") && body["tools"].size() > 0)
    return unreadable("response_format",
                      "invalid request: cannot specify response_format in combination with tools");
  if (format["json_schema"].is(json::Kind::object)) prompt.schema = std::string(format["json_schema"].raw());
  prompt.json = format["type"].says("json_object") && !prompt.schema;
  if (body["frequency_penalty"].number().value_or(0) > 0 &&
      body["presence_penalty"].number().value_or(0) > 0) {
    return unreadable("presence_penalty",
                      "invalid request: cannot specify both frequency_penalty and presence_penalty.");
  }
  for (const auto& [field, most] : {std::pair{"p", 0.99}, std::pair{"temperature", 1.0}}) {
    if (body[field].number().value_or(0) > most)
      return unreadable(field, "invalid request: " + std::string(field) + " is too large");
  }
  prompt.max_tokens = body["max_tokens"].integer();
  for (auto [_, tool] : body["tools"].elements()) {
    prompt.text_bytes += static_cast<int64_t>(tool.raw().size());
    if (!tool["function"]["parameters"].is(json::Kind::object))
      return unreadable("tools", "invalid request: tools.function.parameters is a required field");
    if (!prompt.tool_name.empty() || body["tool_choice"].says("NONE")) continue;
    prompt.tool_name = tool["function"]["name"].text();
    prompt.tool_schema = tool["function"]["parameters"].raw();
  }
  return prompt;
}

class CohereSpeaker final : public Speaker {
 public:
  CohereSpeaker(const Prompt& prompt, const Answer& answer, ReplyId id)
      : prompt_(prompt), answer_(answer), id_(std::move(id)) {}

  std::string whole() override {
    std::string out;
    json::Writer w(out);
    w.begin_object().member("id", id_.token).member("finish_reason", reason());
    w.key("message").begin_object().member("role", "assistant");
    if (tool()) {
      w.member("tool_plan", "I will use a tool.").key("tool_calls").begin_array();
      write_call(w, answer_.text());
      w.end_array();
    } else {
      w.key("content").begin_array().begin_object().member("type", "text");
      w.member("text", answer_.text()).end_object().end_array();
    }
    write_usage(w.end_object());
    w.end_object();
    return out;
  }

  void open(std::string& out) override {
    append_event(out, "message-start", [&](json::Writer& w) {
      w.member("id", id_.token).key("delta").begin_object().key("message").begin_object();
      w.member("role", "assistant").key("content").begin_array().end_array().member("tool_plan", "");
      w.key("tool_calls").begin_array().end_array().key("citations").begin_array().end_array();
      w.end_object().end_object();
    });
    if (tool()) {
      event(out, "tool-plan-delta", [](json::Writer& w) { w.member("tool_plan", "I will use a tool."); });
      event(out, "tool-call-start", [&](json::Writer& w) { write_call(w.key("tool_calls"), ""); });
    } else {
      event(out, "content-start", [](json::Writer& w) {
        w.key("content").begin_object().member("type", "text").member("text", "").end_object();
      });
    }
  }

  void piece(size_t i, std::string& out) override {
    if (tool()) {
      event(out, "tool-call-delta", [&](json::Writer& w) {
        w.key("tool_calls").begin_object().key("function").begin_object();
        w.member("arguments", answer_.piece(i)).end_object().end_object();
      });
    } else {
      event(out, "content-delta", [&](json::Writer& w) {
        w.key("content").begin_object().member("text", answer_.piece(i)).end_object();
      });
    }
  }

  void close(std::string& out) override {
    append_event(out, tool() ? "tool-call-end" : "content-end",
                 [](json::Writer& w) { w.member("index", 0); });
    append_event(out, "message-end", [&](json::Writer& w) {
      w.key("delta").begin_object().member("finish_reason", reason());
      write_usage(w);
      w.end_object();
    });
    out += "data: [DONE]\n\n";
  }

  void error(const Refusal& refusal, std::string& out) override {
    append_event(out, "message-end", [&](json::Writer& w) {
      w.key("delta").begin_object();
      w.member("error", refusal.message.empty() ? "internal server error" : refusal.message);
      w.member("finish_reason", "ERROR").end_object();
    });
  }

 private:
  bool tool() const { return answer_.kind() == Answer::Kind::tool; }
  std::string_view reason() const {
    if (tool()) return "TOOL_CALL";
    return answer_.cut_by_limit() ? "MAX_TOKENS" : "COMPLETE";
  }

  template <typename Members>
  void event(std::string& out, std::string_view type, const Members& members) {
    append_event(out, type, [&](json::Writer& w) {
      if (type != "tool-plan-delta") w.member("index", 0);
      w.key("delta").begin_object().key("message").begin_object();
      members(w);
      w.end_object().end_object();
    });
  }

  void write_call(json::Writer& w, std::string_view arguments) const {
    w.begin_object().member("id", prompt_.tool_name + "_" + id_.token).member("type", "function");
    w.key("function").begin_object().member("name", prompt_.tool_name).member("arguments", arguments);
    w.end_object().end_object();
  }

  void write_usage(json::Writer& w) const {
    w.key("usage").begin_object();
    // A preamble of the vendor's own is counted and not billed.
    for (const auto& [field, more] : {std::pair{"billed_units", 0}, std::pair{"tokens", 64}}) {
      w.key(field).begin_object().member("input_tokens", prompt_.tokens() + more);
      w.member("output_tokens", answer_.tokens()).end_object();
    }
    w.member("cached_tokens", 0).end_object();
  }

  const Prompt& prompt_;
  const Answer& answer_;
  ReplyId id_;
};

std::string words(const Refusal& refusal) {
  using Reason = Fault::Reason;
  switch (refusal.reason) {
    case Reason::quota:
      return "Please add or update your payment method at "
             "https://dashboard.cohere.com/billing?tab=payment to continue";
    case Reason::context_length:
      return "too many tokens: total number of tokens in the prompt cannot exceed 4081 - received 4292.";
    case Reason::content_filter: return "blocked output: please adjust your prompt";
    case Reason::unknown_model:
      return "model '" + refusal.model +
             "' not found, make sure the correct model ID was used and that you have access to the model.";
    case Reason::plain:
    case Reason::refused_key: break;
  }
  switch (refusal.status) {
    case 401: return "invalid api token";
    case 402: return "Please add or update your payment method to continue";
    case 403: return "your API token does not have access to this resource";
    case 404: return "resource not found";
    case 429: return "You are past the per minute request limit, please wait and try again later.";
    case 503: return "the service is unavailable, please try again later";
    case 504: return "the request timed out";
    default: break;
  }
  return refusal.status < 500 ? "invalid request" : "internal server error";
}

std::string text_of(json::Value document) {
  return document.is(json::Kind::string) ? document.text() : document["text"].text();
}

// As far as query and document share words.
Result<PlainReply> rerank(const OtherCall& call) {
  constexpr size_t kDimensions = 256;
  if (!call.body["query"].is(json::Kind::string))
    return unreadable("query", "invalid request: query is a required field");
  const auto query = embedding_of(call.body["query"].text(), kDimensions);
  struct Hit {
    size_t index;
    double score;
  };
  std::vector<Hit> hits;
  for (auto [_, document] : call.body["documents"].elements()) {
    const auto vector = embedding_of(text_of(document), kDimensions);
    double score = 0;
    for (size_t i = 0; i < kDimensions; ++i)
      score += static_cast<double>(query[i]) * static_cast<double>(vector[i]);
    hits.push_back({hits.size(), std::clamp(score, 0.0, 1.0)});
  }
  if (hits.empty()) return unreadable("documents", "invalid request: documents must not be empty");
  std::ranges::stable_sort(hits, std::greater(), &Hit::score);
  const auto top = call.body["top_n"].integer().value_or(static_cast<int64_t>(hits.size()));
  if (top >= 0 && static_cast<size_t>(top) < hits.size()) hits.resize(static_cast<size_t>(top));
  PlainReply reply;
  json::Writer w(reply.body);
  w.begin_object().member("id", call.id.token).key("results").begin_array();
  for (const auto& hit : hits) {
    w.begin_object().member("index", static_cast<int64_t>(hit.index)).member("relevance_score", hit.score);
    w.end_object();
  }
  w.end_array()
      .key("meta")
      .begin_object()
      .key("api_version")
      .begin_object()
      .member("version", "2")
      .end_object();
  w.key("billed_units").begin_object().member("search_units", 1).end_object().end_object().end_object();
  return reply;
}

Result<PlainReply> embed(const OtherCall& call) {
  constexpr size_t kDimensions = 256;
  const auto texts = call.body["texts"];
  if (texts.size() == 0) return unreadable("texts", "invalid request: texts or images must be provided");
  if (!call.body["input_type"].is(json::Kind::string))
    return unreadable("input_type", "invalid request: valid input_type must be provided");
  const auto dimensions =
      std::clamp<int64_t>(call.body["output_dimension"].integer().value_or(kDimensions), 1, 4096);
  PlainReply reply;
  json::Writer w(reply.body);
  int64_t bytes = 0;
  w.begin_object().member("id", call.id.token).key("embeddings").begin_object().key("float").begin_array();
  for (auto [_, text] : texts.elements()) {
    bytes += static_cast<int64_t>(text.text().size());
    w.begin_array();
    for (const float x : embedding_of(text.text(), static_cast<size_t>(dimensions)))
      w.number(static_cast<double>(x));
    w.end_array();
  }
  w.end_array().end_object().key("texts").raw(texts.raw());
  w.key("meta").begin_object().key("billed_units").begin_object().member("input_tokens", (bytes + 3) / 4);
  w.end_object().end_object().member("response_type", "embeddings_by_type").end_object();
  return reply;
}

}  // namespace

ErrorReply cohere_error_reply(const Refusal& refusal, std::string_view request_id) {
  ErrorReply reply;
  json::Writer writer(reply.body);
  writer.begin_object().member("id", request_id);
  writer.member("message", refusal.message.empty() ? words(refusal) : refusal.message).end_object();
  return reply;
}

std::optional<Result<PlainReply>> cohere_other(const OtherCall& call) {
  if (call.request.method != "POST") return std::nullopt;
  if (call.path == "/rerank") return rerank(call);
  if (call.path == "/embed") return embed(call);
  return std::nullopt;
}

const Speech& cohere_speech() {
  static const Speech speech{read_chat,
                             [](const Prompt& p, const Answer& a, ReplyId id) -> std::unique_ptr<Speaker> {
                               return std::make_unique<CohereSpeaker>(p, a, std::move(id));
                             }};
  return speech;
}

}  // namespace llmgw::simulate
