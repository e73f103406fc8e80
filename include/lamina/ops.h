#pragma once
// Keras' ops for C++: ops::matmul(a, b), ops::image::resize(...), random::normal(...), activations::relu(x). They work
// on tensors with values and on symbolic ones.
#include "backends/ops/public/image.h"
#include "backends/ops/public/ops.h"
#include "backends/ops/public/random.h"
#include "backends/ops/random/seed_generator.h"
