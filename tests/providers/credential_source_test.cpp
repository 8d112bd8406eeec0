#include "providers/credential_source.h"

#include <doctest/doctest.h>

#include <mutex>
#include <thread>

using namespace llmgw;
using namespace llmgw::providers;

namespace {

const WallTime kStart{std::chrono::seconds{1'767'225'600}};  // 2026-01-01T00:00:00Z

// A search whose answers a test sets; counts how often it was asked.
class Issuer {
 public:
  CredentialSearch search() {
    return [this](WallTime now) -> Result<Credential> {
      const std::lock_guard guard(lock_);
      ++asked_;
      if (!error_.empty()) return fail(ErrorClass::auth, error_);
      Credential made;
      made.bearer = Secret("token-" + std::to_string(asked_));
      if (life_ > 0s) made.expires = now + life_;
      return made;
    };
  }
  void fails(std::string error) {
    const std::lock_guard guard(lock_);
    error_ = std::move(error);
  }
  void lives(Duration life) {
    const std::lock_guard guard(lock_);
    life_ = life;
  }
  int asked() {
    const std::lock_guard guard(lock_);
    return asked_;
  }

 private:
  std::mutex lock_;  // guards all below
  std::string error_;
  Duration life_ = 1h;
  int asked_ = 0;
};

// What the source says once no search is under way.
CredentialSource::Look settled(CredentialSource& source, WallTime now) {
  auto look = source.look(now);
  for (int i = 0; i < 2000 && !look.credential && look.error.empty(); ++i) {
    std::this_thread::sleep_for(1ms);
    look = source.look(now);
  }
  return look;
}

bool comes_true(const std::function<bool()>& what) {
  for (int i = 0; i < 2000 && !what(); ++i) std::this_thread::sleep_for(1ms);
  return what();
}

std::string_view token(const CredentialSource::Look& look) {
  return look.credential ? look.credential->bearer.reveal() : std::string_view("none");
}

}  // namespace

TEST_CASE("a source asks nobody before it is looked at, and never waits") {
  Issuer issuer;
  CredentialSource source(issuer.search());
  CHECK(issuer.asked() == 0);
  CHECK(source.held().empty());
  CHECK(token(settled(source, kStart)) == "token-1");
  for (int i = 0; i < 50; ++i) CHECK(token(source.look(kStart + 54min)) == "token-1");
  CHECK(issuer.asked() == 1);
}

TEST_CASE("a credential is renewed well before its end, and serves until the new one is there") {
  struct Case {
    Duration life, early, due;
  };
  for (const auto& c : {Case{1h, 54min, 56min}, Case{4min, 1min, 3min}, Case{0s, 4min, 6min}}) {
    CAPTURE(to_seconds(c.life));
    Issuer issuer;
    issuer.lives(c.life);
    CredentialSource source(issuer.search());
    REQUIRE(token(settled(source, kStart)) == "token-1");
    CHECK(token(source.look(kStart + c.early)) == "token-1");
    CHECK(issuer.asked() == 1);
    CHECK(token(source.look(kStart + c.due)) != "none");
    CHECK(comes_true([&] { return token(source.look(kStart + c.due)) == "token-2"; }));
    CHECK(issuer.asked() == 2);
  }
}

TEST_CASE("while a renewal fails the old one serves to its end; then its error is told") {
  Issuer issuer;
  CredentialSource source(issuer.search());
  REQUIRE(token(settled(source, kStart)) == "token-1");
  issuer.fails("the issuer is down");
  CHECK(token(source.look(kStart + 56min)) == "token-1");
  CHECK(comes_true([&] { return issuer.asked() == 2; }));
  CHECK(token(source.look(kStart + 59min)) == "token-1");
  const auto late = settled(source, kStart + 61min);
  CHECK_FALSE(late.credential);
  CHECK(late.error == "the issuer is down");
  issuer.fails("");
  CHECK(token(settled(source, kStart + 62min)).starts_with("token-"));
}

TEST_CASE("a search that failed is not begun again within ten seconds") {
  Issuer issuer;
  issuer.fails("no");
  CredentialSource source(issuer.search());
  CHECK(settled(source, kStart).error == "no");
  for (int i = 0; i < 20; ++i) CHECK(source.look(kStart + 9s).error == "no");
  CHECK(issuer.asked() == 1);
  issuer.fails("");
  CHECK(token(settled(source, kStart + 11s)) == "token-2");
}

TEST_CASE("a credential that the provider refused is made anew, once a minute at most, and stays known") {
  Issuer issuer;
  CredentialSource source(issuer.search());
  REQUIRE(token(settled(source, kStart)) == "token-1");
  source.refused(kStart + 1s);
  CHECK(token(settled(source, kStart + 1s)) == "token-2");
  source.refused(kStart + 30s);
  CHECK(token(settled(source, kStart + 30s)) == "token-2");
  std::vector<std::string> held;
  for (const auto& one : source.held()) held.emplace_back(one->bearer.reveal());
  CHECK(held == std::vector<std::string>{"token-2", "token-1"});
  source.refused(kStart + 62s);
  CHECK(token(settled(source, kStart + 62s)) == "token-3");
}
