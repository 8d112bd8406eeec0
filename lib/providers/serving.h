#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "providers/models.h"

namespace llmgw::providers {

// The kinds of provider that serve a bare model name: its vendor first, then the others that list it under
// exactly that name, in the catalog's order. Empty: nobody that we know.
std::vector<std::string_view> who_serves(std::string_view model);

// What to do about a kind of provider that the catalog has and the config has not: "groq is known but not
// configured: set GROQ_API_KEY". `from_file`: the config is a file, which environment variables add nothing
// to. Empty: there is no such kind.
std::string why_not_configured(std::string_view kind, bool from_file);

// A model that may stand in for another.
struct Equivalent {
  std::string_view kind, model;
  bool same = false;  // the same model at another provider; else one of the same class

  friend bool operator==(const Equivalent&, const Equivalent&) = default;
};

// What `fallbacks = "auto"` tries for a chat model of that kind, best first: the same model at every other
// kind of provider (one name each), then the models of its class, by other vendors first. Embeddings have
// none: mixed vectors corrupt a store. The classes are our judgement of price and ability, not a vendor's
// word.
std::vector<Equivalent> equivalents(std::string_view kind, std::string_view model);

// The class of a model, "small", "large" or "reasoning"; empty: none is known.
std::string_view model_class(std::string_view model);

}  // namespace llmgw::providers
