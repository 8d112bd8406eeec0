#pragma once

#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/json.h"
#include "config/config.h"
#include "dialects/dialect.h"
#include "net/body_file.h"
#include "net/headers.h"

namespace llmgw::dialects {

// What a request asks of the model that is to serve it.
struct Needs {
  bool vision = false, audio = false, tools = false, json_schema = false;
  // The field that names state which a provider keeps (OpenAI's Responses); null: none.
  const char* state = nullptr;
  int64_t text_bytes = 0;             // of the prompt, without media
  std::optional<int64_t> max_output;  // tokens, as the client set it
};

// What a client wants of the response cache.
enum class Caching : uint8_t {
  use,
  off,      // as if there were none
  refresh,  // no answer of it, but the new one is kept
  only,     // an answer of it or none: nobody is called
};

// A field of a multipart form that the gateway acts on. Offsets are of the body.
struct FormField {
  std::string name, value;
  uint64_t begin = 0, end = 0;  // all of it, its leading delimiter included
  uint64_t value_begin = 0, value_end = 0;
};

// A client's request: its raw bytes beside what the gateway must know of them. Its Doc
// points into `body`, so that it stays where it was made.
struct Request {
  Request() = default;
  Request(const Request&) = delete;
  Request& operator=(const Request&) = delete;

  Dialect dialect = Dialect::openai_chat;
  std::string method = "POST";
  std::string path;      // below the face's prefix: "/chat/completions"
  std::string query;     // without '?'
  net::Headers headers;  // the client's
  std::string body;
  std::shared_ptr<const net::BodyFile> file;  // holds the body instead: a form too large for memory
  std::optional<json::Doc> doc;               // of a body that is a JSON object
  std::vector<FormField> form;                // of a body that is a multipart form

  // The envelope.
  std::string model;
  bool stream = false;
  bool wants_usage = false;  // asked for the usage chunk itself
  std::optional<std::vector<std::string>> fallbacks;
  std::optional<config::ClassSet> fallback_on;
  std::optional<config::ExtraFields> extra_fields;
  Needs needs;
  bool gives_out_ids = false;  // those that its reply names are to be remembered
  bool websocket = false;      // asks for that protocol; `query` may name the model
  bool once = false;           // never sent twice once a byte of the body went out

  // What the client's headers say.
  std::optional<Duration> timeout;         // x-llmgw-timeout: of the whole chain
  std::optional<Duration> client_timeout;  // announced by the SDK
  std::optional<config::Commit> commit;
  Caching cache = Caching::use;  // x-llmgw-cache
  std::string client_id;         // x-request-id
  std::string traceparent;
  std::string provider;  // x-llmgw-provider, for creations without a model
  // Set for a call that names an object of one provider: it goes there, with that key, and nowhere else.
  std::optional<std::string> pinned_key;  // with `provider`; empty: any key
  std::vector<std::pair<std::string, std::string>> tags;
  std::string virtual_key;                        // its name
  std::shared_ptr<const config::VirtualKey> key;  // the same, and its terms; nullptr: none

  // What was sent is needed no more.
  void release_message() {
    doc.reset();
    body = {};
    file.reset();
    form = {};
    headers = {};
    query = {};
  }
};

// The same request with another body of its dialect, which is JSON. Errors: bad_request, as of a client's.
Result<std::unique_ptr<Request>> with_body(const Request&, std::string body);

}  // namespace llmgw::dialects
