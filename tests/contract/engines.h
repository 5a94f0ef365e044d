#pragma once

#ifdef KONOMI_CONTRACT_OF_THE_CLUSTER
#include "tests/contract/cluster_under_test.h"
#else
#include "adapters/memory/engine.h"
#include "adapters/rocks/engine.h"
#endif
#include "tests/support/orders.h"
#include "tests/support/temporary_directory.h"
#include "tests/support/value_of.h"

#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <utility>

namespace konomi::contract {

// The engines under test, behind one face: in one program those that need no server, in another the
// cluster. reopen() ends the engine as an ordinary shutdown does
// and begins a new one over what was stored; readers and cursors must be gone.

#ifdef KONOMI_CONTRACT_OF_THE_CLUSTER

using Engines = ::testing::Types<ClusterUnderTest>;

struct EngineNames {
  template <class T>
  static std::string GetName(int /*index*/) {
    return "Cluster";
  }
};

#else

class RocksUnderTest {
 public:
  static constexpr bool kClockIsLogTime = true;

  RocksUnderTest() { open(); }

  void reopen() {
    engine_.reset();
    open();
  }
  rocks::RocksEngine& operator*() { return *engine_; }
  rocks::RocksEngine* operator->() { return engine_.get(); }
  ManualClock& clock() { return clock_; }

 private:
  void open() { engine_ = support::value_of(rocks::RocksEngine::open(directory_.path(), clock_)); }

  support::TemporaryDirectory directory_;
  ManualClock clock_{support::instant(0)};
  std::unique_ptr<rocks::RocksEngine> engine_;
};

class MemoryUnderTest {
 public:
  static constexpr bool kClockIsLogTime = true;

  void reopen() {}  // It has nothing outside itself.
  memory::MemoryEngine& operator*() { return engine_; }
  memory::MemoryEngine* operator->() { return &engine_; }
  ManualClock& clock() { return clock_; }

 private:
  ManualClock clock_{support::instant(0)};
  memory::MemoryEngine engine_{clock_};
};

using Engines = ::testing::Types<RocksUnderTest, MemoryUnderTest>;

struct EngineNames {
  template <class T>
  static std::string GetName(int /*index*/) {
    return std::is_same_v<T, RocksUnderTest> ? "Rocks" : "Memory";
  }
};

#endif

// One port's suite: TYPED_TEST(OrderStoreContract, …) { this->engine->… }.
template <class Engine>
class EngineTest : public ::testing::Test {
 protected:
  Engine engine;
};

}  // namespace konomi::contract
