#include "net/aws_event_stream.h"

#include <doctest/doctest.h>

#include <fstream>
#include <iterator>
#include <vector>

using namespace llmgw;
using namespace llmgw::net;

namespace {

std::string file(const std::string& name) {
  std::ifstream in("tests/wire/" + name, std::ios::binary);
  REQUIRE(in);
  return {std::istreambuf_iterator<char>(in), {}};
}

struct Event {
  std::string type, data;
  bool operator==(const Event&) const = default;
};

std::vector<Event> events_of(std::string_view stream, size_t step) {
  AwsEventSplitter splitter;
  std::vector<Event> events;
  std::string raw;
  for (size_t at = 0; at < stream.size(); at += step) {
    splitter.feed(stream.substr(at, step));
    for (;;) {
      const auto event = splitter.next();
      REQUIRE(event);
      if (!*event) break;
      raw += (*event)->raw;
      events.push_back({std::string((*event)->type), std::string((*event)->data)});
    }
    splitter.relax();
  }
  CHECK(raw == stream);
  return events;
}

// The error of a stream that ends with `bytes`; empty: none.
std::string fault(std::string_view bytes) {
  AwsEventSplitter splitter;
  splitter.feed(bytes);
  splitter.finish();
  for (;;) {
    const auto event = splitter.next();
    if (!event) {
      CHECK(event.error().error_class == ErrorClass::invalid_response);
      return event.error().message;
    }
    if (!*event) return {};
  }
}

}  // namespace

TEST_CASE("frames that botocore reads are the same events, however the bytes are split") {
  const std::string stream = file("bedrock-converse/text.frames");
  const auto whole = events_of(stream, stream.size());
  REQUIRE(whole.size() == 6);
  CHECK(whole[0] == Event{"messageStart", R"({"p":"ab","role":"assistant"})"});
  CHECK(whole[2].data == R"({"contentBlockIndex":0,"delta":{"text":"lo ü"},"p":"abcd"})");
  CHECK(whole[5].type == "metadata");
  for (size_t step = 1; step < 150; ++step) CHECK(events_of(stream, step) == whole);
}

TEST_CASE("an exception's frame says its name") {
  const std::string stream = file("bedrock-converse/exception.frames");
  const auto events = events_of(stream, 7);
  REQUIRE(events.size() == 2);
  CHECK(events[1].type == "exception:throttlingException");
  CHECK(events[1].data == R"({"message":"Too many requests, please wait before trying again."})");
}

TEST_CASE("what is written is what others write, byte for byte") {
  std::string out;
  append_aws_event(out, "messageStart", R"({"role":"assistant"})");
  append_aws_exception(out, "throttlingException",
                       R"({"message":"Too many requests, please wait before trying again."})");
  CHECK(out == file("bedrock-converse/exception.frames"));
}

TEST_CASE("a frame with any byte changed, cut short or too large is a fault that says what is wrong") {
  const std::string frames = file("bedrock-converse/exception.frames");
  for (size_t i = 0; i < frames.size(); ++i) {
    CAPTURE(i);
    std::string changed = frames;
    changed[i] = static_cast<char>(changed[i] ^ 4);
    CHECK(fault(changed).find("is broken") != std::string::npos);
  }
  CHECK(fault(frames).empty());
  CHECK(fault(frames.substr(0, frames.size() - 1)).find("ends within it") != std::string::npos);
  CHECK(fault("<html><body>Bad gateway</body></html>").find("no event stream?") != std::string::npos);
  // 256 MiB, 16 of headers; its prelude's checksum fits.
  using namespace std::string_literals;
  CHECK(fault("\x10\x00\x00\x00\x00\x00\x00\x10\x04\x2e\xfe\x26"s).find("24 MiB") != std::string::npos);
}

TEST_CASE("headers of every type are stepped over") {
  using namespace std::string_literals;
  // Written by hand and read by botocore 1.44.5: t=true, f=false, b=1, s=2, i=3, l=4, y=bytes, d=time,
  // u=UUID, then :event-type and :message-type.
  const std::string stream = file("bedrock-converse/header_types.frames");
  const auto events = events_of(stream, 3);
  REQUIRE(events.size() == 1);
  CHECK(events[0] == Event{"chunk", "{}"});
}
