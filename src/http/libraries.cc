// Asio and Beast, compiled once for the whole program instead of in every file that includes them:
// the definitions in CMakeLists.txt make their headers declarations only.
#include <boost/asio/impl/src.hpp>
#include <boost/asio/ssl/impl/src.hpp>
#include <boost/beast/src.hpp>
