#pragma once
// A lock for what a user's code may be called under. Whoever embeds the library in an interpreter with a lock of its
// own (Python's) says how to give that up while a thread waits here: the thread that holds this lock may need it to go
// on.
#include <mutex>

namespace lamina {

// Calls `wait`, which blocks, without the interpreter's lock. As it stands: just calls it.
void set_waiting(void (*without_interpreter)(void (*wait)(void*), void* context));

// Blocks that way for something else: `wait` must return once it is there.
void wait_without_interpreter(void (*wait)(void*), void* context);

class PatientLock {
 public:
  explicit PatientLock(std::recursive_mutex& mutex);
  ~PatientLock() { mutex_.unlock(); }
  PatientLock(const PatientLock&) = delete;
  PatientLock& operator=(const PatientLock&) = delete;

 private:
  std::recursive_mutex& mutex_;
};

}  // namespace lamina
