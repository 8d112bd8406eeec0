#include "dialects/multipart.h"

#include "base/text.h"

namespace llmgw::dialects {
namespace {

struct Part {
  std::string_view name;
  std::string_view value;
  size_t begin = 0, end = 0;  // the whole part in the body, its leading delimiter included
};

std::string_view parameter(std::string_view field, std::string_view name) {
  for (size_t at = field.find(';'); at != std::string_view::npos; at = field.find(';', at + 1)) {
    auto rest = trim(field.substr(at + 1));
    if (rest.size() <= name.size() || !iequals(rest.substr(0, name.size()), name) || rest[name.size()] != '=')
      continue;
    rest.remove_prefix(name.size() + 1);
    if (rest.starts_with('"'))
      return rest.substr(1, rest.find('"', 1) == std::string_view::npos ? 0 : rest.find('"', 1) - 1);
    return trim(rest.substr(0, rest.find(';')));
  }
  return {};
}

Result<std::vector<Part>> parts(std::string_view content_type, std::string_view body) {
  const auto boundary = parameter(content_type, "boundary");
  if (boundary.empty() || boundary.size() > 70) {
    return fail(ErrorClass::bad_request, "the multipart body's Content-Type names no boundary (RFC 7578)");
  }
  const std::string delimiter = "--" + std::string(boundary);
  std::vector<Part> found;
  size_t at = body.find(delimiter);
  while (at != std::string_view::npos) {
    const size_t head = at + delimiter.size();
    if (body.substr(head, 2) == "--") return found;
    const size_t blank = body.find("\r\n\r\n", head);
    const size_t next = blank == std::string_view::npos ? blank : body.find("\r\n" + delimiter, blank + 2);
    if (next == std::string_view::npos) break;
    Part part;
    part.begin = at;
    part.end = next + 2;
    part.value = next > blank + 4 ? body.substr(blank + 4, next - blank - 4) : std::string_view{};
    auto lines = body.substr(head, blank - head);
    while (!lines.empty()) {
      const size_t stop = lines.find("\r\n");
      const auto line = lines.substr(0, stop);
      if (line.size() > 20 && iequals(line.substr(0, 20), "content-disposition:"))
        part.name = parameter(line, "name");
      if (stop == std::string_view::npos) break;
      lines.remove_prefix(stop + 2);
    }
    found.push_back(part);
    if (found.size() > 256)
      return fail(ErrorClass::bad_request, "the multipart body has more than 256 parts");
    at = part.end;
  }
  return fail(ErrorClass::bad_request, "the multipart body does not end with its closing boundary");
}

}  // namespace

Result<void> read_multipart(std::string_view content_type, Request& request) {
  const auto found = parts(content_type, request.body);
  if (!found) return fail(found.error());
  request.once = true;
  bool model = false;
  for (const Part& part : *found) {
    if (part.name == "model") {
      if (model) return fail(ErrorClass::bad_request, "'model' stands twice in the form");
      model = true;
      if (!printable(part.value)) return fail(ErrorClass::bad_request, "'model' has control characters");
      request.model = part.value;
    } else if (part.name == "fallbacks" || part.name == "fallbacks[]") {
      if (!request.fallbacks) request.fallbacks.emplace();
      for (auto entry : split(part.value, ',')) request.fallbacks->emplace_back(entry);
    } else if (part.name == "stream") {
      request.stream = part.value == "true";
    }
  }
  // Uploads name no model; what names one (audio, images) makes nothing that a second call would double.
  if (model) request.once = false;
  return {};
}

std::string edit_multipart(const Request& request, std::string_view model) {
  const auto found = parts(request.headers.get("content-type"), request.body);
  if (!found) return request.body;
  std::string out;
  size_t copied = 0;
  for (const Part& part : *found) {
    if (part.name == "model" && part.value != model) {
      const size_t at = static_cast<size_t>(part.value.data() - request.body.data());
      out.append(request.body, copied, at - copied).append(model);
      copied = at + part.value.size();
    } else if (part.name == "fallbacks" || part.name == "fallbacks[]" || part.name == "fallback_on") {
      out.append(request.body, copied, part.begin - copied);
      copied = part.end;
    }
  }
  return out.append(request.body, copied);
}

}  // namespace llmgw::dialects
