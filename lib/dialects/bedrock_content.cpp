// The content blocks of a Converse request.
#include "dialects/bedrock_content.h"

#include "base/hash.h"
#include "base/text.h"
#include "dialects/bedrock.h"
#include "dialects/reading.h"

namespace llmgw::dialects {
namespace {

constexpr int kMostMarks = 4;             // docs.aws.amazon.com, "Prompt caching"
constexpr size_t kLongestId = 64;         // ToolUseId
constexpr size_t kLongestDocument = 200;  // DocumentBlockNameString
constexpr std::string_view kEmptyResult = "(no output)";

bool letter_or_digit(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
}

bool among(char c, std::string_view marks) {
  return letter_or_digit(c) || marks.find(c) != std::string_view::npos;
}

// [a-zA-Z0-9_.:-]{1,64}; a longer id by its hash, so that call and result go on to agree.
std::string clean_id(std::string_view id) {
  if (id.size() > kLongestId) return "call_" + std::to_string(hash64(id));
  std::string out(id.empty() ? "_" : id);
  for (char& c : out) {
    if (!among(c, "_.:-")) c = '_';
  }
  return out;
}

}  // namespace

bool bedrock_blank(std::string_view text) {
  return text.find_first_not_of(" \t\r\n\v\f") == std::string_view::npos;
}

BedrockModel::BedrockModel(std::string_view id)
    : claude(icontains(id, "claude")),
      nova(icontains(id, "nova")),
      mistral(icontains(id, "mistral")),
      gpt_oss(icontains(id, "gpt-oss")),
      caches(nova || claude) {
  for (const std::string_view old : {"claude-v2", "claude-instant", "claude-3-haiku", "claude-3-sonnet",
                                     "claude-3-opus", "claude-3-5-sonnet-20240620"}) {
    if (icontains(id, old)) caches = false;
  }
}

bool BedrockContent::writable(const Part& part) const {
  if (const auto* text = part.get<Text>()) return !bedrock_blank(text->text);
  if (const auto* refusal = part.get<Refusal>()) return !bedrock_blank(refusal->text);
  if (const auto* reasoning = part.get<Reasoning>())
    return model_.claude && reasoning->seal.issuer == Issuer::anthropic;
  return true;
}

bool BedrockContent::own(const Part& part) {
  const auto* foreign = part.get<Foreign>();
  return foreign != nullptr && foreign->dialect == Dialect::bedrock_converse;
}

void BedrockContent::mark(const std::optional<CacheMark>& mark, bool ours) {
  if ((!mark && !ours) || !model_.caches || marks_ >= kMostMarks) return;
  ++marks_;
  writer_.begin_object().key("cachePoint").begin_object().member("type", "default");
  if (mark && !mark->ttl.empty() && model_.claude) writer_.member("ttl", mark->ttl);
  writer_.end_object().end_object();
}

void BedrockContent::text(std::string_view text) {
  writer_.begin_object().member("text", text).end_object();
}

void BedrockContent::part(const Part& part, Place place, bool last) {
  const auto* said = part.get<Text>();
  const auto* refusal = part.get<Refusal>();
  if (said != nullptr || refusal != nullptr) {
    std::string_view words = said != nullptr ? said->text : refusal->text;
    if (last) words = words.substr(0, words.find_last_not_of(" \t\r\n") + 1);  // Claude insists on it
    text(words);
  } else if (const auto* call = part.get<ToolCall>()) {
    writer_.begin_object().key("toolUse").begin_object().member("toolUseId", clean_id(call->id));
    writer_.member("name", call->name).key("input").raw(arguments_object(call->arguments));
    writer_.end_object().end_object();
  } else if (const auto* found = part.get<ToolResult>()) {
    result(*found, place);
  } else if (const auto* reasoning = part.get<Reasoning>()) {
    writer_.begin_object().key("reasoningContent").begin_object();
    if (reasoning->redacted) {
      writer_.member("redactedContent", reasoning->seal.data);
    } else {
      writer_.key("reasoningText").begin_object().member("text", reasoning->text);
      writer_.member("signature", reasoning->seal.data).end_object();
    }
    writer_.end_object().end_object();
  } else if (own(part)) {
    writer_.raw(part.get<Foreign>()->json);
  } else {
    media(part, place);
  }
}

void BedrockContent::media(const Part& part, Place place) {
  const Media* source = nullptr;
  std::string_view kind;
  if (const auto* image = part.get<Image>()) {
    source = &image->media;
    kind = "image";
  } else if (const auto* audio = part.get<Audio>()) {
    source = &audio->media;
    kind = "audio";
  } else if (const auto* file = part.get<File>()) {
    source = &file->media;
    kind = "document";
  }
  std::string format = source != nullptr ? bedrock_format(kind, source->mime) : std::string();
  const bool s3 = source != nullptr && source->url.starts_with("s3://");
  if (format.empty() || (source->data.empty() && !s3)) {
    warn(warnings_, warning::kDropped, place.path());
    text("[content that cannot be shown]");  // a turn needs a block; what cannot be said is named
    return;
  }
  writer_.begin_object().key(kind).begin_object().member("format", format);
  if (kind == "document") writer_.member("name", document_name(source->name));
  writer_.key("source").begin_object();
  if (s3) {
    writer_.key("s3Location").begin_object().member("uri", source->url).end_object();
  } else {
    writer_.member("bytes", source->data);
  }
  writer_.end_object().end_object().end_object();
}

// Letters, digits, single spaces, hyphens, brackets; each name once in a request.
std::string BedrockContent::document_name(std::string_view name) {
  // An extension is said by the format.
  if (const size_t dot = name.rfind('.'); dot != std::string_view::npos && dot > 0 && name.size() - dot <= 5)
    name = name.substr(0, dot);
  std::string out;
  for (const char c : name.substr(0, kLongestDocument - 8)) {
    const char good = among(c, "-()[]") ? c : c == '_' || c == '.' ? '-' : ' ';
    if (good != ' ' || (!out.empty() && out.back() != ' ')) out += good;
  }
  while (out.ends_with(' ')) out.pop_back();
  if (out.empty()) out = "document";
  const std::string base = out;
  for (int n = 2; !documents_.insert(out).second; ++n) out = base + "-" + std::to_string(n);
  return out;
}

void BedrockContent::result(const ToolResult& result, Place place) {
  writer_.begin_object().key("toolResult").begin_object().member("toolUseId", clean_id(result.id));
  writer_.key("content").begin_array();
  bool any = false;
  for (const Part& part : result.content) {
    if (!writable(part)) continue;
    this->part(part, place, false);
    any = true;
  }
  if (!any) text(kEmptyResult);
  writer_.end_array();
  if (result.error) writer_.member("status", "error");
  writer_.end_object().end_object();
}

}  // namespace llmgw::dialects
