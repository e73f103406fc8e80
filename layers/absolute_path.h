#pragma once
#include <string>

namespace lamina {

// While it lives, what is made in this thread has a path below this one, whatever name scopes are around it.
class AbsolutePath {
 public:
  explicit AbsolutePath(std::string path);  // "a/b"
  ~AbsolutePath();
  AbsolutePath(const AbsolutePath&) = delete;
  AbsolutePath& operator=(const AbsolutePath&) = delete;

 private:
  std::string around_;
};

}  // namespace lamina
