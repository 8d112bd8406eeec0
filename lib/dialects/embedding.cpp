#include "dialects/embedding.h"

#include <algorithm>

#include "base/text.h"

namespace llmgw::dialects {

Result<EmbeddingAnswer> EmbeddingTranslation::checked(EmbeddingAnswer answer, std::string_view body) {
  const bool whole = !answer.vectors.empty() &&
                     std::ranges::none_of(answer.vectors, [](const auto& vector) { return vector.empty(); });
  if (whole) return answer;
  return fail(ErrorClass::invalid_response, "a reply without embeddings: " + shortened(body, 120));
}

}  // namespace llmgw::dialects
