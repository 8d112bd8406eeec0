#include "simulate/mock/mock.h"

#include "simulate/mock/call.h"

namespace llmgw::simulate {
namespace {

// 20 letters and digits: nothing that an id could clash with.
std::string token_of(Random& random) {
  static constexpr std::string_view kDigits = "abcdefghijklmnopqrstuvwxyz0123456789";
  std::string token;
  for (int i = 0; i < 20; ++i) token += kDigits[random.below(kDigits.size())];
  return token;
}

}  // namespace

void MockProvider::handle(net::HttpRequest& request, net::ResponseWriter& writer) {
  MockCall(fibers_, state_, request, writer, token_of(random_)).run();
}

std::string MockProvider::refusal(const net::HttpFault& fault, const net::HttpRequest&) {
  return openai_error_reply({.status = fault.status, .message = fault.message}).body;
}

}  // namespace llmgw::simulate
