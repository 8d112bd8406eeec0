#include "providers/imported_models.h"

#include <doctest/doctest.h>

#include <fstream>

#include "tests/store/temporary_directory.h"

using namespace llmgw;
using namespace llmgw::providers;

TEST_CASE("an imported price list comes back, and a broken one is named by its line") {
  const TemporaryDirectory directory;
  CHECK(imported_models("").value() == nullptr);
  CHECK(imported_models(directory.path()).value() == nullptr);

  const auto rows =
      import_litellm(R"({"gpt-new": {"litellm_provider": "openai", "mode": "chat", "max_input_tokens": 5,
      "input_cost_per_token": 0.000001, "output_cost_per_token": 0.000002}})");
  REQUIRE(rows);
  REQUIRE(rows->size() == 1);
  REQUIRE(import_models(directory.path(), *rows, "a test"));
  const auto table = imported_models(directory.path()).value();
  REQUIRE(table != nullptr);
  const auto* facts = table->find("openai", "gpt-new");
  REQUIRE(facts != nullptr);
  CHECK(facts->context == 5);
  CHECK(facts->price.rates.input->value == 1'000'000);

  std::ofstream(directory.file("models.tsv")) << "nonsense\n";
  const auto broken = imported_models(directory.path());
  REQUIRE_FALSE(broken);
  CHECK(broken.error().message.find("models.tsv: model facts, line 1") != std::string::npos);
}
