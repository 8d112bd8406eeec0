#pragma once

#include <set>
#include <string>

#include "base/json_writer.h"
#include "dialects/turns.h"

namespace llmgw::dialects {

// Whose parameters a model on Bedrock takes, by its id ("us.anthropic.claude-…", "amazon.nova-pro-v1:0", an
// ARN).
struct BedrockModel {
  bool claude, nova, mistral, gpt_oss;
  bool caches;  // takes cachePoint (docs.aws.amazon.com, "Prompt caching": supported models)

  explicit BedrockModel(std::string_view id);
};

// Whether nothing but white space is said, which Bedrock refuses as text.
bool bedrock_blank(std::string_view text);

// Writes the content blocks of one Converse request.
class BedrockContent {
 public:
  BedrockContent(json::Writer& writer, const BedrockModel& model, Warnings& warnings)
      : writer_(writer), model_(model), warnings_(warnings) {}

  // Whether the part may stand in a request at all; what may not asks for nothing.
  bool writable(const Part&) const;
  // Whether it is a block of Bedrock's own.
  static bool own(const Part&);

  void text(std::string_view text);
  // `last`: an answer that the model is to go on with.
  void part(const Part&, Place, bool last);
  // A block of its own, behind what it marks: the client's mark, or one of ours.
  void mark(const std::optional<CacheMark>&, bool ours);

 private:
  void media(const Part&, Place);
  void result(const ToolResult&, Place);
  std::string document_name(std::string_view name);

  json::Writer& writer_;
  const BedrockModel& model_;
  Warnings& warnings_;
  std::set<std::string> documents_;  // names given out
  int marks_ = 0;
};

}  // namespace llmgw::dialects
