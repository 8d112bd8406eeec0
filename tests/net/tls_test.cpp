#include "net/tls.h"

#include <doctest/doctest.h>
#include <netinet/in.h>
#include <openssl/ssl.h>
#include <sys/socket.h>
#include <unistd.h>

#include <atomic>
#include <filesystem>

#include "tests/net/serving.h"

using namespace llmgw;
using namespace llmgw::net;

namespace {

// An authority, a server's certificate for localhost and 127.0.0.1, and a client's, made anew.
struct Certificates {
  Certificates() {
    char name[] = "/tmp/llmgw-tls-XXXXXX";
    folder = mkdtemp(name);
    const std::string make =
        "cd " + folder +
        " && exec >/dev/null 2>&1 && "
        "openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout ca.key -out ca.pem "
        "-subj /CN=test-ca -days 2 && "
        "openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout other.key -out "
        "other.pem -subj /CN=other-ca -days 2 && "
        "printf 'subjectAltName=DNS:localhost,IP:127.0.0.1' > san && "
        "printf 'subjectAltName=DNS:elsewhere.example' > elsewhere && "
        "for n in server wrong client; do openssl req -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes "
        "-keyout $n.key -out $n.csr -subj /CN=$n; done; "
        "openssl x509 -req -in server.csr -CA ca.pem -CAkey ca.key -out server.pem -days 2 -extfile san && "
        "openssl x509 -req -in wrong.csr -CA ca.pem -CAkey ca.key -out wrong.pem -days 2 -extfile elsewhere "
        "&& "
        "openssl x509 -req -in client.csr -CA ca.pem -CAkey ca.key -out client.pem -days 2";
    REQUIRE(std::system(make.c_str()) == 0);
  }
  ~Certificates() { std::filesystem::remove_all(folder); }
  std::string file(const std::string& name) const { return folder + "/" + name; }
  std::string folder;
};

// Serves TLS on a thread, a connection at a time, and tells in its reply what it saw of the handshake.
class TlsServer {
 public:
  TlsServer(const Certificates& certificates, const std::string& name, bool ask_client = false) {
    context_ = SSL_CTX_new(TLS_server_method());
    SSL_CTX_use_certificate_chain_file(context_, certificates.file(name + ".pem").c_str());
    SSL_CTX_use_PrivateKey_file(context_, certificates.file(name + ".key").c_str(), SSL_FILETYPE_PEM);
    SSL_CTX_set_session_id_context(context_, reinterpret_cast<const unsigned char*>("t"), 1);
    SSL_CTX_set_alpn_select_cb(
        context_,
        [](SSL*, const unsigned char** out, unsigned char* size, const unsigned char* in, unsigned int n,
           void*) {
          return SSL_select_next_proto(const_cast<unsigned char**>(out), size,
                                       reinterpret_cast<const unsigned char*>("\x08http/1.1"), 9, in,
                                       n) == OPENSSL_NPN_NEGOTIATED
                     ? SSL_TLSEXT_ERR_OK
                     : SSL_TLSEXT_ERR_ALERT_FATAL;
        },
        nullptr);
    if (ask_client) {
      SSL_CTX_load_verify_file(context_, certificates.file("ca.pem").c_str());
      SSL_CTX_set_verify(context_, SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT, nullptr);
    }
    listener_ = open_listener("127.0.0.1:0").value();
    port = local_port(listener_);
    thread_ = std::thread([this] { serve(); });
  }
  ~TlsServer() {
    stopping_ = true;
    thread_.join();
    ::close(listener_);
    SSL_CTX_free(context_);
  }
  uint16_t port;

 private:
  void serve() {
    while (!stopping_) {
      const int fd = ::accept(listener_, nullptr, nullptr);
      if (fd < 0) {
        std::this_thread::sleep_for(2ms);
        continue;
      }
      SSL* ssl = SSL_new(context_);
      SSL_set_fd(ssl, fd);
      timeval patience{2, 0};
      ::setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
      char request[4096];
      if (SSL_accept(ssl) == 1 && SSL_read(ssl, request, sizeof request) > 0) {
        const unsigned char* alpn = nullptr;
        unsigned int alpn_size = 0;
        SSL_get0_alpn_selected(ssl, &alpn, &alpn_size);
        X509* peer = SSL_get0_peer_certificate(ssl);
        const std::string reply = "HTTP/1.1 200 OK\r\nReused: " + std::to_string(SSL_session_reused(ssl)) +
                                  "\r\nAlpn: " + std::string(reinterpret_cast<const char*>(alpn), alpn_size) +
                                  "\r\nClient: " + (peer != nullptr ? "yes" : "no") +
                                  "\r\nConnection: close\r\nContent-Length: 2\r\n\r\nok";
        SSL_write(ssl, reply.data(), static_cast<int>(reply.size()));
        SSL_shutdown(ssl);
      }
      SSL_free(ssl);
      ::close(fd);
    }
  }
  SSL_CTX* context_;
  int listener_;
  std::atomic<bool> stopping_{false};
  std::thread thread_;
};

struct Answer {
  int status = 0;
  std::string reused, alpn, client, error;
};

Answer get(Serving& serving, const std::string& host, uint16_t port, std::shared_ptr<const TlsContext> tls) {
  Endpoint endpoint = parse_base_url("https://" + host + ":" + std::to_string(port)).value();
  endpoint.tls = std::move(tls);
  Answer answer;
  auto exchange = serving.client.send({.endpoint = &endpoint, .method = "GET", .target = "/", .connect = 3s});
  if (!exchange) {
    answer.error = exchange.error().message;
    return answer;
  }
  auto head = (*exchange)->head(after(serving.loop.now(), 30s));
  if (!head) {
    answer.error = head.error().message;
    return answer;
  }
  answer.status = (*head)->status;
  answer.reused = (*head)->headers.get("reused");
  answer.alpn = (*head)->headers.get("alpn");
  answer.client = (*head)->headers.get("client");
  CHECK((*exchange)->read(after(serving.loop.now(), 30s)).value() == "ok");
  return answer;
}

void ignore(HttpRequest&, ResponseWriter&) {}

}  // namespace

TEST_CASE("an upstream is trusted by its chain and its name, and sessions are resumed") {
  const Certificates certificates;
  const TlsServer server(certificates, "server"), wrong(certificates, "wrong");
  Serving serving(ignore);
  const auto trusting = TlsContext::make({.ca = certificates.file("ca.pem")}).value();
  const auto other = TlsContext::make({.ca = certificates.file("other.pem")}).value();
  const auto careless = TlsContext::make({.verify = false}).value();
  serving.run([&] {
    const auto first = get(serving, "localhost", server.port, trusting);
    CHECK(first.error == "");
    CHECK(first.status == 200);
    CHECK(first.alpn == "http/1.1");
    CHECK(first.reused == "0");
    CHECK(get(serving, "localhost", server.port, trusting).reused == "1");
    CHECK(get(serving, "127.0.0.1", server.port, trusting).status == 200);
    CHECK(get(serving, "localhost", server.port, other).error.find("TLS with localhost failed") == 0);
    CHECK(get(serving, "localhost", wrong.port, trusting).error ==
          "TLS with localhost failed: hostname mismatch");
    CHECK(get(serving, "127.0.0.1", wrong.port, trusting).error ==
          "TLS with 127.0.0.1 failed: IP address mismatch");
    CHECK(get(serving, "localhost", wrong.port, careless).status == 200);
  });
}

TEST_CASE("a provider that asks for a client certificate gets the configured one") {
  const Certificates certificates;
  const TlsServer server(certificates, "server", true);
  Serving serving(ignore);
  const config::Tls with{.cert = certificates.file("client.pem"),
                         .key = certificates.file("client.key"),
                         .ca = certificates.file("ca.pem")};
  const auto known = TlsContext::make(with).value();
  const auto unknown = TlsContext::make({.ca = certificates.file("ca.pem")}).value();
  serving.run([&] {
    CHECK(get(serving, "localhost", server.port, known).client == "yes");
    CHECK(get(serving, "localhost", server.port, unknown).status == 0);
  });
}

TEST_CASE("a TLS file that cannot be used is named") {
  const auto missing = TlsContext::make({.ca = "/nowhere/ca.pem"});
  REQUIRE_FALSE(missing);
  CHECK(missing.error().message.find("/nowhere/ca.pem") != std::string::npos);
}

TEST_CASE("a server that speaks no TLS is a network error, in time") {
  Serving serving(ignore, {.head = 100ms});
  const auto context = TlsContext::make({.verify = false}).value();
  serving.run([&] {
    CHECK(get(serving, "127.0.0.1", serving.port, context).error.find("TLS with 127.0.0.1 failed") == 0);
  });
}
