#include "engine/model_lists.h"

#include <algorithm>
#include <exception>

#include "net/whole_reply.h"
#include "providers/model_listing.h"

namespace llmgw::engine {
namespace {

using Models = std::vector<std::string>;

constexpr size_t kLargestPage = 8 << 20;
constexpr int kMostPages = 20;

// The first key that does not rest whole; null: every one does, or the provider needs none.
const config::Key* awake_key(const World& world, const routing::Upstream& upstream) {
  for (size_t i = 0; i < upstream.keys.size(); ++i) {
    if (!world.rests.get(upstream.keys.rest_names(i).key, world.fibers.wall())) return &upstream.keys.key(i);
  }
  return nullptr;
}

Result<std::string> get(const World& world, const routing::Upstream& upstream, dialects::Dialect dialect,
                        std::string path, TimePoint by) {
  const auto& provider = *upstream.provider;
  const config::Key* key = awake_key(world, upstream);
  if (key == nullptr && upstream.keys.size() > 0) return fail(ErrorClass::rate_limit, "every key rests");
  net::Call call{.endpoint = &provider.endpoint(dialect),
                 .method = "GET",
                 .target = std::move(path),
                 .headers = {},
                 .body = {},
                 .upload = {},
                 .connect = by - world.fibers.now(),
                 .deadline = by};
  call.headers.add("Accept", "application/json");
  call.headers.add("Accept-Encoding", "identity");
  provider.authorize(call.headers, key, dialect);
  auto reply = net::whole_reply(world.transport, std::move(call), by, kLargestPage);
  if (!reply) return fail(std::move(reply.error()));
  if (reply->status != 200)
    return fail(ErrorClass::invalid_response, "status " + std::to_string(reply->status));
  return std::move(reply->body);
}

Result<Models> list_of(const World& world, const routing::Upstream& upstream, TimePoint by) {
  const auto dialect = *providers::listing_dialect(*upstream.provider);
  Models models;
  std::string next;
  for (int pages = 0; pages < kMostPages; ++pages) {
    auto body = get(world, upstream, dialect, listing_path(*upstream.provider, dialect, next), by);
    if (!body) return fail(std::move(body.error()));
    auto page = providers::read_model_page(dialect, *body);
    if (!page) return fail(std::move(page.error()));
    std::ranges::move(page->models, std::back_inserter(models));
    if (page->next.empty() || page->next == next) break;
    next = std::move(page->next);
  }
  return models;
}

void ask(const World& world, const routing::Upstream& upstream, const std::string& name, TimePoint by) {
  Result<Models> models = fail(ErrorClass::server_error, "an exception came through");
  try {
    models = list_of(world, upstream, by);
  } catch (const std::exception&) {  // a fiber's function must not throw: it has failed, which is kept below
  }
  auto& live = world.state.live_models;
  models ? live.told(name, std::move(*models)) : live.failed(name, world.fibers.now());
}

}  // namespace

void ask_for_models(const World& world, const routing::Topology& topology, Lists lists, Duration patience) {
  auto& live = world.state.live_models;
  const TimePoint now = world.fibers.now();
  const TimePoint by = after(now, patience);
  net::Event told(world.fibers);
  std::vector<net::Fiber*> asking;
  size_t left = 0;
  for (const auto& upstream : topology.upstreams()) {
    if (!providers::listing_dialect(*upstream->provider)) continue;
    const std::string name = routing::live_name(*upstream->provider);
    if (lists == Lists::missing && live.of(name) != nullptr) continue;
    const Duration fresh =
        lists == Lists::recent ? routing::LiveModels::kPatience : routing::LiveModels::kFresh;
    if (!live.claim(name, now, fresh)) continue;
    ++left;
    const size_t mine = asking.size();
    asking.push_back(world.fibers.spawn([&, &upstream = *upstream, name, by, mine] {
      ask(world, upstream, name, by);
      asking[mine] = nullptr;
      --left;
      told.notify_all();
    }));
  }
  while (left > 0) {
    if (told.wait(kNever) != net::Wake::cancelled) continue;
    // Whoever wanted to know has left. They hold what stands on this stack: they end first.
    for (auto* fiber : asking) {
      if (fiber != nullptr) world.fibers.cancel(fiber, net::CancelCause::raced);
    }
    const net::Scheduler::Shield shield(world.fibers);
    while (left > 0) (void)told.wait(kNever);
  }
}

}  // namespace llmgw::engine
