#include "store/sqlite/filter_plan.h"

#include <algorithm>

#include "store/sqlite/facet.h"
#include "store/sqlite/request_id.h"
#include "store/sqlite/schema.h"

namespace llmgw::store::sqlite {
namespace {

using Blocks = std::vector<BlockRows>;  // ascending

// Of statements that select a block and the four words of its rows, in the order of blocks.
Result<Blocks> blocks(Database& database, const std::string& sql) {
  auto statement = database.prepare(sql);
  if (!statement) return fail(std::move(statement.error()));
  Blocks found;
  while (true) {
    auto more = statement->step();
    if (!more) return fail(std::move(more.error()));
    if (!*more) return found;
    auto& [block, rows] = found.emplace_back(BlockRows{.block = statement->number(0)});
    for (size_t i = 0; i < rows.words.size(); ++i)
      rows.words[i] = static_cast<uint64_t>(statement->number(static_cast<int>(i) + 1));
  }
}

Result<Blocks> with_facet(Database& database, int64_t facet) {
  return blocks(database,
                "SELECT b, r0, r1, r2, r3 FROM facet WHERE what = " + std::to_string(facet) + " ORDER BY b");
}

Blocks in_both(const Blocks& a, const Blocks& b) {
  Blocks both;
  for (size_t i = 0, k = 0; i < a.size() && k < b.size();) {
    if (a[i].block != b[k].block) {
      a[i].block < b[k].block ? ++i : ++k;
      continue;
    }
    BlockRows common = a[i++];
    common.rows &= b[k++].rows;
    if (!common.rows.empty()) both.push_back(common);
  }
  return both;
}

Blocks in_either(const Blocks& a, const Blocks& b) {
  Blocks either;
  for (size_t i = 0, k = 0; i < a.size() || k < b.size();) {
    if (k == b.size() || (i < a.size() && a[i].block < b[k].block)) {
      either.push_back(a[i++]);
    } else if (i == a.size() || b[k].block < a[i].block) {
      either.push_back(b[k++]);
    } else {
      either.push_back(a[i++]);
      either.back().rows |= b[k++].rows;
    }
  }
  return either;
}

// None for a name that was never logged.
Result<Blocks> with_name(Database& database, NameKind kind, int64_t id) {
  return id > 0 ? with_facet(database, facet(kind, id)) : Blocks{};
}

std::string sql_text(std::string_view text) {
  std::string out = "'";
  for (const char c : text) {
    if (c == '\'') out += c;
    out += c;
  }
  return out + "'";
}

std::string tried(std::string_view condition) {
  const std::string shift = std::to_string(kAttemptShift);
  return "EXISTS(SELECT 1 FROM attempt a WHERE a.at >= r.n << " + shift + " AND a.at < (r.n + 1) << " +
         shift + " AND " + std::string(condition) + ")";
}

// Gathers what each part of the filter asks for.
class Planner {
 public:
  Planner(Database& database, Names& names) : database_(database), names_(names) {}

  Result<FilterPlan> plan(const LogFilter& filter) {
    // What looks into the attempts comes last.
    for (const auto part : {&Planner::time_and_id, &Planner::columns, &Planner::provider, &Planner::model}) {
      if (auto done = (this->*part)(filter); !done) return fail(std::move(done.error()));
    }
    if (plan_.where.empty()) plan_.where = "1";
    return std::move(plan_);
  }

 private:
  void where(const std::string& condition) {
    plan_.where += (plan_.where.empty() ? "" : " AND ") + condition;
  }

  void only_in(Blocks blocks) {
    plan_.blocks = plan_.blocks ? in_both(*plan_.blocks, blocks) : std::move(blocks);
  }

  Result<void> only_in(Result<Blocks> blocks) {
    if (!blocks) return fail(std::move(blocks.error()));
    only_in(std::move(*blocks));
    return {};
  }

  Result<void> only_between(int64_t since, int64_t until) {
    return only_in(
        blocks(database_, "SELECT b, -1, -1, -1, -1 FROM block WHERE until >= " + std::to_string(since) +
                              " AND since <= " + std::to_string(until) + " ORDER BY b"));
  }

  Result<void> time_and_id(const LogFilter& filter) {
    if (filter.since || filter.until) {
      const int64_t since =
          filter.since ? unix_ms(std::chrono::ceil<std::chrono::milliseconds>(*filter.since)) : 0;
      const int64_t until =
          filter.until ? unix_ms(std::chrono::ceil<std::chrono::milliseconds>(*filter.until)) : INT64_MAX;
      where("r.arrived >= " + std::to_string(since) + " AND r.arrived < " + std::to_string(until));
      if (auto done = only_between(since, until); !done) return done;
    }
    if (filter.id.empty()) return {};
    if (auto range = ids_with_prefix(filter.id)) {
      where("r.id BETWEEN ?3 AND ?4");
      if (auto done = only_between(unix_ms(time_of(range->first)), unix_ms(time_of(range->last))); !done)
        return done;
      plan_.id_first = std::move(range->first);
      plan_.id_last = std::move(range->last);
      return {};
    }
    where("typeof(r.id) = 'text' AND substr(r.id, 1, " + std::to_string(filter.id.size()) +
          ") = " + sql_text(filter.id));
    return {};
  }

  Result<void> provider(const LogFilter& filter) {
    if (filter.provider.empty()) return {};
    auto id = names_.id(filter.provider);
    if (!id) return fail(std::move(id.error()));
    const std::string is = "provider = " + std::to_string(*id);
    where("(r." + is + " OR " + tried("a." + is) + ")");
    return only_in(with_name(database_, NameKind::provider, *id));
  }

  // "openai/gpt-4o" is the model of a provider, or a name that a client asked for; "gpt-4o" also the
  // model of whichever provider.
  Result<void> model(const LogFilter& filter) {
    if (filter.model.empty()) return {};
    auto whole = names_.id(filter.model);
    if (!whole) return fail(std::move(whole.error()));
    const std::string id = std::to_string(*whole);
    std::string condition =
        "r.model_requested = " + id + " OR r.model = " + id + " OR " + tried("a.model = " + id);
    auto found = with_name(database_, NameKind::model, *whole);
    if (!found) return fail(std::move(found.error()));
    const size_t slash = filter.model.find('/');
    if (slash != std::string::npos) {
      auto provider = names_.id(std::string_view(filter.model).substr(0, slash));
      auto model = names_.id(std::string_view(filter.model).substr(slash + 1));
      if (!provider) return fail(std::move(provider.error()));
      if (!model) return fail(std::move(model.error()));
      const std::string p = "provider = " + std::to_string(*provider),
                        m = "model = " + std::to_string(*model);
      condition += " OR (r." + p + " AND r." + m + ") OR " + tried("a." + p + " AND a." + m);
      auto more = with_name(database_, NameKind::model, *model);
      if (!more) return fail(std::move(more.error()));
      auto of_provider = with_name(database_, NameKind::provider, *provider);
      if (!of_provider) return fail(std::move(of_provider.error()));
      *found = in_either(*found, in_both(*more, *of_provider));
    }
    where("(" + condition + ")");
    only_in(std::move(*found));
    return {};
  }

  Result<void> columns(const LogFilter& filter) {
    if (!filter.virtual_key.empty()) {
      auto id = names_.id(filter.virtual_key);
      if (!id) return fail(std::move(id.error()));
      where("r.virtual_key = " + std::to_string(*id));
      if (auto done = only_in(with_name(database_, NameKind::virtual_key, *id)); !done) return done;
    }
    if (filter.error_class) {
      where("r.classes >> " + std::to_string(static_cast<int>(*filter.error_class)) + " & 1");
      if (auto done = only_in(with_facet(database_, facet(*filter.error_class))); !done) return done;
    }
    if (filter.tag) {
      const std::string tag = tag_json(filter.tag->first, filter.tag->second);
      where("instr(r.tags, " + sql_text(tag) + ") > 0");
      if (auto done = only_in(with_facet(database_, tag_facet(tag))); !done) return done;
    }
    if (filter.failed) {
      where("r.class IS NOT NULL");
      if (auto done = only_in(with_facet(database_, kFailedFacet)); !done) return done;
    }
    if (filter.fallback) {
      where("r.flags & 2");
      if (auto done = only_in(with_facet(database_, kFallbackFacet)); !done) return done;
    }
    return {};
  }

  Database& database_;
  Names& names_;
  FilterPlan plan_;
};

}  // namespace

Result<FilterPlan> plan(Database& database, Names& names, const LogFilter& filter) {
  return Planner(database, names).plan(filter);
}

std::vector<RowRun> runs(const BlockRows& of, int64_t first, int64_t last) {
  std::vector<RowRun> found;
  const int64_t begin = of.block << kBlockShift;
  for (int64_t row = std::max(first, begin); row <= std::min(last, begin + kBlockRows - 1); ++row) {
    if (!of.rows.has(row)) continue;
    if (!found.empty() && found.back().last + 1 == row) {
      found.back().last = row;
    } else {
      found.push_back({row, row});
    }
  }
  return found;
}

}  // namespace llmgw::store::sqlite
