#pragma once
#include <cmath>

#include "backends/ops/recurrent/recurrent.h"

namespace lamina {

// The logistic function of x.
template <class N>
N plain_sigmoid(N x) {
  return 1 / (1 + std::exp(-x));
}

// Unit j of u in one step of a recurrence, written plainly: the new state. x and p (gates, u) are the inputs' and the
// state's products, h and c the unit's states before; c becomes the new one. save gets what gradients need: the gates,
// and of GRU the state's part of the candidate.
template <class N>
N plain_unit(Recurrence kind, int64_t u, int64_t j, const N* x, const N* bias, const N* p, N h, N& c, N (&save)[4]) {
  const auto z = [&](int64_t g) { return x[g * u + j] + bias[g * u + j]; };
  if (kind == Recurrence::simple) return save[0] = std::tanh(z(0) + p[j]);
  if (kind == Recurrence::lstm) {
    const auto gate = [&](int64_t g) { return z(g) + p[g * u + j]; };
    save[0] = plain_sigmoid(gate(0)), save[1] = plain_sigmoid(gate(1)), save[2] = std::tanh(gate(2)),
    save[3] = plain_sigmoid(gate(3));
    c = save[1] * c + save[0] * save[2];
    return save[3] * std::tanh(c);
  }
  const auto state = [&](int64_t g) { return p[g * u + j] + bias[3 * u + g * u + j]; };
  save[0] = plain_sigmoid(z(0) + state(0)), save[1] = plain_sigmoid(z(1) + state(1)), save[3] = state(2),
  save[2] = std::tanh(z(2) + save[1] * state(2));
  return save[0] * h + (1 - save[0]) * save[2];
}

}  // namespace lamina
