#include "observe/log.h"

#include <doctest/doctest.h>
#include <fcntl.h>
#include <unistd.h>

#include <chrono>
#include <thread>

#include "base/json.h"

using namespace llmgw;
using observe::Level;
using observe::Log;

namespace {

// What a log writes to the other end of a pipe.
class Pipe {
 public:
  Pipe() { REQUIRE(::pipe2(ends_, O_CLOEXEC) == 0); }
  ~Pipe() {
    ::close(ends_[0]);
    if (ends_[1] >= 0) ::close(ends_[1]);
  }
  int write_end() const { return ends_[1]; }
  // Everything; the log is gone by then.
  std::string text() {
    ::close(std::exchange(ends_[1], -1));
    std::string all;
    char part[4096];
    for (ssize_t n; (n = ::read(ends_[0], part, sizeof part)) > 0;) all.append(part, static_cast<size_t>(n));
    return all;
  }

 private:
  int ends_[2];
};

template <typename Work>
std::string written(Log::Options options, const Work& work) {
  Pipe pipe;
  options.fd = pipe.write_end();
  {
    Log log(options);
    work(log);
  }
  return pipe.text();
}

}  // namespace

TEST_CASE("a line for people has time, level, message and facts") {
  const std::string text = written({.colour = {}}, [](Log& log) {
    log.warn("key set aside", {{"provider", "openai"}, {"why", "no money left"}, {"empty", ""}});
  });
  CHECK(text.size() > 25);
  CHECK(text.substr(10, 1) == "T");
  CHECK(text.substr(23) == "Z warn  key set aside provider=openai why=\"no money left\" empty=\"\"\n");
}

TEST_CASE("a JSON line is one object") {
  const std::string text = written({.json = true, .colour = {}},
                                   [](Log& log) { log.error("a \"quote\"\nand more", {{"path", "/v1/x"}}); });
  const auto doc = json::Doc::parse(std::string_view(text).substr(0, text.size() - 1));
  REQUIRE(doc);
  CHECK(doc->root()["level"].text() == "error");
  CHECK(doc->root()["message"].text() == "a \"quote\"\nand more");
  CHECK(doc->root()["path"].text() == "/v1/x");
  CHECK(doc->root()["time"].text().ends_with("Z"));
}

TEST_CASE("a message cannot forge a line or reach the terminal") {
  const std::string text = written(
      {.colour = {}}, [](Log& log) { log.info("first\n2026 error fake\x1b[31m", {{"id", "a\r\nb"}}); });
  CHECK(std::ranges::count(text, '\n') == 1);
  CHECK(text.find('\x1b') == std::string::npos);
  CHECK(text.find("first\\n2026 error fake\\x1b[31m") != std::string::npos);
}

TEST_CASE("colours come when asked for, never in JSON") {
  CHECK(written({.colour = true}, [](Log& log) { log.info("x"); }).find("\x1b[32minfo") != std::string::npos);
  CHECK(written({.json = true, .colour = true}, [](Log& log) { log.info("x"); }).find('\x1b') ==
        std::string::npos);
  CHECK(written({.colour = {}}, [](Log& log) { log.info("x"); }).find('\x1b') == std::string::npos);
}

TEST_CASE("what is below the level is not written, and the level may change") {
  const std::string text = written({.level = Level::warn, .colour = {}}, [](Log& log) {
    log.info("no");
    CHECK_FALSE(log.enabled(Level::debug));
    log.set_level(Level::debug);
    log.debug("yes");
    log.set_level(Level::off);
    log.error("never");
  });
  CHECK(text.find("no") == std::string::npos);
  CHECK(text.find("yes") != std::string::npos);
  CHECK(text.find("never") == std::string::npos);
}

TEST_CASE("levels are named as in the config") {
  for (const auto l : {Level::trace, Level::debug, Level::info, Level::warn, Level::error, Level::off}) {
    CHECK(observe::level(observe::name(l)) == l);
  }
  CHECK(observe::level("warning") == Level::warn);
  CHECK_FALSE(observe::level("loud"));
}

TEST_CASE("a pipe that nobody reads stops nobody; what is lost is counted") {
  Pipe pipe;
  const auto began = std::chrono::steady_clock::now();
  {
    Log log({.colour = {}, .fd = pipe.write_end(), .queue = 64});
    for (int i = 0; i < 20'000; ++i) log.info(std::string(100, 'x'));
    CHECK(std::chrono::steady_clock::now() - began < 5s);
    CHECK(log.dropped() > 10'000);
  }
  CHECK(std::chrono::steady_clock::now() - began < 20s);
}

TEST_CASE("lines of many threads stay whole") {
  const std::string text = written({.colour = {}, .queue = 8192}, [](Log& log) {
    std::vector<std::thread> threads;
    for (int t = 0; t < 4; ++t) {
      threads.emplace_back([&log] {
        for (int i = 0; i < 100; ++i) log.info("a line");
      });
    }
    for (auto& thread : threads) thread.join();
  });
  CHECK(std::ranges::count(text, '\n') == 400);
  size_t whole = 0;
  for (size_t at = 0; (at = text.find("Z info  a line\n", at)) != std::string::npos; ++at) ++whole;
  CHECK(whole == 400);
}
