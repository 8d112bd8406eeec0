// Gemini's generateContent (https://ai.google.dev/api/generate-content). Streams are SSE, with alt=sse or
// without.
#include "base/text.h"
#include "simulate/mock/call.h"

namespace llmgw::simulate {
namespace {

// A member by its camelCase name or its snake_case one: some clients send the latter.
json::Value either(json::Value object, std::string_view camel, std::string_view snake) {
  const auto value = object[camel];
  return value ? value : object[snake];
}

Result<Prompt> read_generate(json::Value body) {
  Prompt prompt;
  const auto contents = body["contents"];
  if (!contents.is(json::Kind::array) || contents.size() == 0) {
    return unreadable("contents", "* GenerateContentRequest.contents: contents is not specified\n");
  }
  read_content(either(body, "systemInstruction", "system_instruction")["parts"], prompt);
  for (auto [_, content] : contents.elements()) {
    const auto text = read_content(content["parts"], prompt);
    prompt.tool_result.reset();
    for (auto [at, part] : content["parts"].elements()) {
      const auto response = either(part, "functionResponse", "function_response");
      if (response) prompt.tool_result = std::string(response["response"].raw());
    }
    const auto role = content["role"];
    if (!prompt.tool_result && (!role || role.says("user"))) prompt.last_user_text = text;
  }
  for (auto [_, tool] : body["tools"].elements()) {
    const auto declarations = either(tool, "functionDeclarations", "function_declarations");
    prompt.text_bytes += static_cast<int64_t>(declarations.raw().size());
    const auto first = declarations.at(0);
    if (!first || !prompt.tool_name.empty()) continue;
    prompt.tool_name = first["name"].text();
    const auto schema = first["parameters"] ? first["parameters"]
                                            : either(first, "parametersJsonSchema", "parameters_json_schema");
    prompt.tool_schema = schema.raw();
  }
  const auto config = either(body, "generationConfig", "generation_config");
  const auto schema = config["responseSchema"] ? config["responseSchema"] : config["responseJsonSchema"];
  if (schema) prompt.schema = std::string(schema.raw());
  prompt.json = either(config, "responseMimeType", "response_mime_type").says("application/json");
  prompt.max_tokens = either(config, "maxOutputTokens", "max_output_tokens").integer();
  return prompt;
}

class GenerateSpeaker final : public Speaker {
 public:
  GenerateSpeaker(const Prompt& prompt, const Answer& answer, ReplyId id)
      : prompt_(prompt), answer_(answer), id_(std::move(id)) {}

  std::string_view stream_type() const override { return "text/event-stream"; }
  std::string whole() override {
    std::string out;
    json::Writer w(out);
    write(w, answer_.text(), true);
    return out;
  }
  void open(std::string&) override {}
  void piece(size_t i, std::string& out) override {
    // A call is never split.
    if (answer_.kind() == Answer::Kind::text)
      append_data(out, [&](json::Writer& w) { write(w, answer_.piece(i), false); });
  }
  void close(std::string& out) override {
    const bool tool = answer_.kind() == Answer::Kind::tool;
    append_data(out, [&](json::Writer& w) { write(w, tool ? std::string_view(answer_.text()) : "", true); });
  }
  void error(const Refusal& refusal, std::string& out) override {
    out += "data: " + gemini_error_reply(refusal).body + "\n\n";
  }

 private:
  void write(json::Writer& w, std::string_view text, bool last) const {
    const auto kind = answer_.kind();
    w.begin_object().key("candidates").begin_array().begin_object();
    if (kind != Answer::Kind::refusal) {
      w.key("content").begin_object().key("parts").begin_array().begin_object();
      if (kind == Answer::Kind::tool) {
        w.key("functionCall")
            .begin_object()
            .member("name", prompt_.tool_name)
            .key("args")
            .raw(text)
            .end_object();
      } else {
        w.member("text", text);
      }
      w.end_object().end_array().member("role", "model").end_object();
    }
    if (last) {
      w.member("finishReason", kind == Answer::Kind::refusal ? "SAFETY"
                               : answer_.cut_by_limit()      ? "MAX_TOKENS"
                                                             : "STOP");
    }
    w.member("index", 0).end_object().end_array().key("usageMetadata").begin_object();
    w.member("promptTokenCount", prompt_.tokens());
    if (last) w.member("candidatesTokenCount", answer_.tokens());
    w.member("totalTokenCount", prompt_.tokens() + (last ? answer_.tokens() : 0)).end_object();
    w.member("modelVersion", prompt_.model).member("responseId", id_.token).end_object();
  }

  const Prompt& prompt_;
  const Answer& answer_;
  ReplyId id_;
};

// google.rpc.Code by HTTP status (https://cloud.google.com/apis/design/errors).
std::string_view status_name(int status) {
  switch (status) {
    case 401: return "UNAUTHENTICATED";
    case 403: return "PERMISSION_DENIED";
    case 404: return "NOT_FOUND";
    case 402:
    case 429: return "RESOURCE_EXHAUSTED";
    case 503:
    case 529: return "UNAVAILABLE";
    case 504: return "DEADLINE_EXCEEDED";
    default: return status < 500 ? "INVALID_ARGUMENT" : "INTERNAL";
  }
}

std::string message_of(const Refusal& refusal) {
  using Reason = Fault::Reason;
  if (!refusal.message.empty()) return refusal.message;
  if (refusal.reason == Reason::context_length) {
    return "The input token count (1200000) exceeds the maximum number of tokens allowed (1048576).";
  }
  if (refusal.reason == Reason::unknown_model) {
    return "models/" + refusal.model +
           " is not found for API version v1beta, or is not supported for generateContent.";
  }
  switch (refusal.status) {
    case 401: return "API key not valid. Please pass a valid API key.";
    case 403: return "Permission denied on the resource.";
    case 402:
    case 429: return "Resource has been exhausted (e.g. check quota).";
    case 503:
    case 529: return "The model is overloaded. Please try again later.";
    case 504: return "Deadline expired before operation could complete.";
    default:
      return refusal.status < 500 ? "Request contains an invalid argument."
                                  : "An internal error has occurred.";
  }
}

}  // namespace

ErrorReply gemini_error_reply(const Refusal& refusal) {
  const bool bad_key = refusal.status == 401;
  const int code = bad_key ? 400 : refusal.status;
  ErrorReply reply;
  json::Writer w(reply.body);
  w.begin_object().key("error").begin_object().member("code", code).member("message", message_of(refusal));
  w.member("status", bad_key ? "INVALID_ARGUMENT" : status_name(refusal.status));
  if (bad_key) {
    w.key("details").begin_array().begin_object().member("@type", "type.googleapis.com/google.rpc.ErrorInfo");
    w.member("reason", "API_KEY_INVALID").member("domain", "googleapis.com").end_object().end_array();
  } else if (refusal.retry_after) {
    w.key("details").begin_array().begin_object().member("@type", "type.googleapis.com/google.rpc.RetryInfo");
    w.member("retryDelay", std::to_string((to_ms(*refusal.retry_after) + 999) / 1000) + "s")
        .end_object()
        .end_array();
  }
  w.end_object().end_object();
  return reply;
}

std::optional<Result<PlainReply>> gemini_other(const OtherCall& call, MockState& state) {
  PlainReply reply;
  json::Writer w(reply.body);
  auto text_of = [](json::Value content) {
    Prompt prompt;
    return read_content(content["parts"], prompt);
  };
  auto embedding = [&](json::Value request) {
    const auto dimensions = request["outputDimensionality"].integer().value_or(768);
    w.begin_object().key("values").begin_array();
    const auto size = static_cast<size_t>(std::clamp<int64_t>(dimensions, 1, 8192));
    for (const float x : embedding_of(text_of(request["content"]), size)) w.number(static_cast<double>(x));
    w.end_array().end_object();
  };
  if (call.path == ":countTokens") {
    Prompt prompt;
    for (auto [_, content] : call.body["contents"].elements()) read_content(content["parts"], prompt);
    w.begin_object().member("totalTokens", prompt.tokens()).end_object();
  } else if (call.path == ":embedContent") {
    w.begin_object().key("embedding");
    embedding(call.body);
    w.end_object();
  } else if (call.path == ":batchEmbedContents") {
    w.begin_object().key("embeddings").begin_array();
    for (auto [_, request] : call.body["requests"].elements()) embedding(request);
    w.end_array().end_object();
  } else if (call.path == "/models") {
    w.begin_object().key("models").begin_array();
    for (const auto& name : state.models()) {
      w.begin_object()
          .member("name", "models/" + name)
          .member("displayName", name)
          .key("supportedGenerationMethods");
      w.begin_array().string("generateContent").string("countTokens").end_array().end_object();
    }
    w.end_array().end_object();
  } else {
    return std::nullopt;
  }
  return reply;
}

const Speech& generate_speech() {
  static const Speech speech{read_generate,
                             [](const Prompt& p, const Answer& a, ReplyId id) -> std::unique_ptr<Speaker> {
                               return std::make_unique<GenerateSpeaker>(p, a, std::move(id));
                             }};
  return speech;
}

}  // namespace llmgw::simulate
