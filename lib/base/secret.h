#pragma once

#include <string>
#include <string_view>

namespace llmgw {

// A value that must never be shown: it has no stream operator, no implicit conversion,
// and prints as "***" wherever something insists. Its memory is wiped when it goes.
class Secret {
 public:
  Secret() = default;
  explicit Secret(std::string value) : value_(std::move(value)) {}
  Secret(const Secret&) = default;
  Secret& operator=(const Secret&) = default;
  Secret(Secret&&) noexcept = default;
  Secret& operator=(Secret&&) noexcept = default;
  ~Secret();

  // The value itself: for the wire only.
  std::string_view reveal() const { return value_; }
  bool empty() const { return value_.empty(); }

  // Compares in time that depends on the lengths only.
  bool equals(std::string_view other) const;
  friend bool operator==(const Secret& a, const Secret& b) { return a.equals(b.value_); }

 private:
  std::string value_;
};

// SHA-256 as 64 lower-case hex digits.
std::string sha256_hex(std::string_view bytes);

}  // namespace llmgw
