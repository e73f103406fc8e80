// cuDNN keeps all weights of a recurrence in one memory, a matrix a gate. They are packed at every run: beside the
// steps' products that is little.
#include "backends/ops/movement/movement.h"
#include "backends/ops/recurrent/recurrent_cudnn.h"

namespace lamina {

using Place = KernelChain::Place;

std::array<int, 4> cudnn_gates(Recurrence kind) {
  if (kind == Recurrence::gru) return {1, 0, 2, 0};  // reset, update, new: r, z, h
  return {0, 1, 2, 3};                               // input, forget, new memory, output: i, f, c, o
}

namespace {

Op rows_of(int64_t from, int64_t to, int64_t width) {
  return make_op<SliceOp>(std::vector<int64_t>{from, 0}, std::vector<int64_t>{to, width}, std::vector<int64_t>{1, 1});
}
const Op& turn() {
  static const Op op = make_op<TransposeOp>(std::vector<int>{1, 0});
  return op;
}

// Gates whose places follow one another move together: f(first gate, how many).
template <class F>
void runs(int gates, const std::array<int64_t, 4>& at, int64_t size, F&& f) {
  for (int g = 0, next; g < gates; g = next) {
    for (next = g + 1; next < gates && at[static_cast<size_t>(next)] == at[static_cast<size_t>(next - 1)] + size;)
      ++next;
    f(g, next - g);
  }
}

struct Movement {
  KernelChain& chain;
  const RecurrenceSizes& s;
  Place weights;
  int gates = gates_of(s.kind);

  Place place(int64_t element) const {
    return {weights.of, weights.at + static_cast<size_t>(element) * size_of(s.dtype)};
  }
  TensorSpec matrix(int64_t rows, int64_t columns) const { return {{rows, columns}, s.dtype}; }

  // (depth, gates u) <-> a (u, depth) matrix a gate
  void pack(Place from, int64_t depth, const std::array<int64_t, 4>& at) {
    const int64_t wide = gates * s.units;
    const Place turned = chain.between(matrix(wide, depth));
    chain.add(turn(), {matrix(depth, wide)}, {from}, {turned});
    runs(gates, at, s.units * depth, [&](int g, int count) {
      chain.add(rows_of(g * s.units, (g + count) * s.units, depth), {matrix(wide, depth)}, {turned},
                {place(at[static_cast<size_t>(g)])});
    });
  }
  void unpack(Place to, int64_t depth, const std::array<int64_t, 4>& at) {
    const int64_t wide = gates * s.units;
    const Place turned = chain.between(matrix(wide, depth));
    runs(gates, at, s.units * depth, [&](int g, int count) {
      const int64_t rows = count * s.units, first = g * s.units * depth;
      chain.add(rows_of(0, rows, depth), {matrix(rows, depth)}, {place(at[static_cast<size_t>(g)])},
                {{turned.of, turned.at + static_cast<size_t>(first) * size_of(s.dtype)}});
    });
    chain.add(turn(), {matrix(wide, depth)}, {turned}, {to});
  }
  // Row `of` of the bias (rows, gates u).
  void pack_bias(Place from, int64_t of, int64_t rows, const std::array<int64_t, 4>& at) {
    const int64_t wide = gates * s.units;
    runs(gates, at, s.units, [&](int g, int count) {
      const std::vector<int64_t> starts{of, g * s.units}, limits{of + 1, (g + count) * s.units};
      chain.add(make_op<SliceOp>(starts, limits, std::vector<int64_t>{1, 1}), {matrix(rows, wide)}, {from},
                {place(at[static_cast<size_t>(g)])});
    });
  }
  void unpack_bias(Place to, int64_t of, const std::array<int64_t, 4>& at) {
    runs(gates, at, s.units, [&](int g, int count) {
      const int64_t n = count * s.units, first = (of * gates + g) * s.units;
      chain.add(rows_of(0, 1, n), {matrix(1, n)}, {place(at[static_cast<size_t>(g)])},
                {{to.of, to.at + static_cast<size_t>(first) * size_of(s.dtype)}});
    });
  }
};

}  // namespace

void pack_weights(KernelChain& chain, const RecurrenceSizes& s, const CudnnWeights& p, const std::array<Place, 3>& from,
                  Place weights) {
  Movement m{chain, s, weights};
  const bool gru = s.kind == Recurrence::gru;
  m.pack(from[0], s.inputs, p.input);
  m.pack(from[1], s.units, p.state);
  m.pack_bias(from[2], 0, gru ? 2 : 1, p.input_bias);
  if (gru) m.pack_bias(from[2], 1, 2, p.state_bias);
}

void unpack_weights(KernelChain& chain, const RecurrenceSizes& s, const CudnnWeights& p, Place weights,
                    const std::array<Place, 3>& to) {
  Movement m{chain, s, weights};
  m.unpack(to[0], s.inputs, p.input);
  m.unpack(to[1], s.units, p.state);
  // A bias is gathered between the steps, since its parts are no outputs of their own.
  const int rows = s.kind == Recurrence::gru ? 2 : 1;
  const TensorSpec whole{{rows, gates_of(s.kind) * s.units}, s.dtype};
  const Place bias = chain.between(whole);
  m.unpack_bias(bias, 0, p.input_bias);
  if (rows == 2) m.unpack_bias(bias, 1, p.state_bias);
  chain.add(rows_of(0, rows, whole.shape[1]), {whole}, {bias}, {to[2]});
}

}  // namespace lamina
