#pragma once

#include <string>

namespace konomi::http {

// For tests: a certificate for 127.0.0.1 that signs itself, and its key, as PEM files in
// `directory`. Each one made is another.
struct TestCertificate {
  std::string certificate_file;
  std::string key_file;
};

TestCertificate make_test_certificate(const std::string& directory, const std::string& name,
                                      long seconds_valid = 3600);

}  // namespace konomi::http
