#pragma once

#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "config/live.h"
#include "config/watch.h"
#include "net/body_file.h"
#include "net/dial.h"
#include "observe/log.h"
#include "observe/metrics.h"
#include "service/gateway.h"
#include "simulate/mock/mock.h"
#include "store/log_writer.h"
#include "store/mapped_ledger.h"

namespace llmgw::service {

struct ServerOptions {
  int loops = 0;             // threads; 0: one per core
  bool watch_files = true;   // reload when the config's files change
  net::ProxySettings proxy;  // HTTPS_PROXY and NO_PROXY
  // Sees every request that has ended, on its loop; must not wait. Absent: nobody looks.
  std::function<void(const observe::RequestRecord&)> ended;
};

// A running gateway: its loops, and all that they share. Started by serve and run.
class Server {
 public:
  // Opens the sockets, the stores and starts the loops. `log` outlives the server. Errors: bad_request with a
  // text for people (the port is taken, the data_dir cannot be written, a CA file cannot be read).
  static Result<std::unique_ptr<Server>> start(config::Loaded first, config::Live::Loader load,
                                               observe::Log& log, const ServerOptions&);
  ~Server();

  // "127.0.0.1:8484", with the port that was really taken.
  const std::string& address() const { return address_; }
  std::shared_ptr<const config::Config> config() const { return live_->current(); }
  const routing::Topology& topology() const { return *topology_; }

  // Reads the config's files again, soon, on another thread.
  void reload_soon();

  // Lingers, drains and ends, as [server] linger and drain say; returns when all is written. `hurry`
  // is asked now and then: true ends at once.
  void shut_down(const std::function<bool()>& hurry);

 private:
  struct LoopThread;
  Server(observe::Log& log, const ServerOptions& options);
  Result<void> open(config::Loaded first, config::Live::Loader load);
  Result<std::string> reload();
  void adopt(const config::Reload&);
  void write_pins();
  // The budgets of a config, and their ledger once there is one. Errors: the ledger's.
  Result<std::shared_ptr<const plugins::BudgetBook>> budgets_of(const std::shared_ptr<const config::Config>&);
  std::optional<observe::BudgetsNow> budgets_now() const;
  void on_each_loop(const std::function<void(LoopThread&)>&);

  observe::Log& log_;
  ServerOptions options_;
  SystemClock clock_;
  std::string address_;
  std::unique_ptr<config::Live> live_;
  std::shared_ptr<const routing::Topology> topology_;  // the first
  routing::State state_;
  std::unique_ptr<store::Rests> rests_;
  std::unique_ptr<store::RequestLog> request_log_;
  std::unique_ptr<store::Pins> pins_;
  // Made when a config first has a budget; then it stays.
  std::unique_ptr<store::MappedLedger> ledger_;
  std::unique_ptr<store::LogWriter> log_writer_;
  std::unique_ptr<observe::Metrics> metrics_;
  Shared shared_;
  std::vector<std::unique_ptr<plugins::Plugin>> plugins_;
  std::vector<std::unique_ptr<LoopThread>> loops_;
  std::unique_ptr<net::Resolver> resolver_;
  std::unique_ptr<simulate::MockState> mock_;
  std::unique_ptr<net::WorkerPool> workers_;  // the stores' lane
  std::unique_ptr<net::WorkerPool> files_;    // the bodies'
  std::optional<net::BodyStore> bodies_;
  std::unique_ptr<config::Watch> watch_;
};

}  // namespace llmgw::service
