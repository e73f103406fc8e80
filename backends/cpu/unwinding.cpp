// Makes ready what an exception needs before memory is short.
#include <execinfo.h>

namespace lamina {
namespace {

// C frames that clean up (such as pthread_once's, through which libraries' exceptions pass) let glibc load libgcc at
// their first exception, and it ends the process if there is no memory for that. A backtrace loads it too.
const bool loaded = [] {
  void* frame;
  return backtrace(&frame, 1) >= 0;
}();

}  // namespace
}  // namespace lamina
