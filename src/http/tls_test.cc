#include "http/tls.h"

#include "http/client.h"
#include "http/raw_connection_fixture.h"
#include "http/server.h"
#include "http/test_certificate.h"

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <memory>
#include <thread>

namespace konomi::http {
namespace {

using namespace std::chrono_literals;
using ::testing::HasSubstr;

class TlsTest : public ::testing::Test {
 protected:
  TlsTest() {
    std::string name = ::testing::TempDir() + "konomi-tls-XXXXXX";
    directory_ = ::mkdtemp(name.data());
    options_.port = 0;
    router_.add_async(Method::post, "/echo", [](const Request& request, Reply reply) {
      reply({.body = std::string(request.body) + (request.tls ? " over TLS" : "")});
    });
    router_.add(Method::get, "/stream", [](const Request&) {
      return Response{.stream = [next = 0](std::string& chunk) mutable -> Result<bool> {
        chunk = fmt::format("line {}\n", next++) + std::string(1000, 'x');
        return next <= 5000;
      }};
    });
  }
  ~TlsTest() override {
    server_.reset();
    std::filesystem::remove_all(directory_);
  }

  void start(const TestCertificate& files) {
    auto loaded =
        TlsCertificate::load({.certificate = files.certificate_file, .key = files.key_file});
    ASSERT_TRUE(loaded) << loaded.error().message;
    certificate_ = std::move(*loaded);
    options_.certificate = certificate_.get();
    server_ = std::make_unique<Server>(options_, std::move(router_));
    ASSERT_TRUE(server_->start());
  }

  // A client that trusts this certificate, and no other.
  Client client(const TestCertificate& trusted, std::string_view host = "127.0.0.1") {
    ::setenv("SSL_CERT_FILE", trusted.certificate_file.c_str(), 1);
    return std::move(*Client::create(fmt::format("https://{}:{}", host, server_->port())));
  }

  std::string directory_;
  ServerOptions options_;
  Router router_;
  std::unique_ptr<TlsCertificate> certificate_;
  std::unique_ptr<Server> server_;
};

TEST_F(TlsTest, CarriesRequestsLargeBodiesAndStreams) {
  const auto files = make_test_certificate(directory_, "own");
  start(files);
  auto asking = client(files);
  for (int i = 0; i < 20; ++i) {
    const auto answer = asking.post("/echo", "text/plain", fmt::format("order {}", i));
    ASSERT_TRUE(answer) << answer.error().message;
    EXPECT_EQ(answer->body, fmt::format("order {} over TLS", i));
    EXPECT_THAT(answer->header("strict-transport-security").value_or(""), HasSubstr("max-age"));
  }
  const std::string large(3'000'000, 'o');
  const auto echoed = asking.post("/echo", "text/plain", large);
  ASSERT_TRUE(echoed) << echoed.error().message;
  EXPECT_EQ(echoed->body, large + " over TLS");
  const auto streamed = asking.get("/stream");
  ASSERT_TRUE(streamed) << streamed.error().message;
  EXPECT_THAT(streamed->body, HasSubstr("line 4999\n"));
}

TEST_F(TlsTest, IsTrustedOnlyWithItsOwnCertificate) {
  const auto files = make_test_certificate(directory_, "own");
  start(files);
  auto other = client(make_test_certificate(directory_, "other"));
  const auto refused = other.get("/stream");
  ASSERT_FALSE(refused);
  EXPECT_THAT(refused.error().message, HasSubstr("no TLS connection to https://127.0.0.1:"));
  EXPECT_THAT(refused.error().message, HasSubstr("(self-signed certificate)"));
  const auto elsewhere = client(files, "localhost").get("/stream");
  EXPECT_FALSE(elsewhere) << "the certificate is for 127.0.0.1";
}

TEST_F(TlsTest, ShowsARenewedCertificateToNewConnections) {
  const auto files = make_test_certificate(directory_, "own", 3600);
  start(files);
  auto first = client(files);
  ASSERT_TRUE(first.post("/echo", "text/plain", "a"));
  EXPECT_FALSE(*certificate_->reload_if_changed());
  const Timestamp expired = certificate_->not_after();

  const auto renewed = make_test_certificate(directory_, "renewed", 7200);
  std::filesystem::rename(renewed.key_file, files.key_file);
  EXPECT_FALSE(certificate_->reload_if_changed()) << "the key has come, its certificate has not";
  EXPECT_TRUE(client(files).post("/echo", "text/plain", "b")) << "the old one is still there";
  std::filesystem::rename(renewed.certificate_file, files.certificate_file);
  EXPECT_TRUE(*certificate_->reload_if_changed());
  EXPECT_GT(certificate_->not_after(), expired);
  EXPECT_TRUE(first.post("/echo", "text/plain", "c")) << "what is connected stays so";
  EXPECT_TRUE(client(files).post("/echo", "text/plain", "d"));
}

TEST_F(TlsTest, ClosesAConnectionThatDoesNotSpeakIt) {
  options_.limits.request_timeout = 200ms;
  start(make_test_certificate(directory_, "own"));
  RawConnection plain(server_->port());
  ASSERT_TRUE(plain.write("GET / HTTP/1.1\r\nHost: h\r\n\r\n"));
  while (!plain.read_some().empty()) {
  }
  RawConnection silent(server_->port());
  EXPECT_TRUE(silent.ends());
}

TEST_F(TlsTest, AClientConnectsAnewWhenTheServerHasClosed) {
  options_.limits.idle_timeout = 50ms;
  const auto files = make_test_certificate(directory_, "own");
  start(files);
  auto asking = client(files);
  ASSERT_TRUE(asking.post("/echo", "text/plain", "a"));
  while (server_->connections() > 0) std::this_thread::yield();
  const auto answer = asking.post("/echo", "text/plain", "a");
  EXPECT_TRUE(answer) << answer.error().message;
}

TEST_F(TlsTest, StopsWithConnectionsOpen) {
  options_.limits.stop_grace = 60s;
  const auto files = make_test_certificate(directory_, "own");
  start(files);
  auto idle = client(files);
  ASSERT_TRUE(idle.post("/echo", "text/plain", "a"));
  RawConnection silent(server_->port());
  const auto asked = std::chrono::steady_clock::now();
  server_->stop();
  EXPECT_LT(std::chrono::steady_clock::now() - asked, options_.limits.stop_grace / 2)
      << "nothing was in flight";
  EXPECT_EQ(server_->connections(), 0U);
}

TEST_F(TlsTest, SaysWhichFileIsWrong) {
  const auto own = make_test_certificate(directory_, "own");
  const auto other = make_test_certificate(directory_, "other");
  const auto load = [](const std::string& certificate, const std::string& key) {
    return TlsCertificate::load({.certificate = certificate, .key = key});
  };
  EXPECT_THAT(load("/nowhere.pem", own.key_file).error().message, HasSubstr("/nowhere.pem"));
  EXPECT_THAT(load(own.certificate_file, other.key_file).error().message,
              HasSubstr("key in " + other.key_file));
  std::ofstream(directory_ + "/text") << "no PEM";
  EXPECT_THAT(load(own.certificate_file, directory_ + "/text").error().message, HasSubstr("text"));
}

}  // namespace
}  // namespace konomi::http
