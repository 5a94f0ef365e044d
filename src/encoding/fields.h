#pragma once

#include "base/bytes.h"
#include "base/clock.h"
#include "base/result.h"
#include "domain/order.h"

#include <cstdint>
#include <string>

namespace konomi::encoding {

// Pieces that the log's records and the stores' values share (docs/formats.md).

// Zigzag: numbers near zero are short, whatever their sign.
void append_signed(std::string& out, std::int64_t value);
Result<std::int64_t> read_signed(ByteReader& reader);

void append_instant(std::string& out, Timestamp instant);
Result<Timestamp> read_instant(ByteReader& reader);

// Status, instant and menu type: what an order holds besides its user and id.
void append_order_content(std::string& out, const Order& order);
Result<void> read_order_content(ByteReader& reader, Order& order);

// `corrupted` unless the layout's first byte is `expected`, and at the end unless nothing is left.
Result<void> check_layout(ByteReader& reader, std::uint8_t expected);
Result<void> check_end(const ByteReader& reader);

}  // namespace konomi::encoding
