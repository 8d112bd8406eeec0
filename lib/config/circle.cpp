#include <map>

#include "config/reference.h"

namespace llmgw::config {
namespace {

struct Edge {
  std::string_view to;
  std::string path;
};

using Graph = std::map<std::string_view, std::vector<Edge>>;

// Where each route and alias leads, as far as that is a route or alias again.
Graph graph(const Config& config, const Session& session) {
  Graph graph;
  for (const auto& route : config.routes) {
    auto& edges = graph[route.name];
    const auto path = join("routes", route.name);
    for (size_t i = 0; i < route.targets.size(); ++i) {
      const auto at = join(join(path, "targets"), i);
      const auto inner = join(at, "model");
      edges.push_back({route.targets[i].model, session.position(inner).line > 0 ? inner : at});
    }
    if (!route.fallbacks) continue;
    for (size_t i = 0; i < route.fallbacks->size(); ++i) {
      edges.push_back({(*route.fallbacks)[i], join(join(path, "fallbacks"), i)});
    }
  }
  for (const auto& [name, target] : config.aliases) graph[name].push_back({target, join("aliases", name)});
  return graph;
}

struct Step {
  std::string_view name;
  size_t next = 0;  // the edge to follow next
};

std::string circle(const std::vector<Step>& way, std::string_view end) {
  std::string out;
  bool inside = false;
  for (const auto& step : way) {
    inside = inside || step.name == end;
    if (inside) out += std::string(step.name) + " -> ";
  }
  return out + std::string(end);
}

}  // namespace

// Depth first without recursion: a file may chain a hundred thousand aliases.
void check_circles(const Config& config, Session& session) {
  enum class Mark : uint8_t { fresh, open, done };
  const Graph edges = graph(config, session);
  std::map<std::string_view, Mark> marks;
  for (const auto& [start, unused] : edges) {
    if (marks[start] != Mark::fresh) continue;
    marks[start] = Mark::open;
    std::vector<Step> way = {{.name = start}};
    while (!way.empty()) {
      const auto& out = edges.at(way.back().name);
      if (way.back().next == out.size()) {
        marks[way.back().name] = Mark::done;
        way.pop_back();
        continue;
      }
      const Edge& edge = out[way.back().next++];
      if (!edges.contains(edge.to)) continue;
      auto& mark = marks[edge.to];
      if (mark == Mark::open) {
        session.error(session.position(edge.path), edge.path, "leads in a circle: " + circle(way, edge.to));
      } else if (mark == Mark::fresh) {
        mark = Mark::open;
        way.push_back({.name = edge.to});
      }
    }
  }
}

}  // namespace llmgw::config
