// Embeddings (https://platform.openai.com/docs/api-reference/embeddings).
#include <bit>
#include <cmath>
#include <cstring>

#include "base/hash.h"
#include "base/random.h"
#include "base/text.h"
#include "simulate/mock/openai.h"

namespace llmgw::simulate {
namespace {

constexpr int64_t kDimensions = 1536;
constexpr size_t kMostInputs = 2048;  // the vendor's bound

std::string bytes_of(const std::vector<float>& vector) {
  static_assert(std::endian::native == std::endian::little, "the wire wants little-endian float32");
  std::string bytes(vector.size() * sizeof(float), '\0');
  std::memcpy(bytes.data(), vector.data(), bytes.size());
  return bytes;
}

// The texts of `input`: a string, strings, tokens, or lists of tokens. Tokens stand for their digits.
Result<std::vector<std::string>> inputs(json::Value input) {
  std::vector<std::string> texts;
  auto tokens = [](json::Value list) {
    std::string text;
    for (auto [_, token] : list.elements()) text.append(token.raw()).append(" ");
    return text;
  };
  if (input.is(json::Kind::string)) {
    texts.push_back(input.text());
  } else if (input.is(json::Kind::array) && input.at(0).is(json::Kind::number)) {
    texts.push_back(tokens(input));
  } else {
    for (auto [_, one] : input.elements()) {
      if (texts.size() == kMostInputs) return unreadable("input", "Invalid 'input': at most 2048 inputs.");
      texts.push_back(one.is(json::Kind::array) ? tokens(one) : one.text());
    }
  }
  if (texts.empty()) return unreadable("input", "Invalid 'input': expected a non-empty string or array.");
  return texts;
}

}  // namespace

std::vector<float> embedding_of(std::string_view text, size_t dimensions) {
  std::vector<double> sum(dimensions, 0.0);
  const auto words = split(text, ' ');
  auto add = [&](std::string_view word) {
    Random random(hash64(to_lower(word)));
    for (double& x : sum) x += random.unit() - 0.5;
  };
  for (const auto word : words) add(word);
  if (words.empty()) add(text);
  double square = 0;
  for (const double x : sum) square += x * x;
  const double length = square > 0 ? std::sqrt(square) : 1;
  std::vector<float> vector(dimensions);
  for (size_t i = 0; i < dimensions; ++i) vector[i] = static_cast<float>(sum[i] / length);
  return vector;
}

Result<PlainReply> embeddings(json::Value body, std::string_view model) {
  const auto texts = inputs(body["input"]);
  if (!texts) return fail(texts.error());
  const int64_t dimensions = body["dimensions"].integer().value_or(kDimensions);
  if (dimensions < 1 || dimensions > 8192)
    return unreadable("dimensions", "Invalid 'dimensions': expected 1 to 8192.");
  const bool base64_wanted = body["encoding_format"].says("base64");
  PlainReply reply;
  json::Writer w(reply.body);
  w.begin_object().member("object", "list").key("data").begin_array();
  int64_t bytes = 0;
  for (size_t i = 0; i < texts->size(); ++i) {
    const auto& text = (*texts)[i];
    bytes += static_cast<int64_t>(text.size());
    const auto vector = embedding_of(text, static_cast<size_t>(dimensions));
    w.begin_object().member("object", "embedding").member("index", static_cast<int64_t>(i)).key("embedding");
    if (base64_wanted) {
      w.string(base64(bytes_of(vector)));
    } else {
      w.begin_array();
      for (const float x : vector) w.number(static_cast<double>(x));
      w.end_array();
    }
    w.end_object();
  }
  const int64_t tokens = (bytes + 3) / 4;
  w.end_array().member("model", model).key("usage").begin_object();
  w.member("prompt_tokens", tokens).member("total_tokens", tokens).end_object().end_object();
  return reply;
}

}  // namespace llmgw::simulate
