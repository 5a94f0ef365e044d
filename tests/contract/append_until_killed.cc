// Appends orders from four threads until it is killed: the other process of the durability tests.
//   append_until_killed DIRECTORY
// Writes "open" when the engine is open, and then the id of every order once it is acknowledged, a
// line each.
#include "adapters/rocks/engine.h"

#include <fmt/format.h>
#include <unistd.h>

#include <atomic>
#include <string>
#include <thread>
#include <vector>

namespace {

// One write(2), so that lines stay whole and none is lost in a buffer when the process dies.
void say(const std::string& lines) {
  if (write(STDOUT_FILENO, lines.data(), lines.size()) < 0) _exit(1);
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 2) return 2;
  const konomi::SystemClock clock;
  auto engine = konomi::rocks::RocksEngine::open(argv[1], clock);
  if (!engine) {
    fmt::print(stderr, "{}\n", engine.error().message);
    return 1;
  }
  say("open\n");
  std::vector<std::jthread> tills;
  for (int till = 0; till < 4; ++till) {
    tills.emplace_back([&, till] {
      for (int i = 0;; ++i) {
        std::vector<konomi::Order> orders;
        std::string ids;
        for (int j = 0; j <= i % 7; ++j) {
          const std::string id = fmt::format("{}-{}-{}-{}", getpid(), till, i, j);
          orders.push_back({.user_id = konomi::UserId(fmt::format("till{}", till)),
                            .order_id = konomi::OrderId(id),
                            .ordered_at = clock.now(),
                            .menu_type = konomi::MenuType("washoku")});
          ids += id + "\n";
        }
        std::atomic<bool> done = false;
        (*engine)->order_log().append(std::move(orders), [&](konomi::Result<void> written) {
          if (written) say(ids);
          done = true;
          done.notify_one();
        });
        done.wait(false);
      }
    });
  }
}
