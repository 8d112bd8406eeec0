#include "ask/local_engine.h"

#include "ask/cost_limit.h"
#include "dialects/codec.h"
#include "engine/model_lists.h"
#include "simulate/mock/scenario.h"
#include "store/mapped_rests.h"
#include "store/memory_rests.h"
#include "store/sqlite/request_log.h"

namespace llmgw::ask {

LocalEngine::LocalEngine(Session& session, const Options& options)
    : session_(session), random_(entropy()), proxy_(options.proxy) {}

LocalEngine::~LocalEngine() {
  if (log_writer_ != nullptr) log_writer_->stop();
}

Result<std::unique_ptr<LocalEngine>> LocalEngine::open(Session& session,
                                                       std::shared_ptr<const config::Config> config,
                                                       observe::Log& log, const Options& options) {
  std::unique_ptr<LocalEngine> made(new LocalEngine(session, options));
  const auto& data_dir = config->server.data_dir;
  if (auto rests = store::MappedRests::open(data_dir, made->clock_.wall())) {
    made->rests_ = std::move(*rests);
  } else {
    // One question is worth more than the memory of what rests.
    log.warn("rests are not shared with other commands", {{"why", rests.error().message}});
    made->rests_ = std::make_unique<store::MemoryRests>();
  }
  if (options.log_requests) {
    made->request_log_ = std::make_unique<store::sqlite::SqliteRequestLog>(data_dir, log);
    made->log_writer_ = std::make_unique<store::LogWriter>(
        *made->request_log_, log, made->clock_,
        store::LogWriter::Options{.retention = {config->log.keep, config->log.max_size}});
  }
  made->state_.retries.set_ratio(config->fallback.retry_budget);
  auto topology = routing::Topology::make(std::move(config), made->state_);
  if (!topology) return fail(std::move(topology.error()));
  made->topology_ = std::move(*topology);
  made->resolver_ = std::make_unique<net::Resolver>();
  made->client_ = std::make_unique<net::HttpClient>(session.loop(), *made->resolver_, made->proxy_);
  made->mock_state_ = std::make_unique<simulate::MockState>(std::make_shared<const simulate::Scenario>(), 0,
                                                            made->clock_.now());
  made->mock_ =
      std::make_unique<simulate::MockProvider>(session.loop(), *made->mock_state_, Random(entropy()));
  made->transport_ = std::make_unique<simulate::MockTransport>(session.loop(), *made->mock_, *made->client_);
  if (options.max_cost)
    made->plugins_.push_back(std::make_unique<CostLimit>(*options.max_cost, options.spent));
  made->engine_ = std::make_unique<engine::Engine>(
      engine::World{.fibers = session.loop(),
                    .random = made->random_,
                    .transport = *made->transport_,
                    .rests = *made->rests_,
                    .state = made->state_,
                    .plugins = made->plugins_,
                    .lists_models = true,
                    .ended = [made = made.get()](observe::RequestRecord&& record) {
                      if (made->log_writer_ != nullptr)
                        made->log_writer_->offer(observe::RequestRecord(record));
                      made->ended_[made->session_.fiber()] = std::move(record);
                    }});
  return made;
}

void LocalEngine::ask_for_models(Duration patience) {
  engine::ask_for_models(engine_->world(), *topology_, engine::Lists::missing, patience);
}

observe::RequestRecord LocalEngine::ask(const std::string& body, std::optional<Duration> timeout,
                                        AnswerReader& reader) {
  dialects::Request request;
  request.dialect = dialects::Dialect::openai_chat;
  request.path = "/chat/completions";
  request.headers.add("Content-Type", "application/json");
  request.body = body;
  request.timeout = timeout;
  const auto* codec = dialects::codec(request.dialect);
  if (auto decoded = codec->decode_request(request); !decoded) {
    (void)reader.send(decoded.error().http_status(), {}, codec->error_body(decoded.error(), {}));
    return {.status = decoded.error().http_status(), .error_class = decoded.error().error_class};
  }
  engine_->run(request, topology_, reader);
  const auto ended = ended_.extract(session_.fiber());
  return ended ? std::move(ended.mapped()) : observe::RequestRecord{};
}

}  // namespace llmgw::ask
