#pragma once

#include <chrono>
#include <condition_variable>
#include <mutex>

// Locks that clang's thread-safety analysis understands (`make tidy`). With g++ the annotations are
// nothing.
#if defined(__clang__)
#define KONOMI_ANNOTATE_(x) __attribute__((x))
#else
#define KONOMI_ANNOTATE_(x)
#endif
#define KONOMI_GUARDED_BY(x) KONOMI_ANNOTATE_(guarded_by(x))
#define KONOMI_REQUIRES(...) KONOMI_ANNOTATE_(requires_capability(__VA_ARGS__))
#define KONOMI_EXCLUDES(...) KONOMI_ANNOTATE_(locks_excluded(__VA_ARGS__))

namespace konomi {

class KONOMI_ANNOTATE_(capability("mutex")) Mutex {
 public:
  void lock() KONOMI_ANNOTATE_(acquire_capability()) { mutex_.lock(); }
  void unlock() KONOMI_ANNOTATE_(release_capability()) { mutex_.unlock(); }

 private:
  std::mutex mutex_;
};

class KONOMI_ANNOTATE_(scoped_lockable) MutexLock {
 public:
  explicit MutexLock(Mutex& mutex) KONOMI_ANNOTATE_(acquire_capability(mutex)) : mutex_(mutex) {
    mutex_.lock();
  }
  ~MutexLock() KONOMI_ANNOTATE_(release_capability()) { mutex_.unlock(); }
  MutexLock(const MutexLock&) = delete;
  MutexLock& operator=(const MutexLock&) = delete;

 private:
  Mutex& mutex_;
};

// Waits on a Mutex that the caller holds. Callers loop over their condition:
//   while (!ready_) changed_.wait(mutex_);
class ConditionVariable {
 public:
  void wait(Mutex& mutex) KONOMI_REQUIRES(mutex) { variable_.wait(mutex); }
  // False when `until` has passed without a wake-up.
  bool wait_until(Mutex& mutex, std::chrono::steady_clock::time_point until)
      KONOMI_REQUIRES(mutex) {
    return variable_.wait_until(mutex, until) == std::cv_status::no_timeout;
  }
  void notify_one() { variable_.notify_one(); }
  void notify_all() { variable_.notify_all(); }

 private:
  std::condition_variable_any variable_;
};

}  // namespace konomi
