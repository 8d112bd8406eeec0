#pragma once

#include <string>
#include <vector>

#include "base/id.h"
#include "observe/record.h"

namespace llmgw {

// A request that openai answered at the first try, and others made from it.
inline observe::RequestRecord answered_record(Random& random, WallTime arrived) {
  observe::RequestRecord r;
  r.id = request_id(arrived, random);
  r.arrived = arrived;
  r.took = 812'345us;
  r.request_type = "openai-chat";
  r.model_requested = "fast";
  r.route = "fast";
  r.provider = "openai";
  r.model = "gpt-4o-mini";
  r.key = "main";
  r.status = 200;
  r.usage.input = 120;
  r.usage.output = 45;
  r.cost = {45'000};
  observe::AttemptRecord a;
  a.provider = r.provider;
  a.model = r.model;
  a.key = r.key;
  a.sent = true;
  a.status = 200;
  a.took = 800'000us;
  a.usage = r.usage;
  a.cost = r.cost;
  a.upstream_request_id = "req_0123456789abcdef0123456789abcdef";
  r.attempts = {a};
  return r;
}

// openai fails with `cause`, anthropic answers.
inline observe::RequestRecord rescued_record(Random& random, WallTime arrived, ErrorClass cause) {
  auto r = answered_record(random, arrived);
  auto second = r.attempts[0];
  r.attempts[0].status = 429;
  r.attempts[0].error_class = cause;
  r.attempts[0].message = "Rate limit reached for gpt-4o-mini";
  r.attempts[0].code = "rate_limit_exceeded";
  r.attempts[0].took = 200ms;
  r.attempts[0].retry_after = 7s;
  r.attempts[0].usage = {};
  r.attempts[0].cost = {};
  second.provider = r.provider = "anthropic";
  second.model = r.model = "claude-3-5-haiku-latest";
  second.key = r.key = "team";
  second.started = 201ms;
  second.took = 400ms;
  r.took = 602ms;
  r.attempts.push_back(second);
  r.fallback = true;
  return r;
}

// All targets fail with `cause`.
inline observe::RequestRecord failed_record(Random& random, WallTime arrived, ErrorClass cause, int status) {
  auto r = answered_record(random, arrived);
  r.provider = r.model = r.key = "";
  r.status = status;
  r.error_class = cause;
  r.usage = {};
  r.cost = {};
  r.attempts[0].status = status;
  r.attempts[0].error_class = cause;
  r.attempts[0].usage = {};
  r.attempts[0].cost = {};
  return r;
}

}  // namespace llmgw
