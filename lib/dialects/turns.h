#pragma once

#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "dialects/translation.h"

// A conversation as the dialects want it that know only a user and an assistant who take turns.
namespace llmgw::dialects {

// Where a part stood in the conversation.
struct Place {
  size_t message, part;

  std::string path() const;  // "messages[2].content[0]"
};

// A part where it will stand. Points into the conversation.
struct Placed {
  const Part* part;
  Place place;
  bool mark = false;  // a breakpoint of ours
};

struct Turn {
  bool assistant;
  std::vector<Placed> parts;  // not empty
};

struct Turns {
  std::vector<Placed> system;  // the instructions, wherever they stood
  std::vector<Turn> turns;     // never two of one role in a row
  bool mark_tools = false;     // a breakpoint of ours behind the tools
};

// What becomes of a part: it stands, nobody misses it, or its loss is a warning.
enum class Fate : uint8_t { keep, skip, drop };

// Instructions apart, roles in turn. Instructions that stood behind the first turn are warned of.
Turns take_turns(const Conversation&, Warnings&, const std::function<Fate(const Part&, bool system)>&);

// The results of tools first in their turn, right behind their calls.
void put_results_first(Turns&);

// The client's own breakpoints, else ours on what is stable: tools, instructions, the last two turns of the
// user.
void mark_stable_prefix(const Conversation&, Turns&);

// Whether the client asks the model to think.
bool wants_thinking(const Thinking&);
// Whether Claude would refuse to think now (docs.anthropic.com, "Extended thinking with tool use"): the last
// turn of the assistant called tools and lacks its sealed thoughts, since another provider wrote it; or a
// tool must be called, which leaves no room for thought.
bool claude_cannot_think(const Conversation&, const Turns&);

// For targets that cannot be held to JSON without a schema.
inline constexpr std::string_view kJsonOnly = "Answer with one JSON object and nothing else.";

}  // namespace llmgw::dialects
