#pragma once

#include "base/result.h"

#include <string_view>

namespace rocksdb {
class Status;
}

namespace konomi::rocks {

// What a RocksDB status means to konomi; `what` begins the message: "cannot open /data/log".
//   no room, quota used up, read-only disk   storage_full
//   a checksum or structure is wrong         corrupted
//   the disk failed                          unavailable
//   anything else                            internal
// A failed write may have reached the disk, except when there was no room: then the operating
// system refused its bytes.
Error error_of(const rocksdb::Status& status, std::string_view what);
Error write_error_of(const rocksdb::Status& status, std::string_view what);

}  // namespace konomi::rocks
