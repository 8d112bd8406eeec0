#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "config/environment.h"

namespace llmgw::config {

// Which config file to use: `flag` (-c), else $LLMGW_CONFIG, else ./llmgw.toml, else
// $XDG_CONFIG_HOME/llmgw/llmgw.toml, else ~/.config/llmgw/llmgw.toml. One that is named
// outright need not exist: loading it says so. None: build one from the environment.
std::optional<std::string> find_file(std::string_view flag, const Environment&);

// Where state is kept unless the file says otherwise: $XDG_DATA_HOME/llmgw, else
// ~/.local/share/llmgw. None when there is no home.
std::optional<std::string> default_data_dir(const Environment&);

// `path` with a leading "~" expanded, and a relative one taken from `folder` (the config
// file's; may be empty). None when "~" is used and there is no home.
std::optional<std::string> resolve_path(std::string_view path, std::string_view folder, const Environment&);

// The folder of a file's path: "" for a bare name, "/" for one in the root.
std::string folder_of(std::string_view path);

}  // namespace llmgw::config
