#include "config/load.h"

#include <algorithm>

#include "config/find.h"
#include "config/reference.h"
#include "config/section.h"
#include "config/types.h"
#include "config/unbuilt.h"

namespace llmgw::config {
namespace {

Loaded refused(Problem problem, std::vector<std::string> files) {
  return {.config = nullptr, .problems = {std::move(problem)}, .files = std::move(files)};
}

// The built-in simulator is a provider like any other, behind those of the file.
void add_mock(Config& config) {
  if (!config.mock.enabled || config.provider("mock")) return;
  Provider& mock = config.providers.emplace_back();
  mock.name = mock.kind = "mock";
}

void place_data(Config& config, Session& session) {
  if (!config.server.data_dir.empty()) return;
  if (auto folder = default_data_dir(session.environment)) {
    config.server.data_dir = std::move(*folder);
  } else {
    session.error({}, "server.data_dir", "$HOME is not set; say where data is to be kept");
  }
}

}  // namespace

Loaded load(std::string_view text, const std::string& path, const Environment& environment,
            const Known& known, const Options& options) {
  const auto root = parse_toml(text);
  if (!root) return refused(root.error(), {path});

  Session session{.environment = environment,
                  .known = known,
                  .options = options,
                  .path = path,
                  .folder = folder_of(path),
                  .problems = {},
                  .positions = {},
                  .files = {path}};
  auto config = std::make_shared<Config>();
  config->path = path;
  Group{root_section}.read(Cursor(*root, "", session), *config);
  add_mock(*config);
  place_data(*config, session);
  check_references(*config, session);
  check_duplicates(*config, session);
  check_circles(*config, session);
  check_exposure(*config, session);
  if (config->providers.empty())
    session.warning({}, "", "no provider: nothing can be called; add [providers.NAME]");
  if (options.refuse_unbuilt) refuse_unbuilt(*root, session);

  std::ranges::sort(session.problems, {}, [](const Problem& p) {
    return std::tuple(p.at.line, p.at.column, std::string_view(p.message));
  });
  Loaded loaded{.config = config, .problems = std::move(session.problems), .files = std::move(session.files)};
  if (any_error(loaded.problems)) loaded.config = nullptr;
  return loaded;
}

Loaded load_file(const std::string& path, const Environment& environment, const Known& known,
                 const Options& options) {
  const WallTime begun = SystemClock().wall();
  auto text = environment.read_file(path);
  Loaded loaded = text ? load(*text, path, environment, known, options)
                       : refused({.message = text.error().message}, {path});
  loaded.read_at = begun;
  return loaded;
}

}  // namespace llmgw::config
