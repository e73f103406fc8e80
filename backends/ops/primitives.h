#pragma once
// prim:: - the primitive ops as functions. Strict: operands have equal dtypes (predicates apart), no promotion, no
// recording of symbolic calls. Public ops (backends/ops/public/) and gradient rules are written in these.
#include "backends/ops/convolution/convolution.h"
#include "backends/ops/creation/creation.h"
#include "backends/ops/cumulative/cumulative.h"
#include "backends/ops/einsum/einsum.h"
#include "backends/ops/elementwise/elementwise.h"
#include "backends/ops/gather/gather.h"
#include "backends/ops/matmul/matmul.h"
#include "backends/ops/movement/movement.h"
#include "backends/ops/pooling/pooling.h"
#include "backends/ops/random/random.h"
#include "backends/ops/reduce/reduce.h"
#include "backends/ops/softmax/softmax.h"
#include "backends/ops/sort/sort.h"
