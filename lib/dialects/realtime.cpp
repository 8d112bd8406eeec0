#include "dialects/realtime.h"

#include <algorithm>
#include <array>

#include "dialects/openai.h"

namespace llmgw::dialects {
namespace {

constexpr std::array<std::string_view, 3> kEnds = {"response.done", "response.completed",
                                                   "response.incomplete"};

void add(int64_t count, int64_t& total) {
  if (count >= 0) total = std::max<int64_t>(total, 0) + count;
}

}  // namespace

void add_realtime_usage(std::string_view message, observe::Usage& total) {
  // Most messages are pieces of audio.
  if (std::ranges::none_of(kEnds, [&](auto end) { return message.find(end) != std::string_view::npos; }))
    return;
  const auto doc = json::Doc::parse(message, {.allow_lone_surrogates = true});
  if (!doc) return;
  const auto type = doc->root()["type"];
  if (std::ranges::none_of(kEnds, [&](auto end) { return type.says(end); })) return;
  observe::Usage usage;
  read_openai_usage(doc->root()["response"]["usage"], usage);
  add(usage.input, total.input);
  add(usage.output, total.output);
  add(usage.cached_input, total.cached_input);
  add(usage.cache_written, total.cache_written);
  add(usage.reasoning, total.reasoning);
}

}  // namespace llmgw::dialects
