#pragma once

#include <memory>

namespace rocksdb {
class Logger;
}

namespace konomi::rocks {

// What RocksDB says of fatal errors, as lines of konomi's log. Without it RocksDB writes a log file
// of its own into the database's directory, and on a full disk Debian's build aborts the process
// when it writes to that file again.
std::shared_ptr<rocksdb::Logger> make_info_log();

}  // namespace konomi::rocks
