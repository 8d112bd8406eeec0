// Writes lib/providers/models.tsv from litellm's price list. Run by scripts/import-models.
#include <cstdio>
#include <fstream>
#include <iterator>
#include <string>

#include "providers/models.h"

int main(int argc, char** argv) {
  if (argc != 4) {
    std::fprintf(stderr, "usage: import-models PRICES.json SOURCE OUT.tsv\n");
    return 2;
  }
  std::ifstream in(argv[1], std::ios::binary);
  const std::string json{std::istreambuf_iterator<char>(in), {}};
  const auto rows = llmgw::providers::import_litellm(json);
  if (!rows) {
    std::fprintf(stderr, "import-models: %s\n", rows.error().message.c_str());
    return 1;
  }
  std::ofstream out(argv[3], std::ios::binary);
  out << llmgw::providers::to_text(*rows, argv[2]);
  out.close();
  if (!out) {
    std::fprintf(stderr, "import-models: cannot write %s\n", argv[3]);
    return 1;
  }
  std::printf("%zu models written to %s\n", rows->size(), argv[3]);
}
