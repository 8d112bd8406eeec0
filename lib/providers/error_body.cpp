#include "providers/error_body.h"

#include "base/text.h"
#include "providers/wait.h"

namespace llmgw::providers {
namespace {

using json::Kind;
using json::Value;

constexpr int kDeepest = 4;  // errors within errors

// A string's text, a number's digits, else nothing.
std::string scalar(Value v) {
  if (v.is(Kind::string)) return v.text();
  if (v.is(Kind::number)) return std::string(v.raw());
  return {};
}

void set_if_empty(std::string& field, std::string value) {
  if (field.empty()) field = std::move(value);
}

void read_object(Value o, ErrorBody& out, int depth);

// FastAPI's: [{"type": "extra_forbidden", "loc": ["body", "store"], "msg": "…"}]
void read_detail_list(Value list, ErrorBody& out, int depth) {
  std::string message;
  for (const auto& item : list.elements()) {
    if (!item.value.is(Kind::object)) continue;
    const Value msg = item.value["msg"];
    if (!msg.is(Kind::string)) {
      read_object(item.value, out, depth);
      return;
    }
    std::string path;
    std::string field;
    for (const auto& loc : item.value["loc"].elements()) {
      const std::string part = scalar(loc.value);
      if (part == "body" || part.empty()) continue;
      if (field.empty()) field = part;
      path += (path.empty() ? "" : ".") + part;
    }
    message += (message.empty() ? "" : "; ") + msg.text() + (path.empty() ? "" : ": " + path);
    set_if_empty(out.param, field);
    set_if_empty(out.type, item.value["type"].text());
  }
  set_if_empty(out.message, std::move(message));
}

void read_message(Value v, ErrorBody& out, int depth) {
  if (v.is(Kind::string)) {
    set_if_empty(out.message, v.text());
  } else if (v.is(Kind::array)) {
    read_detail_list(v, out, depth);
  } else if (v.is(Kind::object) && depth < kDeepest) {
    read_object(v, out, depth + 1);
  }
}

// google.rpc details: ErrorInfo.reason, RetryInfo.retryDelay.
void read_google_details(Value details, ErrorBody& out) {
  for (const auto& d : details.elements()) {
    set_if_empty(out.reason, d.value["reason"].text());
    if (const auto delay = d.value["retryDelay"].string()) out.retry_after = parse_wait(*delay);
  }
}

// OpenRouter's: what the provider behind it said.
void read_metadata(Value metadata, ErrorBody& out, int depth) {
  set_if_empty(out.reason, metadata["error_type"].text());
  if (metadata["flagged_input"] || metadata["reasons"].is(Kind::array))
    set_if_empty(out.reason, "flagged_input");
  const std::string raw = metadata["raw"].text();
  if (raw.empty() || depth >= kDeepest) return;
  if (const auto inner = json::Doc::parse(raw, {.max_depth = 64, .allow_lone_surrogates = true})) {
    ErrorBody nested;
    read_object(inner->root(), nested, depth + 1);
    out.nested = nested.message + "\n" + nested.code + "\n" + nested.type;
  } else {
    out.nested = raw;
  }
}

void read_object(Value o, ErrorBody& out, int depth) {
  if (depth > kDeepest) return;
  if (o.is(Kind::array)) o = o.at(0);  // Gemini's streams
  if (!o.is(Kind::object)) return;

  const Value error = o["error"];
  if (error.is(Kind::object)) {
    out.is_error = true;
    read_object(error, out, depth + 1);
  } else if (error.is(Kind::string)) {
    out.is_error = true;
    // {"error": "Too Many Requests", "message": "You have…"}: the longer text is the message.
    if (o["message"].is(Kind::string)) {
      read_message(o["message"], out, depth);
      set_if_empty(out.code, error.text());
    } else {
      read_message(error, out, depth);
    }
  }
  // {"type": "response.failed", "response": {"error": {…}}}
  if (const Value inner = o["response"]["error"]; inner.is(Kind::object)) {
    out.is_error = true;
    read_object(inner, out, depth + 1);
  }

  for (std::string_view name :
       {"message", "Message", "detail", "msg", "error_message", "title", "error_description"}) {
    if (out.message.empty()) read_message(o[name], out, depth);
  }
  if (o["object"].says("error") || o["type"].says("error")) out.is_error = true;
  for (std::string_view name : {"code", "__type", "error_code"}) set_if_empty(out.code, scalar(o[name]));
  if (!o["type"].says("error")) set_if_empty(out.type, o["type"].text());
  set_if_empty(out.type, o["status"].text());
  set_if_empty(out.param, o["param"].text());
  set_if_empty(out.reason, o["reason"].text());
  set_if_empty(out.reason, o["error_type"].text());
  set_if_empty(out.reason, o["innererror"]["code"].text());
  read_google_details(o["details"], out);
  read_metadata(o["metadata"], out, depth);
  for (std::string_view name : {"retry_after", "retry_after_seconds", "resets_in_seconds"}) {
    if (const Value wait = o[name]; wait && !out.retry_after) out.retry_after = parse_wait(scalar(wait));
  }
}

// A page's title, else its words.
std::string words_of(std::string_view text) {
  const std::string low = to_lower(text);
  if (const size_t open = low.find("<title>"); open != std::string::npos) {
    const size_t close = low.find("</title>", open);
    if (close != std::string::npos) text = text.substr(open + 7, close - open - 7);
  }
  std::string out;
  bool tag = false, space = false;
  for (char c : text) {
    if (c == '<') tag = true;
    if (!tag) {
      const bool blank = static_cast<unsigned char>(c) <= ' ';
      if (!blank && space && !out.empty()) out += ' ';
      if (!blank) out += c;
      space = blank;
    }
    if (c == '>') tag = false, space = true;
    if (out.size() > 500) break;
  }
  return out;
}

}  // namespace

ErrorBody read_error_value(json::Value value) {
  ErrorBody out;
  read_object(value, out, 0);
  return out;
}

ErrorBody read_error_body(const net::Headers& headers, std::string_view body) {
  ErrorBody out;
  body = body.substr(0, 1 << 20);
  const auto doc = json::Doc::parse(body, {.max_depth = 128, .allow_lone_surrogates = true});
  if (doc && doc->root().is(Kind::string)) {
    out.message = doc->root().text();
  } else if (doc) {
    out = read_error_value(doc->root());
  } else {
    out.message = words_of(body.substr(0, 64 * 1024));
  }
  // AWS: "ValidationException:http://internal.amazon.com/…"
  if (const std::string_view name = headers.get("x-amzn-errortype"); !name.empty()) {
    out.code = name.substr(0, name.find(':'));
  }
  if (const size_t hash = out.code.rfind('#'); hash != std::string::npos) out.code.erase(0, hash + 1);
  return out;
}

}  // namespace llmgw::providers
