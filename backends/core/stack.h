#pragma once
namespace lamina {

// To be called where user's objects may call each other without end (a layer that holds itself): RecursionError, saying
// `what` was going on, when little is left of this thread's stack, whatever its size is.
void check_stack(const char* what);

}  // namespace lamina
