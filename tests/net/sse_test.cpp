#include "net/sse.h"

#include <doctest/doctest.h>

#include <vector>

using namespace llmgw;
using namespace llmgw::net;

namespace {

struct Event {
  std::string type, data;
  bool operator==(const Event&) const = default;
};

std::vector<Event> events_of(std::string_view stream, size_t step) {
  SseSplitter splitter;
  std::vector<Event> events;
  std::string raw;
  for (size_t at = 0; at < stream.size(); at += step) {
    splitter.feed(stream.substr(at, step));
    for (;;) {
      const auto event = splitter.next();
      REQUIRE(event);
      if (!*event) break;
      raw += (*event)->raw;
      if (!(*event)->data.empty())
        events.push_back({std::string((*event)->type), std::string((*event)->data)});
    }
    splitter.relax();
  }
  CHECK(raw + std::string(splitter.rest()) == stream);
  return events;
}

}  // namespace

TEST_CASE("events are the same with LF, CR and CRLF, however the bytes are split") {
  struct Case {
    std::string_view stream;
    std::vector<Event> events;
  };
  const Case cases[] = {
      {"data: a\n\ndata: b\n\n", {{"", "a"}, {"", "b"}}},
      {"data: a\r\n\r\ndata: b\r\n\r\n", {{"", "a"}, {"", "b"}}},
      {"data: a\r\rdata: b\r\r", {{"", "a"}, {"", "b"}}},
      {"data:a\n\n", {{"", "a"}}},
      {"data:  two spaces\n\n", {{"", " two spaces"}}},
      {": comment\n\ndata: a\n\n", {{"", "a"}}},
      {"event: error\ndata: {}\n\n", {{"error", "{}"}}},
      {"data: {}\nevent: late\nid: 7\nretry: 10\n\n", {{"late", "{}"}}},
      {"data: one\ndata: two\ndata\ndata: four\n\n", {{"", "one\ntwo\n\nfour"}}},
      {"data: a\r\n\ndata: b\n\r\n", {{"", "a"}, {"", "b"}}},
      {"\n\n\ndata: a\n\n", {{"", "a"}}},
      {"data: unfinished\n", {}},
  };
  for (const auto& c : cases) {
    CAPTURE(c.stream);
    for (size_t step = 1; step <= c.stream.size(); ++step) {
      CAPTURE(step);
      CHECK(events_of(c.stream, step) == c.events);
    }
  }
}

TEST_CASE("an event above the limit is refused before it is held") {
  SseSplitter splitter(1000);
  splitter.feed("data: " + std::string(900, 'x'));
  CHECK(splitter.next().value() == std::nullopt);
  splitter.feed(std::string(200, 'x'));
  CHECK(splitter.next().error().error_class == ErrorClass::invalid_response);
}
