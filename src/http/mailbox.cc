#include "http/mailbox.h"

#include <boost/asio/post.hpp>

#include <utility>

namespace konomi::http {
namespace {

class ReplyOnce {
 public:
  explicit ReplyOnce(std::shared_ptr<Exchange> exchange) : exchange_(std::move(exchange)) {}
  ReplyOnce(ReplyOnce&&) noexcept = default;
  ReplyOnce& operator=(ReplyOnce&&) = delete;
  ReplyOnce(const ReplyOnce&) = delete;
  ReplyOnce& operator=(const ReplyOnce&) = delete;
  ~ReplyOnce() {
    if (!exchange_) return;
    exchange_->dropped = true;
    answer({.status = 500});
  }

  void operator()(Response response) {
    if (exchange_) answer(std::move(response));
  }

 private:
  void answer(Response response) {
    std::shared_ptr<Exchange> exchange = std::move(exchange_);
    exchange->response = std::move(response);
    if (exchange->mailbox->on_own_thread() && exchange->in_handler) {
      exchange->answered = true;
    } else {
      Mailbox::push(std::move(exchange));
    }
  }

  std::shared_ptr<Exchange> exchange_;
};

}  // namespace

void Mailbox::push(std::shared_ptr<Exchange> exchange) {
  // Held here, because the exchange and with it the last other reference may be gone at any moment
  // after it was handed over.
  const std::shared_ptr<Mailbox> self = exchange->mailbox;
  MutexLock lock(self->mutex_);
  if (!self->io_) return;
  self->finished_.push_back(std::move(exchange));
  if (self->finished_.size() > 1) return;
  boost::asio::post(*self->io_, [self] { drain(self); });
}

void Mailbox::drain(const std::shared_ptr<Mailbox>& self) {
  {
    MutexLock lock(self->mutex_);
    self->draining_.swap(self->finished_);
  }
  for (std::shared_ptr<Exchange>& finished : self->draining_) {
    // The session may put the exchange back into the stock: no reference may be left here then.
    finished->answered = true;
    auto resume = std::exchange(finished->resume, nullptr);
    finished.reset();
    if (resume) resume();
  }
  self->draining_.clear();
}

void Mailbox::close() {
  std::vector<std::shared_ptr<Exchange>> dropped;
  MutexLock lock(mutex_);
  io_ = nullptr;
  dropped.swap(finished_);
}

Reply make_reply(std::shared_ptr<Exchange> exchange) {
  return ReplyOnce(std::move(exchange));
}

}  // namespace konomi::http
