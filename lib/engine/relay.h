#pragma once

#include <functional>
#include <memory>
#include <string>

#include "dialects/codec.h"
#include "dialects/decoding_reader.h"
#include "net/sse.h"
#include "net/transport.h"

namespace llmgw::engine {

// Carries one upstream stream to the client: cuts it into events, holds back the last one that can carry
// `extra_fields`, leaves out what the client did not ask for, and knows whether the stream is whole. In the
// same dialect events pass as they came; else each is translated when it comes.
class Relay {
 public:
  // `codec` nullptr: the bytes are no events (audio, a file) and pass as they come.
  Relay(const dialects::Codec* codec, bool wants_usage, std::unique_ptr<net::Exchange> exchange);

  // From now on the upstream's events become the client's by `decoder` and `encoder`; `watch` sees each, and
  // `filter`, unless empty, says what the client gets in its place.
  using Watch = std::function<void(const dialects::StreamEvent&)>;
  using Filter = std::function<Result<void>(dialects::StreamEvent&&, std::vector<dialects::StreamEvent>&)>;
  void translate(std::string model, std::unique_ptr<dialects::EventDecoder> decoder,
                 std::unique_ptr<dialects::EventEncoder> encoder, Watch watch, Filter filter);

  // Gives the `extra_fields` for the held event, when all is known that will be.
  using Seal = std::function<std::string(const Relay&)>;

  // Reads once, at most until `deadline`, and appends to `out` what the client may have.
  // Errors: what the exchange says, invalid_response, or, with error_object() set, what the
  // provider said in place of the next event.
  Result<void> pump(TimePoint deadline, const Seal& seal);

  // Lets go of the upstream: nothing more is read.
  void close() { exchange_.reset(); }

  std::string out;                           // for the client; the caller takes it
  bool content() const { return content_; }  // a content event was seen
  bool ended() const { return ended_; }      // whole: `out` holds the last of it
  bool alive() const { return alive_; }      // any byte of the body came
  const std::string& error_object() const { return error_object_; }
  std::string object_id() const { return reader_ ? reader_->id() : std::string(); }
  dialects::StreamSoFar so_far() const {
    return translated_ ? translated_->encoder->so_far()
           : reader_   ? reader_->so_far()
                       : dialects::StreamSoFar();
  }
  observe::Usage usage() const {
    return translated_ ? translated_->facts.usage() : reader_ ? reader_->usage() : observe::Usage{};
  }
  int64_t text_bytes() const {
    return translated_ ? translated_->facts.text_bytes() : reader_ ? reader_->text_bytes() : 0;
  }

 private:
  struct Translated {
    std::string model;
    std::unique_ptr<dialects::EventDecoder> decoder;
    std::unique_ptr<dialects::EventEncoder> encoder;
    Watch watch;
    Filter filter;
    dialects::StreamFacts facts{};   // of what the upstream said
    dialects::StreamFacts passed{};  // of what the filter let pass
    std::vector<dialects::StreamEvent> events{}, shown{};
  };

  Result<void> cut_events(const Seal&);
  Result<void> take(const net::SseEvent&, const Seal&);
  Result<void> take_translated(const net::SseEvent&, const Seal&);
  Result<void> show(dialects::StreamEvent&&, dialects::StreamStep&);
  void flush_held();
  void seal_held(const Seal&);
  void end(const Seal&);
  Result<void> finish(const Seal&);

  const dialects::Codec* codec_;
  bool wants_usage_;
  std::unique_ptr<net::Exchange> exchange_;
  std::unique_ptr<dialects::StreamReader> reader_;
  std::unique_ptr<Translated> translated_;
  std::unique_ptr<net::EventSplitter> splitter_;
  std::string held_, held_type_;  // a held event's data and type; empty: none
  std::string error_object_;
  bool content_ = false, finished_ = false, ended_ = false, alive_ = false;
};

}  // namespace llmgw::engine
