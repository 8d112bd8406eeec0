#include "service/server.h"

#include <pthread.h>

#include <algorithm>
#include <latch>

#include "net/http_client.h"
#include "plugins/governance/governance.h"
#include "plugins/log/attempt_log.h"
#include "simulate/mock/mock_transport.h"
#include "simulate/mock/scenario.h"
#include "store/mapped_rests.h"
#include "store/sqlite/pins.h"
#include "store/sqlite/request_log.h"
#include "version.h"

namespace llmgw::service {

namespace {

net::ServerOptions limits_of(const config::Server& settings, const net::BodyStore& bodies) {
  net::ServerOptions options;
  options.limits.body = static_cast<uint64_t>(settings.max_body);
  options.max_buffered = settings.max_buffered;
  options.max_connections = settings.max_connections;
  options.bodies = &bodies;
  return options;
}

}  // namespace

// One loop and what belongs to it alone.
struct Server::LoopThread {
  LoopThread(Server& server, int listener)
      : random(entropy()),
        client(loop, *server.resolver_, server.options_.proxy),
        mock(loop, *server.mock_, Random(entropy())),
        transport(loop, mock, client),
        metrics(server.metrics_->shard()),
        engine({.fibers = loop,
                .random = random,
                .transport = transport,
                .rests = *server.rests_,
                .state = server.state_,
                .plugins = server.plugins_,
                .gave_out =
                    [&server](std::span<const std::string> ids, const std::string& provider,
                              const std::string& key) {
                      for (const auto& id : ids) server.pins_->note(id, {provider, key});
                      // When the lane is full, the next that are noted take these along.
                      (void)server.workers_->submit([&server] { server.write_pins(); });
                    },
                .lists_models = true,
                .ended =
                    [this, writer = server.log_writer_.get(),
                     &ended = server.options_.ended](observe::RequestRecord&& record) {
                      metrics.record(record);
                      if (ended) ended(record);
                      writer->offer(std::move(record));
                    }}),
        gateway(engine, server.shared_),
        http(loop, gateway, limits_of(server.topology_->config().server, *server.bodies_),
             server.shared_.server) {
    http.listen(listener);
  }

  net::Loop loop;
  Random random;
  net::HttpClient client;
  simulate::MockProvider mock;  // the provider "mock", in this process
  simulate::MockTransport transport;
  observe::MetricShard& metrics;
  engine::Engine engine;
  Gateway gateway;
  net::HttpServer http;
  std::thread thread;
};

Server::Server(observe::Log& log, const ServerOptions& options) : log_(log), options_(options) {}

Result<std::unique_ptr<Server>> Server::start(config::Loaded first, config::Live::Loader load,
                                              observe::Log& log, const ServerOptions& options) {
  std::unique_ptr<Server> server(new Server(log, options));
  if (auto opened = server->open(std::move(first), std::move(load)); !opened)
    return fail(std::move(opened.error()));
  return server;
}

Result<void> Server::open(config::Loaded first, config::Live::Loader load) {
  const auto config = first.config;
  const auto& settings = config->server;
  auto rests = store::MappedRests::open(settings.data_dir, clock_.wall());
  if (!rests) return fail(std::move(rests.error()));
  if (!(*rests)->set_aside_as().empty())
    log_.warn("the file of rests was damaged and set aside", {{"as", (*rests)->set_aside_as()}});
  rests_ = std::move(*rests);
  request_log_ = std::make_unique<store::sqlite::SqliteRequestLog>(settings.data_dir, log_);
  log_writer_ = std::make_unique<store::LogWriter>(
      *request_log_, log_, clock_,
      store::LogWriter::Options{.retention = {config->log.keep, config->log.max_size}});
  metrics_ = std::make_unique<observe::Metrics>(
      std::string(kVersion),
      observe::Metrics::Sources{
          .requests_not_logged = [this] { return log_writer_->dropped(); },
          .lines_not_logged = [this] { return log_.dropped(); },
          .rests_active = [this] { return static_cast<int64_t>(rests_->list(clock_.wall()).size()); },
          .budgets = [this] { return budgets_now(); }});
  plugins_.push_back(std::make_unique<plugins::AttemptLog>(log_, clock_));
  plugins_.push_back(std::make_unique<plugins::Governance>(clock_, &shared_.budgets));
  state_.retries.set_ratio(config->fallback.retry_budget);
  auto topology = routing::Topology::make(config, state_);
  if (!topology) return fail(std::move(topology.error()));
  topology_ = *topology;
  shared_.topology = *topology;
  shared_.keys = std::make_shared<const plugins::KeyBook>(config);
  auto budgets = budgets_of(config);
  if (!budgets) return fail(std::move(budgets.error()));
  shared_.budgets = std::move(*budgets);
  shared_.metrics = [this] { return metrics_->text(); };
  shared_.reload = [this] { return reload(); };
  live_ = std::make_unique<config::Live>(std::move(first), std::move(load));
  live_->subscribe([this](const config::Reload& r) { adopt(r); });

  resolver_ = std::make_unique<net::Resolver>();
  mock_ =
      std::make_unique<simulate::MockState>(std::make_shared<const simulate::Scenario>(), 0, clock_.now());
  workers_ = std::make_unique<net::WorkerPool>(2, 256);
  shared_.offload = workers_.get();
  files_ = std::make_unique<net::WorkerPool>(2, 1024);
  shared_.files = files_.get();
  bodies_.emplace(settings.data_dir, *files_);
  pins_ = std::make_unique<store::sqlite::SqlitePins>(settings.data_dir);
  shared_.pins = pins_.get();

  const int loops = options_.loops > 0 ? options_.loops
                                       : static_cast<int>(std::max(1u, std::thread::hardware_concurrency()));
  address_ = settings.listen;
  for (int i = 0; i < loops; ++i) {
    auto listener = net::open_listener(address_);
    if (!listener) return fail(std::move(listener.error()));
    if (i == 0)
      address_ = address_.substr(0, address_.rfind(':') + 1) + std::to_string(net::local_port(*listener));
    loops_.push_back(std::make_unique<LoopThread>(*this, *listener));
  }
  for (auto& loop : loops_) {
    loop->thread = std::thread([&loop = *loop] {
      pthread_setname_np(pthread_self(), "loop");
      loop.loop.run();
    });
  }
  if (options_.watch_files && !config->path.empty()) {
    auto watch = config::Watch::start({.files = [this] { return live_->files(); },
                                       .changed = [this] { live_->reload(); },
                                       .read_at = [this] { return live_->read_at(); }});
    if (watch) {
      watch_ = std::move(*watch);
    } else {
      log_.warn("the config's files cannot be watched; SIGHUP still reloads them",
                {{"why", watch.error().message}});
    }
  }
  return {};
}

Server::~Server() {
  watch_.reset();
  for (auto& loop : loops_) {
    if (!loop->thread.joinable()) continue;
    loop->loop.post([&loop = *loop] {
      loop.http.close_listeners();
      loop.http.cancel_all();
      loop.loop.quit();
    });
  }
  for (auto& loop : loops_) {
    if (loop->thread.joinable()) loop->thread.join();
    // What was cancelled runs to its end on this thread.
    for (int i = 0; i < 1000 && loop->loop.live() > 0; ++i) {
      loop->loop.post([&loop = *loop] { loop.loop.quit(); });
      loop->loop.run();
    }
  }
  workers_.reset();
  files_.reset();
  resolver_.reset();
  loops_.clear();
  if (log_writer_ != nullptr) log_writer_->stop();
  if (pins_ != nullptr) write_pins();
}

Result<std::shared_ptr<const plugins::BudgetBook>> Server::budgets_of(
    const std::shared_ptr<const config::Config>& config) {
  if (!plugins::BudgetBook::needed(*config)) return nullptr;
  if (ledger_ == nullptr) {
    auto opened = store::MappedLedger::open(topology_->config().server.data_dir, log_, clock_);
    if (!opened) return fail(std::move(opened.error()));
    ledger_ = std::move(*opened);
  }
  return plugins::BudgetBook::make(config, *ledger_);
}

std::optional<observe::BudgetsNow> Server::budgets_now() const {
  const auto book = shared_.budgets.load();
  if (book == nullptr) return std::nullopt;
  const auto counts = book->ledger().counts();
  observe::BudgetsNow now{
      .overruns = counts.overruns, .refused_full = counts.full, .open = counts.open, .levels = {}};
  for (const auto& account : book->all()) {
    if (now.levels.size() == observe::BudgetsNow::kMostLevels) break;
    const auto balance = book->balance(*account, clock_.wall());
    now.levels.push_back({account->name, account->budget.limit, balance.spent, balance.reserved});
  }
  return now;
}

void Server::write_pins() {
  if (auto written = pins_->flush(); !written)
    log_.warn("the ids of files, batches and responses are kept in memory only",
              {{"why", written.error().message}});
}

void Server::reload_soon() {
  if (watch_ != nullptr) {
    watch_->poke();
  } else {
    live_->reload();
  }
}

Result<std::string> Server::reload() {
  const auto result = live_->reload();
  if (result.applied) return std::string("reloaded");
  Error error{.error_class = ErrorClass::bad_request,
              .message = "the config was refused, the old one stays:",
              .code = "invalid_config"};
  for (const auto& problem : result.problems)
    error.message += " " + config::format(problem, result.config->path) + ";";
  return fail(std::move(error));
}

void Server::adopt(const config::Reload& reload) {
  for (const auto& problem : reload.problems) {
    const auto text = config::format(problem, reload.config->path);
    problem.warning ? log_.warn(text) : log_.error(text);
  }
  if (!reload.applied) {
    log_.error("the config was not reloaded; the old one stays in use");
    return;
  }
  auto topology = routing::Topology::make(reload.config, state_);
  if (!topology) {
    log_.error("the config was not reloaded; the old one stays in use", {{"why", topology.error().message}});
    return;
  }
  auto budgets = budgets_of(reload.config);
  if (!budgets) {
    log_.error("the config was not reloaded; the old one stays in use", {{"why", budgets.error().message}});
    return;
  }
  shared_.budgets = std::move(*budgets);
  state_.retries.set_ratio(reload.config->fallback.retry_budget);
  log_writer_->set_retention({reload.config->log.keep, reload.config->log.max_size});
  shared_.topology = *topology;
  shared_.keys = std::make_shared<const plugins::KeyBook>(reload.config);
  for (auto& loop : loops_) {
    loop->loop.post([&loop = *loop, limits = limits_of(reload.config->server, *bodies_)] {
      loop.http.set_options(limits);
    });
  }
  for (const auto& key : reload.need_replace)
    log_.warn("changed, but only a restart takes it over", {{"key", key}});
  log_.info("the config was reloaded");
}

void Server::on_each_loop(const std::function<void(LoopThread&)>& what) {
  std::latch done(static_cast<std::ptrdiff_t>(loops_.size()));
  for (auto& loop : loops_) {
    loop->loop.post([&what, &done, &loop = *loop] {
      what(loop);
      done.count_down();
    });
  }
  done.wait();
}

void Server::shut_down(const std::function<bool()>& hurry) {
  const auto settings = live_->current()->server;
  bool hurried = false;  // once asked, no wait is left
  auto wait = [&](Duration most, const std::function<bool()>& enough) {
    const auto until = std::chrono::steady_clock::now() + most;
    while (std::chrono::steady_clock::now() < until && !enough()) {
      if (hurried = hurried || hurry(); hurried) return;
      std::this_thread::sleep_for(20ms);
    }
  };
  shared_.ready = false;
  wait(settings.linger, [] { return false; });
  shared_.server.draining = true;
  on_each_loop([](LoopThread& loop) { loop.http.close_listeners(); });
  // Connections that wait get a moment in which their next request is still served.
  wait(std::min<Duration>(settings.drain, 500ms), [&] { return shared_.server.connections == 0; });
  wait(settings.drain, [&] { return shared_.server.requests == 0; });
  shared_.server.closed = true;
  if (const int open = shared_.server.requests; open > 0) {
    log_.warn("requests were still open when the time to drain was over", {{"open", std::to_string(open)}});
  }
  on_each_loop([](LoopThread& loop) { loop.http.close_idle(); });
}

}  // namespace llmgw::service
