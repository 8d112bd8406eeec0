#include "providers/imported_models.h"

#include <filesystem>
#include <fstream>
#include <sstream>

namespace llmgw::providers {
namespace {

std::string file_in(const std::string& data_dir) {
  return data_dir + "/models.tsv";
}

}  // namespace

Result<std::shared_ptr<const ModelTable>> imported_models(const std::string& data_dir) {
  if (data_dir.empty()) return nullptr;
  std::ifstream in(file_in(data_dir));
  if (!in) return nullptr;
  std::stringstream text;
  text << in.rdbuf();
  auto rows = from_text(text.str());
  if (!rows) {
    return fail(ErrorClass::bad_request, file_in(data_dir) + ": " + rows.error().message +
                                             "; import the price list again, or remove the file");
  }
  return std::make_shared<const ModelTable>(std::move(*rows));
}

Result<void> import_models(const std::string& data_dir, std::span<const ModelRow> rows,
                           std::string_view source) {
  std::error_code error;
  std::filesystem::create_directories(data_dir, error);
  const std::string file = file_in(data_dir), fresh = file + ".new";
  std::ofstream out(fresh, std::ios::trunc);
  out << to_text(rows, source);
  out.close();
  if (!out) return fail(ErrorClass::bad_request, "cannot write " + fresh);
  std::filesystem::rename(fresh, file, error);
  if (error) return fail(ErrorClass::bad_request, "cannot replace " + file + ": " + error.message());
  return {};
}

}  // namespace llmgw::providers
