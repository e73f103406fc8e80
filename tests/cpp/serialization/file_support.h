#pragma once
// What the tests of files share: a folder that goes away, the golden files, and the text of an expected error.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <string>

#include "backends/core/error.h"
#include "serialization/formats/atomic_file.h"
#include "serialization/formats/json/json.h"

namespace lamina {

class TemporaryDirectory {
 public:
  TemporaryDirectory() {
    std::string pattern = (std::filesystem::temp_directory_path() / "lamina-XXXXXX").string();
    path_ = mkdtemp(pattern.data());
  }
  ~TemporaryDirectory() { std::filesystem::remove_all(path_); }
  std::string operator/(const std::string& name) const { return path_ + "/" + name; }
  const std::string& path() const { return path_; }
  size_t count() const { return std::distance(std::filesystem::directory_iterator(path_), {}); }

 private:
  std::string path_;
};

inline std::string data_file(const std::string& name) { return std::string(LAMINA_TEST_DATA) + "/" + name; }

inline const Value& golden() {
  static const Value value = parse_json(read_file(data_file("golden.json")), "golden.json");
  return value;
}

// The message of the E that `call` throws; "" (and a failure) if it throws none or another kind.
template <class E, class F>
std::string error_of(F&& call) {
  try {
    call();
    ADD_FAILURE() << "no error was thrown";
  } catch (const E& error) { return error.what(); } catch (const std::exception& error) {
    ADD_FAILURE() << "an error of another kind was thrown: " << error.what();
  }
  return "";
}

#define EXPECT_ERROR(TYPE, STATEMENT, ...) \
  EXPECT_THAT(lamina::error_of<TYPE>([&] { STATEMENT; }), testing::AllOf(__VA_ARGS__))

}  // namespace lamina
