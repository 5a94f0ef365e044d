#pragma once

#include "base/mutex.h"

#include <cstddef>
#include <deque>
#include <functional>
#include <thread>
#include <vector>

namespace konomi::http {

// Threads for work that blocks, behind one bounded queue.
class WorkerPool {
 public:
  using Job = std::move_only_function<void()>;  // Must not throw.

  WorkerPool(std::size_t threads, std::size_t queue_max);
  ~WorkerPool();  // Stops.

  // False, and the job destroyed, when the queue is full or the pool has stopped. Any thread.
  bool try_submit(Job job);

  // For the next step of work that was admitted before: not refused by a full queue, because there
  // is at most one such step per connection. Destroyed after stop(). Any thread.
  void submit(Job job);

  // Waits for the jobs that run; destroys those that wait. Not from a job.
  void stop();

 private:
  void run();

  const std::size_t queue_max_;

  Mutex mutex_;
  ConditionVariable changed_;
  std::deque<Job> queue_ KONOMI_GUARDED_BY(mutex_);
  bool stopped_ KONOMI_GUARDED_BY(mutex_) = false;

  std::vector<std::jthread> threads_;
};

}  // namespace konomi::http
