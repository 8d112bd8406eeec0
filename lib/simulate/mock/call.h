#pragma once

#include <optional>
#include <string>

#include "net/fiber.h"
#include "net/http_server.h"
#include "simulate/mock/openai.h"
#include "simulate/mock/speaker.h"
#include "simulate/mock/state.h"

namespace llmgw::simulate {

// Where a request goes: whose API, and which call of it.
struct Place {
  Vendor vendor = Vendor::openai;
  const Speech* speech = nullptr;    // of a generating call
  bool stream = false;               // the path says so
  std::optional<std::string> model;  // in the path
  std::string_view path;             // of another call: below the API's root, "/embeddings"
};

// The place of a request's path and headers. Any prefix before a dialect's own paths is taken, so that base
// URLs with and without a version work.
Place find_place(const net::HttpRequest&);

// One request being answered, on its fiber.
class MockCall {
 public:
  MockCall(net::Scheduler& fibers, MockState& state, net::HttpRequest& request, net::ResponseWriter& writer,
           std::string token);

  void run();

 private:
  bool find_model();
  bool read_body();
  void refuse(const Refusal&);
  void refuse(const Error&);
  bool break_off();
  void speak();
  void speak_whole(Speaker&, const Answer&);
  void speak_stream(Speaker&, const Answer&);
  void say_other();
  void send(int status, std::string_view type, std::string_view body);
  void add_limits(const MockState::Verdict&);
  net::Headers headers(std::string_view type) const;
  ReplyId id() const;
  bool sleep(Duration);

  net::Scheduler& fibers_;
  MockState& state_;
  net::HttpRequest& request_;
  net::ResponseWriter& writer_;
  const std::string token_;
  const Place place_;
  std::optional<json::Doc> doc_;
  std::string model_, key_;
  Fate fate_;
  net::Headers limits_;  // x-ratelimit-*
};

// The calls of the other vendors that generate nothing; none: there is no such call.
std::optional<Result<PlainReply>> anthropic_other(const OtherCall&, MockState&);
std::optional<Result<PlainReply>> gemini_other(const OtherCall&, MockState&);
std::optional<Result<PlainReply>> cohere_other(const OtherCall&);

}  // namespace llmgw::simulate
