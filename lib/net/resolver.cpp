#include "net/resolver.h"

#include <ares.h>
#include <arpa/inet.h>
#include <netdb.h>
#include <poll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cstring>
#include <mutex>
#include <thread>
#include <unordered_map>

namespace llmgw::net {
namespace {

constexpr Duration kShortest = 1s, kLongest = 300s;

void set_port(Address& address, uint16_t port) {
  if (address.family() == AF_INET6) {
    reinterpret_cast<sockaddr_in6&>(address.storage).sin6_port = htons(port);
  } else {
    reinterpret_cast<sockaddr_in&>(address.storage).sin_port = htons(port);
  }
}

}  // namespace

std::optional<Address> literal_address(std::string_view host, uint16_t port) {
  const std::string text(host);
  Address address;
  auto& v4 = reinterpret_cast<sockaddr_in&>(address.storage);
  auto& v6 = reinterpret_cast<sockaddr_in6&>(address.storage);
  if (inet_pton(AF_INET, text.c_str(), &v4.sin_addr) == 1) {
    v4.sin_family = AF_INET;
    address.size = sizeof v4;
  } else if (inet_pton(AF_INET6, text.c_str(), &v6.sin6_addr) == 1) {
    v6.sin6_family = AF_INET6;
    address.size = sizeof v6;
  } else {
    return std::nullopt;
  }
  set_port(address, port);
  return address;
}

struct Resolver::Impl {
  // One look-up and the fibers that wait for it; those whose wait ended leave it behind.
  struct Question {
    Impl* impl;
    std::string host;
    std::vector<std::function<void()>> done;  // each posts to its own loop
  };
  struct Answer {
    std::vector<Address> addresses;
    std::string fault;  // why the last look-up failed; addresses are then an earlier answer's
    TimePoint fresh_until{};
  };

  Impl() {
    ares_library_init(ARES_LIB_INIT_ALL);
    wakeup = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
    worker = std::thread([this] { work(); });
  }
  ~Impl() {
    stopping = true;
    eventfd_write(wakeup, 1);
    worker.join();
    ::close(wakeup);
    ares_library_cleanup();
  }

  void work() {
    ares_channel channel = nullptr;
    ares_options options{};
    options.timeout = 2000;
    options.tries = 2;
    if (ares_init_options(&channel, &options, ARES_OPT_TIMEOUTMS | ARES_OPT_TRIES) != ARES_SUCCESS)
      channel = nullptr;
    while (!stopping) {
      ask_new(channel);
      std::array<ares_socket_t, ARES_GETSOCK_MAXNUM> sockets;
      const int bits = channel ? ares_getsock(channel, sockets.data(), sockets.size()) : 0;
      std::vector<pollfd> polled{{wakeup, POLLIN, 0}};
      for (int i = 0; i < ARES_GETSOCK_MAXNUM; ++i) {
        short events = 0;
        if (ARES_GETSOCK_READABLE(bits, i)) events |= POLLIN;
        if (ARES_GETSOCK_WRITABLE(bits, i)) events |= POLLOUT;
        if (events != 0) polled.push_back({sockets[static_cast<size_t>(i)], events, 0});
      }
      int timeout_ms = -1;
      if (channel) {
        timeval left{};
        if (const timeval* t = ares_timeout(channel, nullptr, &left)) {
          timeout_ms = static_cast<int>(t->tv_sec * 1000 + t->tv_usec / 1000 + 1);
        }
      }
      ::poll(polled.data(), polled.size(), timeout_ms);
      eventfd_t count = 0;
      eventfd_read(wakeup, &count);
      if (!channel) continue;
      if (polled.size() == 1) ares_process_fd(channel, ARES_SOCKET_BAD, ARES_SOCKET_BAD);
      for (size_t i = 1; i < polled.size(); ++i) {
        const bool broken = (polled[i].revents & (POLLERR | POLLHUP)) != 0;
        ares_process_fd(channel, broken || (polled[i].revents & POLLIN) ? polled[i].fd : ARES_SOCKET_BAD,
                        polled[i].revents & POLLOUT ? polled[i].fd : ARES_SOCKET_BAD);
      }
    }
    if (channel) ares_destroy(channel);
  }

  void ask_new(ares_channel channel) {
    std::vector<Question*> questions;
    {
      std::lock_guard lock(mutex);
      questions.swap(asked);
    }
    for (Question* question : questions) {
      if (channel == nullptr) {
        finish(question, {}, "the resolver did not start", kShortest);
        continue;
      }
      ares_addrinfo_hints hints{};
      hints.ai_family = AF_UNSPEC;
      hints.ai_socktype = SOCK_STREAM;
      ares_getaddrinfo(channel, question->host.c_str(), nullptr, &hints, on_answer, question);
    }
  }

  static void on_answer(void* argument, int status, int, ares_addrinfo* result) {
    auto* question = static_cast<Question*>(argument);
    std::vector<Address> addresses;
    Duration ttl = kLongest;
    for (auto* node = result ? result->nodes : nullptr; node != nullptr; node = node->ai_next) {
      if (node->ai_addrlen > sizeof(sockaddr_storage)) continue;
      Address address;
      std::memcpy(&address.storage, node->ai_addr, node->ai_addrlen);
      address.size = node->ai_addrlen;
      addresses.push_back(address);
      ttl = std::min<Duration>(ttl, std::chrono::seconds(node->ai_ttl));
    }
    if (result != nullptr) ares_freeaddrinfo(result);
    std::string fault;
    if (addresses.empty()) fault = status == ARES_SUCCESS ? "it has no address" : ares_strerror(status);
    question->impl->finish(question, std::move(addresses), std::move(fault),
                           std::clamp(ttl, kShortest, kLongest));
  }

  void finish(Question* question, std::vector<Address> addresses, std::string fault, Duration ttl) {
    std::unique_ptr<Question> owned;
    {
      std::lock_guard lock(mutex);
      auto& answer = answers[question->host];
      if (fault.empty()) answer.addresses = std::move(addresses);
      answer.fault = std::move(fault);
      answer.fresh_until = std::chrono::steady_clock::now() + (answer.fault.empty() ? ttl : kShortest);
      auto it = pending.find(question->host);
      owned = std::move(it->second);
      pending.erase(it);
    }
    for (auto& done : owned->done) done();
  }

  std::mutex mutex;  // guards answers, pending, asked
  std::unordered_map<std::string, Answer> answers;
  std::unordered_map<std::string, std::unique_ptr<Question>> pending;
  std::vector<Question*> asked;
  std::atomic<bool> stopping{false};
  int wakeup = -1;
  std::thread worker;
};

Resolver::Resolver() : impl_(std::make_unique<Impl>()) {}
Resolver::~Resolver() = default;

Result<std::vector<Address>> Resolver::resolve(Loop& loop, const std::string& host, uint16_t port,
                                               TimePoint deadline) {
  if (auto address = literal_address(host, port)) return std::vector{*address};
  // RFC 6761, 6.3: never asked of DNS. Servers for development listen on IPv4 more often than not.
  if (host == "localhost" || host.ends_with(".localhost")) {
    return std::vector{*literal_address("127.0.0.1", port), *literal_address("::1", port)};
  }
  // Shared with the resolver's thread, which may answer after this fiber has given up.
  struct Waiter {
    Event event;
    bool done = false;
  };
  std::shared_ptr<Waiter> waiter;
  for (;;) {
    {
      std::lock_guard lock(impl_->mutex);
      auto it = impl_->answers.find(host);
      if (it != impl_->answers.end() && (loop.now() < it->second.fresh_until || waiter != nullptr)) {
        auto addresses = it->second.addresses;
        if (addresses.empty()) {
          return fail(ErrorClass::network, "cannot find the host " + host + ": " + it->second.fault);
        }
        for (auto& address : addresses) set_port(address, port);
        return addresses;
      }
      if (waiter == nullptr) {
        waiter = std::make_shared<Waiter>(Event(loop));
        auto& question = impl_->pending[host];
        const bool first = question == nullptr;
        if (first) question = std::make_unique<Impl::Question>(impl_.get(), host);
        question->done.push_back([&loop, waiter] {
          loop.post([waiter] {
            waiter->done = true;
            waiter->event.notify_all();
          });
        });
        if (first) {
          impl_->asked.push_back(question.get());
          eventfd_write(impl_->wakeup, 1);
        }
      }
    }
    while (!waiter->done) {
      if (const Wake why = waiter->event.wait(deadline); why != Wake::ready) {
        return fail(wait_error(why, "looking up " + host));
      }
    }
  }
}

}  // namespace llmgw::net
