#include "dialects/multipart.h"

#include "base/text.h"
#include "dialects/form_scanner.h"

namespace llmgw::dialects {

Result<std::vector<FormField>> scan_form(std::string_view content_type, std::string_view body) {
  auto scanner = FormScanner::make(content_type);
  if (!scanner) return fail(std::move(scanner.error()));
  if (auto fed = scanner->feed(body); !fed) return fail(std::move(fed.error()));
  return scanner->finish();
}

Result<std::vector<FormField>> scan_form(std::string_view content_type, const net::BodyFile& body) {
  constexpr size_t kPiece = 256 << 10;
  auto scanner = FormScanner::make(content_type);
  if (!scanner) return fail(std::move(scanner.error()));
  for (uint64_t at = 0; at < body.size();) {
    const auto bytes = body.read_blocking(at, kPiece);
    if (!bytes) return fail(bytes.error());
    if (auto fed = scanner->feed(*bytes); !fed) return fail(std::move(fed.error()));
    at += bytes->size();
  }
  return scanner->finish();
}

Result<void> read_form(std::vector<FormField> fields, Request& request) {
  request.once = true;
  bool model = false;
  for (const FormField& field : fields) {
    if (field.name == "model") {
      if (model) return fail(ErrorClass::bad_request, "'model' stands twice in the form");
      model = true;
      if (!printable(field.value)) return fail(ErrorClass::bad_request, "'model' has control characters");
      request.model = field.value;
    } else if (field.name == "fallbacks" || field.name == "fallbacks[]") {
      if (!request.fallbacks) request.fallbacks.emplace();
      for (auto entry : split(field.value, ',')) request.fallbacks->emplace_back(entry);
    } else if (field.name == "stream") {
      request.stream = field.value == "true";
    }
  }
  // Uploads name no model; what names one (audio, images) makes nothing that a second call would double.
  if (model) request.once = false;
  request.form = std::move(fields);
  return {};
}

std::vector<net::FileBody::Change> form_changes(const Request& request, std::string_view model) {
  std::vector<net::FileBody::Change> changes;
  for (const FormField& field : request.form) {
    if (field.name == "model") {
      if (field.value != model) changes.push_back({field.value_begin, field.value_end, std::string(model)});
    } else if (field.name != "stream") {
      changes.push_back({field.begin, field.end, {}});
    }
  }
  return changes;
}

std::string changed(std::string_view body, const std::vector<net::FileBody::Change>& changes) {
  std::string out;
  size_t copied = 0;
  for (const auto& change : changes) {
    out.append(body, copied, change.begin - copied).append(change.text);
    copied = change.end;
  }
  return out.append(body, copied);
}

}  // namespace llmgw::dialects
