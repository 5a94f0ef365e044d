//! The scylla driver behind the C functions of `include/konomi_bridge.h`.
//!
//! `ffi` is the one place where pointers become values and values pointers; everything else is safe
//! Rust and knows nothing of C. `session` connects, prepares and runs; `options` makes a session's
//! configuration out of plain values; `values` has the raw cells that go in and out; `failure` sorts
//! the driver's errors into the few kinds that a caller can act on.

mod failure;
mod ffi;
mod options;
mod session;
mod values;
