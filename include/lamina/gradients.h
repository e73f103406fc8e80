#pragma once
// Gradients by tape, and functions compiled as one graph.
#include "backends/core/autodiff.h"
#include "backends/graph/function.h"
