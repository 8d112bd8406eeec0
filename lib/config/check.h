#pragma once

#include <optional>
#include <string>
#include <string_view>

// What may stand in the config's texts. Each says what is wrong with one, as the rest of a
// sentence ("must not be empty"), or nothing.
namespace llmgw::config::check {

using Wrong = std::optional<std::string>;

Wrong not_empty(std::string_view text);
// A name people give: not empty, no '/', space or control character, at most 128 bytes.
Wrong name(std::string_view text);
// A name that may hold '/': of a model, or an alias for one.
Wrong model(std::string_view text);
// A glob on model names.
Wrong glob(std::string_view text);
// An RE2 pattern that compiles.
Wrong pattern(std::string_view text);

// "127.0.0.1:8484", "[::1]:8484", "localhost:0".
Wrong listen(std::string_view text);
// Whether such an address can be reached from this machine only.
bool loopback(std::string_view listen);
// A Host header's name: "example.org", "10.0.0.1", "[::1]"; no port.
Wrong host(std::string_view text);
// An Origin header's value: "https://app.example".
Wrong origin(std::string_view text);
// http or https, a host, maybe a port and a path; no credentials, query or fragment.
Wrong base_url(std::string_view text);
// The same with a query allowed.
Wrong url(std::string_view text);
// redis:// or rediss://, with credentials and a database number allowed.
Wrong redis_url(std::string_view text);

// A header a config may add: a token (RFC 9110, 5.6.2) that is not for the connection to set.
Wrong header_name(std::string_view text);
Wrong header_value(std::string_view text);

// "arn:aws:iam::123456789012:role/name".
Wrong role_arn(std::string_view text);

// "08:00-18:00"; the end may lie past midnight.
Wrong hours(std::string_view text);
// "2027-01-01", or a date-time with its offset (RFC 3339).
Wrong date(std::string_view text);
// The form of an IANA zone's name. Whether it exists is the machine's to say.
Wrong zone(std::string_view text);
// "tag:NAME", "user" or "prompt".
Wrong affinity(std::string_view text);

}  // namespace llmgw::config::check
