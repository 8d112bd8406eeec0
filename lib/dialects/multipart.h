#pragma once

#include "dialects/request.h"

namespace llmgw::dialects {

// The fields of a multipart/form-data body (RFC 7578) that the gateway acts on, wherever they stand in it:
// see FormScanner. Errors: bad_request; of a file also what reading it says. The second reads a file and
// blocks: it is for a worker thread.
Result<std::vector<FormField>> scan_form(std::string_view content_type, std::string_view body);
Result<std::vector<FormField>> scan_form(std::string_view content_type, const net::BodyFile& body);

// Takes `model`, `fallbacks` (repeated or comma-separated) and `stream` over into the request, and keeps the
// fields in request.form. Errors: bad_request.
Result<void> read_form(std::vector<FormField> fields, Request& request);

// What must change in the form for another model and without the gateway's own fields.
std::vector<net::FileBody::Change> form_changes(const Request&, std::string_view model);
// `body` so changed.
std::string changed(std::string_view body, const std::vector<net::FileBody::Change>& changes);

}  // namespace llmgw::dialects
