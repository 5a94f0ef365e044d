#pragma once

#include "adapters/memory/engine.h"
#include "adapters/rocks/engine.h"
#include "tests/contract/support.h"

#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <utility>

namespace konomi::contract {

// The engines under test, behind one face. reopen() ends the engine as an ordinary shutdown does
// and begins a new one over what was stored; readers and cursors must be gone.
class RocksUnderTest {
 public:
  RocksUnderTest() { open(); }

  void reopen() {
    engine_.reset();
    open();
  }
  rocks::RocksEngine& operator*() { return *engine_; }
  rocks::RocksEngine* operator->() { return engine_.get(); }
  ManualClock& clock() { return clock_; }

 private:
  void open() { engine_ = value_of(rocks::RocksEngine::open(directory_.path(), clock_)); }

  TempDirectory directory_;
  ManualClock clock_{instant(0)};
  std::unique_ptr<rocks::RocksEngine> engine_;
};

class MemoryUnderTest {
 public:
  void reopen() {}  // It has nothing outside itself.
  memory::MemoryEngine& operator*() { return engine_; }
  memory::MemoryEngine* operator->() { return &engine_; }
  ManualClock& clock() { return clock_; }

 private:
  ManualClock clock_{instant(0)};
  memory::MemoryEngine engine_{clock_};
};

using Engines = ::testing::Types<RocksUnderTest, MemoryUnderTest>;

struct EngineNames {
  template <class T>
  static std::string GetName(int /*index*/) {
    return std::is_same_v<T, RocksUnderTest> ? "Rocks" : "Memory";
  }
};

// One port's suite: TYPED_TEST(OrderStoreContract, …) { this->engine->… }.
template <class Engine>
class EngineTest : public ::testing::Test {
 protected:
  Engine engine;
};

}  // namespace konomi::contract
