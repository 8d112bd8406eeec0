#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "base/json.h"
#include "net/http_message.h"
#include "simulate/mock/speaker.h"
#include "simulate/mock/state.h"

namespace llmgw::simulate {

// `usage` as chat names it (prompt_tokens …), or as the newer APIs do (input_tokens …).
void append_openai_usage(std::string& out, int64_t input, int64_t output, bool chat_names);

// A reply that is no stream.
struct PlainReply {
  int status = 200;
  std::string type = "application/json";
  std::string body;
};

// POST /embeddings. The vector is made from the text's words, so that texts that share words are near each
// other, the same in every run. Errors: bad_request.
Result<PlainReply> embeddings(json::Value body, std::string_view model);
// The vector itself: `dimensions` numbers of length 1.
std::vector<float> embedding_of(std::string_view text, size_t dimensions);

// The other calls of the API: moderations, images, audio, files, batches, models. `path` is below /v1. None:
// there is no such call. Errors: bad_request, or model_unavailable with a status of 404 for an unknown id.
struct OtherCall {
  std::string_view path;
  const net::HttpRequest& request;
  json::Value body;  // none unless it is JSON
  std::string_view model;
  ReplyId id;
};
std::optional<Result<PlainReply>> openai_other(const OtherCall&, MockState&);
// A named field of a multipart body (RFC 7578); none when it isn't there.
std::optional<std::string_view> form_field(const net::HttpRequest&, std::string_view name);

}  // namespace llmgw::simulate
