#pragma once

#include "http/mailbox.h"
#include "http/stream.h"

#include <boost/asio/async_result.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <utility>

namespace konomi::http {

template <class T = void>
using Task = boost::asio::awaitable<T, Executor>;

inline constexpr boost::asio::use_awaitable_t<Executor> use_task;

// Sleeps until the mailbox brings `exchange` back, or until someone else on this thread takes its
// `resume` and calls it. Await it at once; `exchange` outlives the wait.
inline Task<> completion(Exchange& exchange) {
  return boost::asio::async_initiate<const boost::asio::use_awaitable_t<Executor>, void()>(
      [&exchange](auto handler) { exchange.resume = std::move(handler); }, use_task);
}

}  // namespace konomi::http
