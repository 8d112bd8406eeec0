#include "config/secret_source.h"

#include <algorithm>

#include "base/text.h"
#include "config/check.h"
#include "config/find.h"
#include "config/unbuilt.h"

namespace llmgw::config {
namespace {

bool variable_name(std::string_view text) {
  if (text.empty() || (text[0] >= '0' && text[0] <= '9')) return false;
  return std::ranges::all_of(text, [](char c) {
    return (lower(c) >= 'a' && lower(c) <= 'z') || (c >= '0' && c <= '9') || c == '_';
  });
}

// A credential file of Google's: a JSON object, which no header carries as it is.
bool credential_file(std::string_view value) {
  const size_t first = value.find_first_not_of(" \t\r\n"), last = value.find_last_not_of(" \t\r\n");
  return first != value.npos && value[first] == '{' && value[last] == '}';
}

// A secret goes into a header: a control character in it is a file with more than the
// secret, or an attack.
Secret checked(const Cursor& at, std::string value, std::string_view source, Form form) {
  if (value.empty()) {
    at.wrong(std::string(source) + " is empty");
  } else if (check::header_value(value) && (form == Form::header || !credential_file(value))) {
    at.wrong(std::string(source) + " holds a line break or another control character");
  } else {
    return Secret(std::move(value));
  }
  return {};
}

Found from_variable(const Cursor& at, const std::string& name, Missing missing, Form form) {
  if (!variable_name(name)) {
    at.wrong("'env:' must be followed by a variable's name, as in env:OPENAI_API_KEY");
    return {};
  }
  auto value = at.session().environment.variable(name);
  if (value && !value->empty()) return {.value = checked(at, std::move(*value), "$" + name, form)};
  if (at.session().options.secrets == Secrets::optional) return {};
  if (missing == Missing::error) {
    at.wrong("$" + name + " is not set");
    return {};
  }
  at.warn("$" + name + " is not set: this key is left out");
  return {.value = {}, .unset = true};
}

Found from_file(const Cursor& at, std::string_view name, Form form) {
  Session& session = at.session();
  const auto path = name.empty() ? std::nullopt : resolve_path(name, session.folder, session.environment);
  if (!path) {
    at.wrong("'file:' must be followed by a path, as in file:/run/secrets/key");
    return {};
  }
  session.files.push_back(*path);
  auto text = session.environment.read_file(*path);
  if (!text) {
    if (session.options.secrets == Secrets::required) at.wrong(*path + " " + text.error().message);
    return {};
  }
  if (text->ends_with('\n')) text->pop_back();
  if (text->ends_with('\r')) text->pop_back();
  return {.value = checked(at, std::move(*text), *path, form)};
}

// Only the form: a secret of Vault is fetched at run time.
Found from_vault(const Cursor& at, std::string_view name) {
  const auto slash = name.find('/'), hash = name.find('#');
  if (slash == 0 || hash == name.npos || slash == name.npos || hash <= slash + 1 || hash + 1 == name.size()) {
    at.wrong("'vault:' must be followed by MOUNT/PATH#FIELD, as in vault:secret/llm#openai");
  } else if (const auto later = unbuilt("vault"); later && at.session().options.refuse_unbuilt) {
    at.wrong("not built yet: " + std::string(*later));
  }
  return {};
}

}  // namespace

Found read_secret(const Cursor& at, Missing missing, Form form) {
  const auto* text = at.string("a secret: a text, \"env:NAME\" or \"file:PATH\"");
  if (!text) return {};
  if (text->starts_with("env:")) return from_variable(at, text->substr(4), missing, form);
  if (text->starts_with("file:")) return from_file(at, std::string_view(*text).substr(5), form);
  if (text->starts_with("vault:")) return from_vault(at, std::string_view(*text).substr(6));
  if (at.session().literal_secret.line == 0) at.session().literal_secret = at.node().at;
  return {.value = checked(at, *text, "the secret", form)};
}

void SecretText::write(json::Writer& out, const Secret& value) const {
  if (value.empty()) {
    out.null();
  } else {
    out.string("***");
  }
}

void KeySecret::read(const Cursor& at, Key& key) const {
  const bool value = part == &Key::value;
  Found found = read_secret(at, Missing::leave, value ? Form::credential_file : Form::header);
  key.*part = std::move(found.value);
  key.unset = key.unset || found.unset;
}

void HashedSecret::read(const Cursor& at, std::string& sha256) const {
  if (at.node().kind == Node::Kind::string && at.node().text.starts_with("sha256:")) {
    const std::string hex = to_lower(at.node().text.substr(7));
    if (hex.size() != 64 || hex.find_first_not_of("0123456789abcdef") != hex.npos) {
      at.wrong("'sha256:' must be followed by 64 hex digits");
      return;
    }
    sha256 = hex;
    return;
  }
  const Secret value = read_secret(at, Missing::error).value;
  if (!value.empty()) sha256 = sha256_hex(value.reveal());
}

void HashedSecret::write(json::Writer& out, const std::string& sha256) const {
  SecretText{}.write(out, Secret(sha256));
}

void HeaderValue::read(const Cursor& at, std::string& value) const {
  const auto* text = at.string();
  if (!text) return;
  if (text->starts_with("env:") || text->starts_with("file:") || text->starts_with("vault:")) {
    value = read_secret(at, Missing::error).value.reveal();
  } else if (const auto wrong = check::header_value(*text)) {
    at.wrong(*wrong);
  } else {
    value = *text;
  }
}

}  // namespace llmgw::config
