#pragma once

#include "base/clock.h"
#include "base/result.h"
#include "domain/bucket.h"
#include "ports/ports.h"

#include <cstdint>
#include <filesystem>
#include <functional>
#include <stop_token>
#include <string>
#include <vector>

namespace konomi::operate {

// Dead letters that came from another log keep their names but for the partition, which is raised
// by so much: no log has so many, so no letter of the new log has the same name, and a replay of
// one is a new order there.
inline constexpr std::uint32_t kMigratedPartitions = 1'000'000;

// One side of a migration. Everything in it outlives its users.
struct MigrationSide {
  Ports ports;
  BucketCount bucket_count;
};

// Copies the menu types, the stored orders, each as it is now, cancelled ones too, and the dead
// letters of a stopped embedded konomi to another engine, through that one's log. Goes on where an
// earlier run ended: `state` remembers how far it got. Used by one thread.
class Migration {
 public:
  struct Copied {
    std::uint64_t orders = 0;  // By this run.
    std::uint64_t letters = 0;
  };
  // Hears of every batch.
  using Progress = std::function<void(const Copied&, BusinessDay)>;

  // `target_name` tells targets apart in the file `state`.
  Migration(MigrationSide source, MigrationSide target, std::string target_name,
            std::filesystem::path state)
      : source_(source),
        target_(target),
        target_name_(std::move(target_name)),
        state_(std::move(state)) {}

  // `invalid_argument`: the target holds orders already, and not from an earlier run of this.
  // `cancelled` on stop. Other errors are the engines', after some minutes of trying again.
  Result<Copied> run(std::stop_token stop, const Progress& progress);

 private:
  struct State;

  Result<State> begin();
  Result<void> save(const State& state) const;
  Result<void> copy_day(BusinessDay day, const std::stop_token& stop, Copied& copied,
                        const Progress& progress);
  Result<void> append(std::vector<Order> orders, const std::stop_token& stop);
  Result<void> copy_letters(Copied& copied);

  const MigrationSide source_;
  const MigrationSide target_;
  const std::string target_name_;
  const std::filesystem::path state_;
};

// Compares the exports of both, and says what differs, a sentence each; empty: they are equal. Days
// that are cut in another way have other figures: then only menu types and orders are compared, the
// orders in any order.
Result<std::vector<std::string>> compare(const MigrationSide& source, const MigrationSide& target,
                                         bool same_days);

}  // namespace konomi::operate
