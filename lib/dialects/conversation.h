#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "base/json.h"
#include "dialects/dialect.h"

// The canonical request: what a client's request says, whatever dialect it came in. Filled only when the
// target speaks another dialect. Owns all its text; nothing points into the client's body.
namespace llmgw::dialects {

// Valid JSON, kept as it came: a schema, a tool's arguments, metadata. Empty: absent.
using RawJson = std::string;

// Whose opaque seal a piece of reasoning or a tool call carries. Claude's are the same at Anthropic, Bedrock
// and Vertex (docs.anthropic.com, "Extended thinking": signatures are compatible across platforms).
enum class Issuer : uint8_t { none, openai, anthropic, gemini };

// Anthropic's `signature` or redacted data, Gemini's `thoughtSignature`, OpenAI's `encrypted_content`. To be
// given back unchanged to who issued it, and to nobody else.
struct Seal {
  Issuer issuer = Issuer::none;
  std::string data;
  explicit operator bool() const { return issuer != Issuer::none; }
  bool operator==(const Seal&) const = default;
};

// Bytes of an image, sound or document, or where they are. Exactly one of data, url, file_id is set.
struct Media {
  std::string mime;     // "image/png"; empty: the source did not say
  std::string data;     // base64, standard alphabet, with padding
  std::string url;      // https:, gs:, s3:
  std::string file_id;  // of an upload at the provider
  std::string name;     // a document's name
  std::string detail;   // OpenAI's `detail` of an image: low, high, auto
  bool operator==(const Media&) const = default;
};

// Where a piece of text was taken from.
struct Citation {
  std::string url, title, quote;      // `quote`: the words cited from the source
  std::optional<int64_t> begin, end;  // of the text that cites, in characters
  bool operator==(const Citation&) const = default;
};

struct Text {
  std::string text;
  std::vector<Citation> citations;
  Seal seal{};  // Gemini seals text, too
  bool operator==(const Text&) const = default;
};
struct Image {
  Media media;
  bool operator==(const Image&) const = default;
};
struct Audio {
  Media media;
  bool operator==(const Audio&) const = default;
};
struct File {
  Media media;
  bool operator==(const File&) const = default;
};
// What the model thought, as far as it is shown. Redacted: nothing is shown, only the seal goes back.
struct Reasoning {
  std::string text;
  Seal seal{};
  bool redacted = false;
  bool operator==(const Reasoning&) const = default;
};
struct Refusal {
  std::string text;
  bool operator==(const Refusal&) const = default;
};
struct ToolCall {
  std::string id;  // never empty: a decoder makes one up where its dialect has none
  std::string name;
  RawJson arguments;  // an object's JSON; "{}" for none. As the model wrote it: may be no valid JSON
  Seal seal{};
  bool freeform = false;  // of a custom tool (custom_tool.h): `arguments` is a text, not JSON
  bool operator==(const ToolCall&) const = default;
};
// A part that one vendor alone has (its own search results, code it ran): kept for a target of that dialect.
struct Foreign {
  Dialect dialect = Dialect::openai_chat;
  std::string type;  // its name there, for the warning
  RawJson json;
  bool operator==(const Foreign&) const = default;
};

struct Part;
struct ToolResult {
  std::string id;             // of the call
  std::string name;           // of the tool; decoders take it from the call where their dialect leaves it out
  std::vector<Part> content;  // Text, Image, File
  bool error = false;
  bool freeform = false;  // of a custom tool's call
  bool operator==(const ToolResult&) const;
};

// A breakpoint for the provider's prompt cache: what stands up to here is stable.
struct CacheMark {
  std::string ttl;  // "5m", "1h"; empty: the provider's default
  bool operator==(const CacheMark&) const = default;
};

struct Part {
  std::variant<Text, Image, Audio, File, Reasoning, Refusal, ToolCall, ToolResult, Foreign> what;
  std::optional<CacheMark> cache;

  template <class T>
  const T* get() const {
    return std::get_if<T>(&what);
  }
  template <class T>
  T* get() {
    return std::get_if<T>(&what);
  }
  bool operator==(const Part&) const = default;
};
inline bool ToolResult::operator==(const ToolResult& o) const {
  return id == o.id && name == o.name && error == o.error && freeform == o.freeform && content == o.content;
}

// Tool results stand in messages of the user, as Anthropic, Bedrock and Gemini have it; a system message may
// stand anywhere, as OpenAI has it.
enum class Role : uint8_t { system, user, assistant };

struct Message {
  Role role = Role::user;
  std::vector<Part> parts;
  std::string name;  // OpenAI's `name` of a participant
  bool operator==(const Message&) const = default;
};

// A function that the model may call, or a vendor's own tool (its search, its shell).
struct Tool {
  std::string name, description;
  RawJson parameters;  // JSON schema of an object; empty: none
  std::optional<bool> strict;
  std::optional<CacheMark> cache;
  // A vendor's own: the whole definition, for targets of that dialect only. Empty: a function.
  RawJson native;
  Dialect native_dialect = Dialect::openai_chat;
  // One of OpenAI's custom tools, which `native` defines (custom_tool.h); other dialects never see it so.
  bool freeform = false;
  bool grammar = false;  // its text must follow a grammar
  bool operator==(const Tool&) const = default;
};

struct ToolChoice {
  enum class Kind : uint8_t { unset, automatic, none, required, named };
  Kind kind = Kind::unset;
  std::string name;              // named
  std::optional<bool> parallel;  // whether several calls may come at once
  bool operator==(const ToolChoice&) const = default;
};

struct OutputFormat {
  enum class Kind : uint8_t { unset, text, json, schema };
  Kind kind = Kind::unset;
  std::string name, description;  // of the schema
  RawJson schema;
  std::optional<bool> strict;
  bool operator==(const OutputFormat&) const = default;
};

// How much the model is to think before it answers.
struct Thinking {
  std::optional<bool> on;
  std::string effort;  // "none", "minimal", "low", "medium", "high", "xhigh", "max"; empty: not said
  std::optional<int64_t> budget;  // tokens
  std::optional<bool> shown;      // whether the client wants to read it
  bool operator==(const Thinking&) const = default;
  bool asked() const { return on || !effort.empty() || budget; }
};

struct Sampling {
  std::optional<int64_t> max_output;  // tokens
  std::optional<double> temperature, top_p, frequency_penalty, presence_penalty;
  std::optional<int64_t> top_k, seed;
  std::vector<std::string> stop;
  std::optional<int64_t> choices;  // OpenAI's `n`
  bool operator==(const Sampling&) const = default;
};

struct Conversation {
  std::vector<Message> messages;
  std::vector<Tool> tools;
  ToolChoice tool_choice;
  OutputFormat format;
  Thinking thinking;
  Sampling sampling;
  std::string user;                                           // who asks, for the provider's abuse detection
  std::vector<std::pair<std::string, std::string>> metadata;  // OpenAI's and Bedrock's
  std::string service_tier;
  std::string cache_key;  // OpenAI's prompt_cache_key
  // State that the provider keeps (OpenAI's Responses). Empty: none.
  std::string previous_response;
  RawJson provider_conversation;
  std::optional<bool> store;
  // Paths of fields of the client's that stand for nothing above. Fields known to ask for nothing (null, a
  // default) are not among them.
  std::vector<std::string> unmodelled;
  bool operator==(const Conversation&) const = default;
};

// Brings a conversation into its normal form: neighbours of one role are one message, neighbouring texts
// stay apart, messages without parts are left out, a result's tool name is that of its call.
void normalize(Conversation&);

}  // namespace llmgw::dialects
