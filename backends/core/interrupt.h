#pragma once
#include <functional>

namespace lamina {

// Long work asks between its steps whether the user wants it to stop: throws what the binding's check throws (Python:
// KeyboardInterrupt after Ctrl-C). Cheap enough for every step: the check itself, which may have to wait for an
// interpreter, runs a few dozen times a second, and at the first call of a thread.
void check_interrupt();
void set_interrupt_check(std::function<void()> check);  // null: nothing is checked

}  // namespace lamina
