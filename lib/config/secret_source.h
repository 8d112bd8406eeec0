#pragma once

#include "config/types.h"

namespace llmgw::config {

// The forms a secret may take: a literal, "env:NAME", "file:PATH" (a newline at its end is
// cut), "vault:MOUNT/PATH#FIELD". Nothing of it is ever in a message.
enum class Missing : uint8_t {
  error,  // an unset variable is an error
  leave,  // it leaves the secret out, with a warning
};

enum class Form : uint8_t {
  header,           // what a header can carry
  credential_file,  // that, or a JSON object over several lines
};

struct Found {
  Secret value;
  bool unset = false;  // the variable isn't set, and Missing::leave allows it
};

// The secret at a string value. Empty, after a problem was reported, when it can't be had;
// empty without one when secrets are optional and it isn't at hand.
Found read_secret(const Cursor&, Missing, Form = Form::header);

// A secret that must be there.
struct SecretText {
  void read(const Cursor& at, Secret& value) const { value = read_secret(at, Missing::error).value; }
  void write(json::Writer& out, const Secret& value) const;
};

// One of the secrets of a provider's key: an unset variable marks the key as unset.
struct KeySecret {
  Secret Key::* part;
  void read(const Cursor&, Key&) const;
  void write(json::Writer& out, const Key& key) const { SecretText{}.write(out, key.*part); }
};

// A virtual key's value, or "sha256:HEX" of it: only the hash is kept.
struct HashedSecret {
  void read(const Cursor&, std::string& sha256) const;
  void write(json::Writer& out, const std::string& sha256) const;
};

// A header's value: it may come from the same places, and is masked as it may be one.
struct HeaderValue {
  void read(const Cursor&, std::string&) const;
  void write(json::Writer& out, const std::string&) const { out.string("***"); }
};

}  // namespace llmgw::config
