#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "dialects/request.h"
#include "observe/record.h"

// Embeddings in a form that is no dialect's: what is asked, and the vectors.
namespace llmgw::dialects {

struct EmbeddingRequest {
  std::vector<std::string> inputs;      // at least one
  std::optional<int64_t> dimensions;    // of a vector; none: as many as the model has
  bool packed = false;                  // OpenAI's encoding_format "base64"
  bool single = false;                  // Gemini's embedContent, whose reply has one vector
  std::vector<std::string> unmodelled;  // paths of fields that stand for nothing above
};

struct EmbeddingAnswer {
  std::vector<std::vector<double>> vectors;  // one for each input, in their order
  std::string model;                         // as the provider calls it; empty: it did not say
  observe::Usage usage;
};

// How a dialect of embeddings is translated to others. Stateless.
class EmbeddingTranslation {
 public:
  virtual ~EmbeddingTranslation() = default;

  // `request` was decoded by its codec: `doc` is set. Errors: bad_request with the field's path.
  virtual Result<EmbeddingRequest> read_request(const Request& request) const = 0;
  virtual std::string write_request(const EmbeddingRequest&, std::string_view model) const = 0;

  // Errors: invalid_response, for a reply without a vector, or with an empty one.
  virtual Result<EmbeddingAnswer> read_answer(std::string_view body) const = 0;
  // The body for the client that asked `asked`; `model` where the provider did not name it.
  virtual std::string write_answer(const EmbeddingAnswer&, const EmbeddingRequest& asked,
                                   std::string_view model) const = 0;

 protected:
  // `answer` when each of its vectors has numbers.
  static Result<EmbeddingAnswer> checked(EmbeddingAnswer answer, std::string_view body);
};

}  // namespace llmgw::dialects
