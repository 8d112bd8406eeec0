#include "store/sqlite/request_writer.h"

#include "base/json_writer.h"
#include "base/text.h"
#include "observe/stats_builder.h"
#include "store/sqlite/request_id.h"
#include "store/sqlite/schema.h"

namespace llmgw::store::sqlite {
namespace {

// What providers and clients say is kept up to here.
constexpr size_t kLongestText = 2000;
constexpr size_t kLongestId = 200;

int64_t in_us(Duration d) {
  return std::chrono::duration_cast<std::chrono::microseconds>(d).count();
}

std::optional<int64_t> in_us(const std::optional<Duration>& d) {
  return d ? std::optional(in_us(*d)) : std::nullopt;
}

std::optional<int64_t> known(int64_t tokens) {
  return tokens >= 0 ? std::optional(tokens) : std::nullopt;
}

std::optional<int64_t> number(const std::optional<ErrorClass>& c) {
  return c ? std::optional(static_cast<int64_t>(*c)) : std::nullopt;
}

int64_t bit(ErrorClass c) {
  return int64_t{1} << static_cast<int>(c);
}

void bind_usage(Statement& statement, int first, const observe::Usage& usage) {
  statement.bind(first, known(usage.input));
  statement.bind(first + 1, known(usage.output));
  statement.bind(first + 2, known(usage.cached_input));
  statement.bind(first + 3, known(usage.cache_written));
  statement.bind(first + 4, known(usage.reasoning));
}

// Binds text up to a length; `cut` keeps it alive when it had to be cut.
void bind_limited(Statement& statement, int index, std::string_view text, size_t limit, std::string& cut) {
  if (text.size() > limit) {
    cut = shortened(text, limit);
    text = cut;
  }
  statement.bind_text_or_null(index, text);
}

}  // namespace

std::string tag_json(std::string_view name, std::string_view value) {
  std::string json;
  json::append_quoted(json, name);
  json += ':';
  json::append_quoted(json, value);
  return json;
}

Result<RequestWriter> RequestWriter::over(Database& database) {
  auto names = NameIds::over(database);
  if (!names) return fail(std::move(names.error()));
  constexpr std::string_view kSql[] = {
      "SELECT last_row, names_deleted FROM state",
      "UPDATE state SET last_row = ?",
      "INSERT INTO request VALUES(?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?)",
      "INSERT INTO attempt VALUES(?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?)",
      "INSERT INTO body VALUES(?,?,?)",
      "INSERT INTO facet VALUES(?1,?2,?3,?4,?5,?6) ON CONFLICT(what, b) DO UPDATE SET r0 = r0 | ?3, r1 = r1 "
      "| ?4, r2 = r2 | ?5, r3 = r3 | ?6",
      "INSERT INTO block VALUES(?1,?2,?3) ON CONFLICT(b) DO UPDATE SET since = min(since, ?2), until = "
      "max(until, ?3)",
  };
  std::vector<Statement> s;
  for (const auto sql : kSql) {
    auto statement = database.prepare(sql);
    if (!statement) return fail(std::move(statement.error()));
    s.push_back(std::move(*statement));
  }
  return RequestWriter({std::move(s[0]), std::move(s[1]), std::move(s[2]), std::move(s[3]), std::move(s[4]),
                        std::move(s[5]), std::move(s[6])},
                       std::move(*names));
}

Result<void> RequestWriter::begin() {
  auto found = statements_.state.step();
  if (found && *found) {
    row_ = statements_.state.number(0);
    if (const int64_t deleted = statements_.state.number(1); deleted != names_deleted_) {
      names_.forget();
      names_deleted_ = deleted;
    }
  }
  statements_.state.reset();
  if (!found) return fail(std::move(found.error()));
  return {};
}

Result<void> RequestWriter::write(const RequestRecord& record) {
  ++row_;
  if (row_ >> kBlockShift != block_) {
    if (auto done = close_block(); !done) return done;
    block_ = row_ >> kBlockShift;
  }
  FacetRow row;
  if (auto done = write_attempts(record, row); !done) return done;
  if (auto done = write_request(record, row); !done) return done;
  each_facet(row, [this](int64_t facet) { add_facet(facet); });
  if (!record.request_body.empty() || !record.response_body.empty()) {
    statements_.body.bind(1, row_);
    statements_.body.bind_blob(2, record.request_body).bind_blob(3, record.response_body);
    if (auto body = statements_.body.run(); !body) return body;
  }
  return {};
}

Result<void> RequestWriter::write_request(const RequestRecord& record, FacetRow& row) {
  const std::pair<std::string_view, int64_t*> names[] = {
      {record.request_type, &row.type},
      {record.model_requested, &row.model_requested},
      {record.route, &row.route},
      {record.provider, &row.provider},
      {record.model, &row.model},
      {record.key, &row.key},
      {record.virtual_key, &row.virtual_key},
  };
  for (const auto& [text, id] : names) {
    auto found = names_.id(text);
    if (!found) return fail(std::move(found.error()));
    *id = *found;
  }
  row.failed = record.error_class.has_value();
  row.fallback = record.fallback;
  if (record.error_class) row.classes |= bit(*record.error_class);

  std::string tags;
  for (const auto& [name, value] : record.tags) {
    const std::string tag = tag_json(name, value);
    tags += tags.empty() ? '{' : ',';
    tags += tag;
    add_facet(tag_facet(tag));
  }
  if (!tags.empty()) tags += '}';

  const auto rescue = observe::rescue(record);
  const int64_t flags = (record.stream ? 1 : 0) | (record.fallback ? 2 : 0) | (record.cut ? 4 : 0) |
                        (rescue.first_failed ? 8 : 0) | (rescue.rescued ? 16 : 0);
  const auto id = packed_id(record.id);
  const int64_t arrived = unix_ms(record.arrived);
  const int64_t made = id ? unix_ms(time_of(*id)) : arrived;
  since_ = std::min({since_, arrived, made});
  until_ = std::max({until_, arrived, made});

  std::string cut;
  Statement& s = statements_.request;
  s.bind(1, row_);
  id ? s.bind_blob(2, *id) : s.bind_text(2, record.id);
  bind_limited(s, 3, record.client_id, kLongestId, cut);
  s.bind(4, arrived).bind(5, in_us(record.took)).bind(6, in_us(record.first_content));
  s.bind(7, row.type).bind(8, row.model_requested).bind(9, row.route).bind(10, row.provider);
  s.bind(11, row.model).bind(12, row.key).bind(13, row.virtual_key);
  s.bind(14, int64_t{record.status})
      .bind(15, number(record.error_class))
      .bind(16, row.classes)
      .bind(17, flags);
  s.bind(18, in_us(rescue.after));
  bind_usage(s, 19, record.usage);
  s.bind(24, record.cost.value).bind(25, record.raced_cost.value).bind_text_or_null(26, tags);
  return s.run();
}

Result<void> RequestWriter::write_attempts(const RequestRecord& record, FacetRow& row) {
  int64_t at = row_ << kAttemptShift;
  std::string cut_id, cut_code, cut_message, cut_skipped;
  for (const auto& attempt : record.attempts) {
    if (at >= (row_ + 1) << kAttemptShift) break;
    int64_t ids[3]{};
    const std::string_view texts[3] = {attempt.provider, attempt.model, attempt.key};
    constexpr NameKind kKinds[3] = {NameKind::provider, NameKind::model, NameKind::key};
    for (int i = 0; i < 3; ++i) {
      auto id = names_.id(texts[i]);
      if (!id) return fail(std::move(id.error()));
      ids[i] = *id;
      if (*id != 0) add_facet(facet(kKinds[i], *id));
    }
    if (attempt.error_class) row.classes |= bit(*attempt.error_class);

    Statement& s = statements_.attempt;
    s.bind(1, at++).bind(2, ids[0]).bind(3, ids[1]).bind(4, ids[2]);
    s.bind(5, int64_t{attempt.status}).bind(6, number(attempt.error_class));
    s.bind(7, int64_t{(attempt.from_cache() ? 1 : 0) | (attempt.raced ? 2 : 0) |
                      (attempt.skipped.empty() ? 0 : 4) | (attempt.held_back() ? 8 : 0)});
    s.bind(8, in_us(attempt.started)).bind(9, in_us(attempt.took)).bind(10, in_us(attempt.first_content));
    s.bind(11, in_us(attempt.retry_after));
    bind_usage(s, 12, attempt.usage);
    s.bind(17, attempt.cost.value);
    bind_limited(s, 18, attempt.upstream_request_id, kLongestId, cut_id);
    bind_limited(s, 19, attempt.code, kLongestId, cut_code);
    bind_limited(s, 20, attempt.message, kLongestText, cut_message);
    bind_limited(s, 21, attempt.skipped, kLongestText, cut_skipped);
    if (auto done = s.run(); !done) return done;
  }
  return {};
}

Result<void> RequestWriter::close_block() {
  for (const auto& [facet, rows] : facets_) {
    statements_.facet.bind(1, facet).bind(2, block_);
    for (size_t i = 0; i < rows.words.size(); ++i)
      statements_.facet.bind(static_cast<int>(i) + 3, static_cast<int64_t>(rows.words[i]));
    if (auto done = statements_.facet.run(); !done) return done;
  }
  facets_.clear();
  if (since_ > until_) return {};
  statements_.block.bind(1, block_).bind(2, since_).bind(3, until_);
  since_ = INT64_MAX;
  until_ = INT64_MIN;
  return statements_.block.run();
}

Result<void> RequestWriter::end() {
  if (auto done = close_block(); !done) return done;
  statements_.keep_state.bind(1, row_);
  return statements_.keep_state.run();
}

}  // namespace llmgw::store::sqlite
