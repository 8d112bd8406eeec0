#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "base/json_edit.h"
#include "dialects/embedding.h"
#include "dialects/request.h"
#include "dialects/translation.h"
#include "net/headers.h"
#include "net/sse.h"
#include "observe/record.h"

namespace llmgw::dialects {

// What a whole 2xx reply says that the gateway must know.
struct ReplyFacts {
  bool object = false;  // the body is a JSON object, which can carry `extra_fields`
  std::string id;       // of the object that the reply is about
  // Of other objects that it gives out: a batch's output, the entries of a list. At most kMostIds.
  std::vector<std::string> ids;
  static constexpr size_t kMostIds = 100;
  observe::Usage usage;
  // The raw JSON of an error object that came in place of an answer; empty: an answer.
  std::string error_object;
  bool error_made = false;  // it stands in the body in other words: Gemini's blocked prompt
};

// What one event of a stream is.
struct StreamStep {
  bool content = false;   // text, reasoning, tool call, audio, refusal, or a finish
  bool holdable = false;  // the latest that can carry `extra_fields`: kept back until the next one
  bool finish =
      false;  // content, too: all of the answer that has begun is complete, the marker may still follow
  bool done = false;         // the dialect's end marker
  bool usage_only = false;   // nothing but token counts
  bool opening = false;      // the first event, which carries `extra_fields` as far as known
  std::string error_object;  // raw JSON of an error; empty: none
};

// Reads the events of one upstream stream in their order.
class StreamReader {
 public:
  virtual ~StreamReader() = default;
  // Fails with invalid_response on an event that is not of the dialect.
  virtual Result<StreamStep> read(const net::SseEvent& event) = 0;
  const observe::Usage& usage() const { return usage_; }
  // Bytes of text that came so far, for a bill when the provider's count never came.
  int64_t text_bytes() const { return text_bytes_; }
  // The id of the object that the stream is about; empty: it has none that is kept.
  const std::string& id() const { return id_; }
  // What was read up to now; in the same dialect, that is what the client has.
  const StreamSoFar& so_far() const { return so_far_; }

 protected:
  std::string id_;
  StreamSoFar so_far_;
  observe::Usage usage_;
  int64_t text_bytes_ = 0;
};

// One dialect, as the inbound face and the provider adapters share it. Stateless.
class Codec {
 public:
  virtual ~Codec() = default;

  // Reads the envelope out of request.body, which is checked whole. Errors: bad_request with the field's
  // path.
  virtual Result<void> decode_request(Request&) const = 0;
  // What must change in the body for a target of the same dialect: the model's name, gateway-only
  // fields, and, where the target can be asked, the asking for usage.
  virtual void edit_request(const Request&, std::string_view model, bool ask_usage, json::Edit&) const = 0;

  // Whether a 2xx body is an answer. Fails with invalid_response when it is neither that nor an error.
  virtual Result<ReplyFacts> read_reply(std::string_view body) const = 0;
  virtual std::unique_ptr<StreamReader> stream_reader() const = 0;

  // An error of ours, or of another dialect, as this dialect's body. `extra_fields` is JSON, or empty.
  virtual std::string error_body(const Error&, std::string_view extra_fields) const = 0;
  // What an error's body does not say: the name of AWS's exceptions. Beside the usual fields.
  virtual net::Headers error_headers(const Error&) const { return {}; }
  // The event that ends a broken stream, of which the client has `so_far`.
  virtual std::string error_event(const Error&, const StreamSoFar& so_far,
                                  std::string_view extra_fields) const = 0;
  // A held event (StreamStep::holdable) with `extra_fields` where the dialect's SDKs read it.
  virtual std::string attach(const net::SseEvent& event, std::string_view extra_fields) const = 0;
  // The event of success at a stream's end; empty where the dialect has none.
  virtual std::string_view end_event() const = 0;

  // How a stream of this dialect is cut into events, and the Content-Type that says so.
  virtual std::unique_ptr<net::EventSplitter> splitter() const;
  virtual std::string_view stream_type() const { return "text/event-stream"; }

  // Whether an SDK of this dialect can read `extra_fields` anywhere; else no body carries them.
  virtual bool shows_extra_fields() const { return true; }

  // How this dialect is translated to others; nullptr: it is only passed through.
  virtual const Translation* translation() const { return nullptr; }
  // The same for a dialect of embeddings.
  virtual const EmbeddingTranslation* embeddings() const { return nullptr; }
};

// The codec of a dialect that is built; nullptr for the others. Lives as long as the program.
const Codec* codec(Dialect);

// Reads request.body and what it says of model, stream and the gateway's fields: `doc` is set. Errors:
// bad_request.
Result<void> read_envelope(Request&);
// The model's name for the target, and without the gateway's fields.
void edit_envelope(const Request&, std::string_view model, json::Edit&);

// Reads what every dialect's body may hold for the gateway: `fallbacks`, `models`, `fallback_on`,
// `extra_fields`; refuses repeats of fields that the gateway acts on.
Result<void> read_gateway_fields(json::Value body, Request&);

}  // namespace llmgw::dialects
