#include "backends/core/patient_lock.h"

namespace lamina {

namespace {
void (*waiting)(void (*wait)(void*), void* context) = [](void (*wait)(void*), void* context) { wait(context); };
}

void set_waiting(void (*without_interpreter)(void (*wait)(void*), void* context)) { waiting = without_interpreter; }

void wait_without_interpreter(void (*wait)(void*), void* context) { waiting(wait, context); }

PatientLock::PatientLock(std::recursive_mutex& mutex) : mutex_(mutex) {
  if (!mutex.try_lock()) waiting([](void* m) { static_cast<std::recursive_mutex*>(m)->lock(); }, &mutex);
}

}  // namespace lamina
