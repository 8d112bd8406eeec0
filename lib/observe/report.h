#pragma once

#include <span>
#include <string>

#include "observe/record.h"
#include "observe/stats.h"
#include "observe/table.h"

// What the commands print of records and figures. Text ends in '\n'. Times are UTC.
namespace llmgw::observe {

// The attempts of one request: `logs --request`, `ask --explain`.
std::string trail_table(std::span<const AttemptRecord> attempts, const Look&);

// Requests in the order given: `logs`.
std::string requests_table(std::span<const RequestRecord> requests, const Look&);

// All of one request, with its trail: `logs --request ID`.
std::string request_page(const RequestRecord&, const Look&);

// `logs --csv`: RFC 4180, a row a request, under these headings.
std::string csv_heading();
std::string csv_row(const RequestRecord&);

// `logs --json`: one line; attempts have the names of `extra_fields.attempts`, `bodies` those that
// were kept.
std::string json_row(const RequestRecord&);

// `stats`: what needs a person, the figures, failures by provider and class, the groups, and (asked
// for) the unclassified shapes.
std::string stats_page(const Stats&, StatsBy by, bool unclassified, const Look&);
std::string stats_json(const Stats&, StatsBy by);

// For people: "4.2 ms", "3.41 s", "2m 05s"; "$0.00012", "$12.40".
std::string shown(Duration);
std::string shown(NanoUsd);

}  // namespace llmgw::observe
