// LAMINA_DEVICE names the device that all tests of a program run on. Where it is not there, they are skipped with the
// reason.
#include <gtest/gtest.h>

#include <cstdlib>

#include "backends/core/device.h"
#include "backends/core/error.h"

namespace lamina {
namespace {

class TheDevice : public ::testing::Environment {
 public:
  void SetUp() override {
    const char* name = std::getenv("LAMINA_DEVICE");
    if (!name || !*name) return;
    const Device device = parse_device(name);
    try {
      if (!device.is_host()) driver_of(device);
    } catch (const Error& e) {
      // ctest finds these words; Google Test itself counts such tests as passed.
      GTEST_SKIP() << "SKIPPED, no device " << name << ": " << e.what();
    }
  }
};

const auto* const environment = ::testing::AddGlobalTestEnvironment(new TheDevice);

}  // namespace
}  // namespace lamina
