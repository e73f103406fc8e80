#pragma once
// All public ops.
#include "backends/ops/public/core.h"
#include "backends/ops/public/nn.h"
#include "backends/ops/public/numpy_creation.h"
#include "backends/ops/public/numpy_elementwise.h"
#include "backends/ops/public/numpy_index.h"
#include "backends/ops/public/numpy_logic.h"
#include "backends/ops/public/numpy_products.h"
#include "backends/ops/public/numpy_reduce.h"
#include "backends/ops/public/numpy_shape.h"
#include "backends/ops/public/numpy_statistics.h"
#include "backends/ops/public/operators.h"
#include "backends/ops/public/random.h"
