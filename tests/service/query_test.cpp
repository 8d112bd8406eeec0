#include "service/query.h"

#include <doctest/doctest.h>

using namespace llmgw::service;

TEST_CASE(
    "a client's credential and Azure's api-version stay here, the rest of a query goes upstream as it came") {
  struct Case {
    std::string_view query, forwarded;
  };
  for (const auto& [query, forwarded] : {Case{"", ""},
                                         {"limit=2&after=x%20y", "limit=2&after=x%20y"},
                                         {"key=sk-own", ""},
                                         {"limit=2&key=sk-own&after=x", "limit=2&after=x"},
                                         {"api-version=2024-10-21&limit=2", "limit=2"},
                                         {"%6bey=sk-own&a", "a"},
                                         {"keys=1&monkey=2", "keys=1&monkey=2"}}) {
    CAPTURE(query);
    CHECK(forwarded_query(query) == forwarded);
  }
}
