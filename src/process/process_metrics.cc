#include "process/process_metrics.h"

#include <sys/resource.h>
#include <unistd.h>

#include <cstdint>
#include <fstream>
#include <iterator>
#include <sstream>
#include <string>
#include <system_error>
#include <vector>

namespace konomi::process {
namespace {

// The fields of /proc/self/stat behind the program's name, which may hold anything; [0] is field 3.
std::vector<std::string> stat_fields() {
  std::ifstream file("/proc/self/stat");
  const std::string text((std::istreambuf_iterator<char>(file)), std::istreambuf_iterator<char>());
  const std::size_t end_of_name = text.rfind(')');
  if (end_of_name == std::string::npos) return {};
  std::istringstream rest(text.substr(end_of_name + 1));
  return {std::istream_iterator<std::string>(rest), std::istream_iterator<std::string>()};
}

double boot_time() {
  std::ifstream file("/proc/stat");
  for (std::string line; std::getline(file, line);) {
    if (line.starts_with("btime ")) return std::stod(line.substr(6));
  }
  return 0;
}

}  // namespace

void collect_process(Samples& samples) {
  if (const auto fields = stat_fields(); fields.size() > 21) {
    const auto ticks = static_cast<double>(::sysconf(_SC_CLK_TCK));
    const auto page = static_cast<double>(::sysconf(_SC_PAGESIZE));
    samples.counter("process_cpu_seconds_total", "Processor time used, of user and system.",
                    (std::stod(fields[11]) + std::stod(fields[12])) / ticks);
    samples.gauge("process_threads", "Threads.", std::stod(fields[17]));
    samples.gauge("process_start_time_seconds", "When the process started, since 1970.",
                  boot_time() + std::stod(fields[19]) / ticks);
    samples.gauge("process_virtual_memory_bytes", "Virtual memory.", std::stod(fields[20]));
    samples.gauge("process_resident_memory_bytes", "Memory in RAM.", std::stod(fields[21]) * page);
  }
  std::error_code error;
  const std::filesystem::directory_iterator files("/proc/self/fd", error);
  if (!error) {
    samples.gauge("process_open_fds", "Open files and connections.",
                  static_cast<double>(std::distance(begin(files), end(files))));
  }
  rlimit limit{};
  if (::getrlimit(RLIMIT_NOFILE, &limit) == 0) {
    samples.gauge("process_max_fds", "Files and connections that may be open.",
                  static_cast<double>(limit.rlim_cur));
  }
}

void collect_disk(Samples& samples, const std::filesystem::path& directory) {
  std::error_code error;
  const auto space = std::filesystem::space(directory, error);
  if (error) return;
  samples.gauge("konomi_data_disk_free_bytes", "Room left on the disk of the data directory.",
                static_cast<double>(space.available));
  samples.gauge("konomi_data_disk_size_bytes", "Size of the disk of the data directory.",
                static_cast<double>(space.capacity));
}

}  // namespace konomi::process
