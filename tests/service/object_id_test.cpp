#include "service/object_id.h"

#include <doctest/doctest.h>

#include "dialects/codec.h"

using namespace llmgw;
using namespace llmgw::service;

namespace {

std::optional<std::string> named(std::string path, std::string body = "") {
  dialects::Request request;
  request.dialect = dialects::Dialect::openai_other;
  request.path = std::move(path);
  request.body = std::move(body);
  if (!request.body.empty()) REQUIRE(dialects::codec(request.dialect)->decode_request(request));
  return named_object(request);
}

}  // namespace

TEST_CASE("the object that a call names is found in its path, else in its body") {
  const std::pair<std::string_view, std::string_view> paths[] = {
      {"/files/file-1", "file-1"},
      {"/files/file-1/content", "file-1"},
      {"/batches/batch_1/cancel", "batch_1"},
      {"/responses/resp_1", "resp_1"},
      {"/vector_stores/vs_1/files/file-1", "vs_1"},
      {"/fine_tuning/jobs/ft-1/events", "ft-1"},
      {"/files/a%2Fb", "a/b"},
      {"/responses/compact", ""},
      {"/responses/input_tokens", ""},
      {"/threads/runs", ""},
      {"/fine_tuning/jobs", ""},
      {"/fine_tuning/alpha/graders/run", ""},
      {"/files", ""},
      {"/moderations", ""},
  };
  for (const auto& [path, id] : paths) {
    CAPTURE(path);
    CHECK(named(std::string(path)).value_or("") == id);
  }
  CHECK(named("/batches", R"({"input_file_id":"file-1"})") == "file-1");
  CHECK(named("/responses/compact", R"({"previous_response_id":"resp_1"})") == "resp_1");
  CHECK(named("/responses", R"({"conversation":{"id":"conv_1"}})") == "conv_1");
  CHECK(named("/responses", R"({"conversation":"conv_1"})") == "conv_1");
  CHECK(named("/responses", R"({"previous_response_id":null})") == std::nullopt);
}

TEST_CASE("replies give out ids where objects are made, read or listed") {
  dialects::Request request;
  request.path = "/batches";
  CHECK(gives_out_ids(request));
  request.method = "GET";
  CHECK(gives_out_ids(request));
  request.method = "DELETE";
  CHECK_FALSE(gives_out_ids(request));
  request.method = "POST";
  request.path = "/chat/completions";
  CHECK_FALSE(gives_out_ids(request));
}
