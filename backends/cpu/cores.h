#pragma once

namespace lamina {

// The processors that this process may use: those of its CPU affinity (taskset), at most as many as its control group
// grants time for (containers), at most OMP_NUM_THREADS where that is set. At least 1. Asked of the system once.
int usable_cores();

}  // namespace lamina
