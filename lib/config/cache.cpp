#include "config/check.h"
#include "config/section.h"
#include "config/types.h"

namespace llmgw::config {
namespace {

constexpr auto kMode = words<CacheMode>(
    {{"off", CacheMode::off}, {"exact", CacheMode::exact}, {"semantic", CacheMode::semantic}});
constexpr auto kShare =
    words<CacheShare>({{"key", CacheShare::key}, {"team", CacheShare::team}, {"all", CacheShare::all}});

}  // namespace

void cache_section(Fields& f, Cache& cache) {
  f.field("mode", cache.mode, kMode);
  f.field("ttl", cache.ttl, Time{.min = 1s});
  f.field("max_size", cache.max_size, Size{.min = 64 << 10});
  f.field("embedder", cache.embedder, Text{check::model});
  f.field("threshold", cache.threshold, Number{.max = 1});
  f.field("share", cache.share, kShare);
  f.field("serve_stale", cache.serve_stale, Time{});
}

}  // namespace llmgw::config
