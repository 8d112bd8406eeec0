#pragma once

#include <unordered_map>

#include "store/request_log.h"
#include "store/sqlite/facet.h"
#include "store/sqlite/name_ids.h"

namespace llmgw::store::sqlite {

// Writes rows of the request log through prepared statements, within the caller's transaction.
// After a transaction that was not committed it must be made anew. The Database outlives it.
class RequestWriter {
 public:
  static Result<RequestWriter> over(Database&);

  // Looks where the log stands: the first thing in every transaction.
  Result<void> begin();
  Result<void> write(const RequestRecord&);
  // The last thing in every transaction.
  Result<void> end();

 private:
  struct Statements {
    Statement state, keep_state, request, attempt, body, facet, block;
  };
  RequestWriter(Statements statements, NameIds names)
      : statements_(std::move(statements)), names_(std::move(names)) {}

  Result<void> write_request(const RequestRecord&, FacetRow&);
  Result<void> write_attempts(const RequestRecord&, FacetRow&);
  void add_facet(int64_t facet) { facets_[facet].add(row_); }
  Result<void> close_block();

  Statements statements_;
  NameIds names_;
  int64_t row_ = 0;
  int64_t names_deleted_ = -1;
  // Of the block that is being filled: what this transaction adds to it.
  int64_t block_ = -1;
  std::unordered_map<int64_t, RowSet> facets_;
  int64_t since_ = INT64_MAX, until_ = INT64_MIN;
};

}  // namespace llmgw::store::sqlite
