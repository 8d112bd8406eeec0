#pragma once

#include <memory>
#include <string>

#include "providers/models.h"

namespace llmgw::providers {

// Facts and prices that a user imported (`llmgw models import`), kept in `data_dir`/models.tsv; they come
// before the compiled-in ones. Null when nothing was imported or `data_dir` is empty. Fails with the file and
// the line when it cannot be read.
Result<std::shared_ptr<const ModelTable>> imported_models(const std::string& data_dir);

// Replaces them, whole or not at all. `source` says in the file where they come from.
Result<void> import_models(const std::string& data_dir, std::span<const ModelRow> rows,
                           std::string_view source);

}  // namespace llmgw::providers
