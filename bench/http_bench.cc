// A server whose handler does nothing: what HTTP itself costs. `POST /` answers {"status":"ok"}.
//   http_bench [port] [threads]
//   wrk -t1 -c64 -d5 --latency -s bench/http_bench.lua http://127.0.0.1:<port>/
// POST /foreign answers from a thread of its own, in bursts, as the order log does.

#include "base/mutex.h"
#include "http/server.h"

#include <fmt/format.h>
#include <signal.h>

#include <cstdio>
#include <cstdlib>
#include <thread>
#include <utility>
#include <vector>

namespace konomi::http {
namespace {

Response ok() {
  Response response;
  response.body = R"({"status":"ok"})";
  return response;
}

// Answers whatever has gathered while it answered the burst before.
class ForeignThread {
 public:
  ForeignThread() : thread_([this] { run(); }) {}
  ~ForeignThread() {
    MutexLock lock(mutex_);
    stopping_ = true;
    changed_.notify_one();
  }

  void add(Reply reply) {
    MutexLock lock(mutex_);
    waiting_.push_back(std::move(reply));
    if (waiting_.size() == 1) changed_.notify_one();
  }

 private:
  void run() {
    std::vector<Reply> burst;
    for (;;) {
      {
        MutexLock lock(mutex_);
        while (waiting_.empty() && !stopping_) changed_.wait(mutex_);
        if (stopping_) return;
        burst.swap(waiting_);
      }
      for (Reply& reply : burst) reply(ok());
      burst.clear();
    }
  }

  Mutex mutex_;
  ConditionVariable changed_;
  std::vector<Reply> waiting_ KONOMI_GUARDED_BY(mutex_);
  bool stopping_ KONOMI_GUARDED_BY(mutex_) = false;

  std::jthread thread_;
};

int run(int argc, char** argv) {
  sigset_t signals;
  sigemptyset(&signals);
  sigaddset(&signals, SIGINT);
  sigaddset(&signals, SIGTERM);
  pthread_sigmask(SIG_BLOCK, &signals, nullptr);

  ForeignThread foreign;
  Router router;
  router.add_async(Method::post, "/", [](const Request&, Reply reply) { reply(ok()); });
  router.add_async(Method::post, "/foreign",
                   [&](const Request&, Reply reply) { foreign.add(std::move(reply)); });
  ServerOptions options{.port = 0, .threads = 1};
  options.limits.connections_max = 50'000;
  if (argc > 1) options.port = static_cast<std::uint16_t>(std::atoi(argv[1]));
  if (argc > 2) options.threads = static_cast<std::size_t>(std::atoi(argv[2]));
  Server server(options, std::move(router));
  if (const auto started = server.start(); !started) {
    fmt::print(stderr, "{}\n", started.error().message);
    return 1;
  }
  fmt::print("http://127.0.0.1:{}/ with {} thread(s)\n", server.port(), options.threads);
  std::fflush(stdout);
  int signal = 0;
  sigwait(&signals, &signal);
  server.stop();
  return 0;
}

}  // namespace
}  // namespace konomi::http

int main(int argc, char** argv) {
  return konomi::http::run(argc, argv);
}
