#include "config/find.h"

namespace llmgw::config {
namespace {

// The XDG Base Directory Specification: a value that is not absolute is to be ignored.
std::optional<std::string> absolute(const Environment& environment, const std::string& name) {
  auto value = environment.variable(name);
  if (value && value->starts_with('/')) return value;
  return std::nullopt;
}

}  // namespace

std::optional<std::string> find_file(std::string_view flag, const Environment& environment) {
  if (!flag.empty()) return std::string(flag);
  if (auto named = environment.variable("LLMGW_CONFIG"); named && !named->empty()) return named;
  if (environment.exists("llmgw.toml")) return "llmgw.toml";
  std::optional<std::string> folder = absolute(environment, "XDG_CONFIG_HOME");
  if (!folder) {
    if (auto home = absolute(environment, "HOME")) folder = *home + "/.config";
  }
  if (folder && environment.exists(*folder + "/llmgw/llmgw.toml")) return *folder + "/llmgw/llmgw.toml";
  return std::nullopt;
}

std::optional<std::string> default_data_dir(const Environment& environment) {
  if (auto data = absolute(environment, "XDG_DATA_HOME")) return *data + "/llmgw";
  if (auto home = absolute(environment, "HOME")) return *home + "/.local/share/llmgw";
  return std::nullopt;
}

std::optional<std::string> resolve_path(std::string_view path, std::string_view folder,
                                        const Environment& environment) {
  if (path == "~" || path.starts_with("~/")) {
    auto home = absolute(environment, "HOME");
    if (!home) return std::nullopt;
    return *home + std::string(path.substr(1));
  }
  if (path.starts_with('/') || folder.empty()) return std::string(path);
  return std::string(folder) + (folder.ends_with('/') ? "" : "/") + std::string(path);
}

std::string folder_of(std::string_view path) {
  const auto slash = path.rfind('/');
  if (slash == path.npos) return {};
  return std::string(path.substr(0, slash == 0 ? 1 : slash));
}

}  // namespace llmgw::config
