// The update rules on GPUs: the same code as the CPU's, operation by operation, and so the same bits.
#include "backends/cuda/kernel.cuh"
#include "backends/ops/update/update_group.h"

namespace lamina::gpu {

namespace {

#include "backends/ops/update/update_rules.h"

constexpr int kStatesMost = 4;
template <class T>
struct Part {
  const T* in[kStatesMost];
  T* out[kStatesMost];
  const T *gradient, *rate;
  double constants[3];
  int64_t n;
};

// Arguments are at most 4 KiB.
constexpr int kParts = 24;
template <class T>
struct Parts {
  Part<T> at[kParts];
  template <class F>
  void each_pointer(F&& f) {  // for the emulated device
    for (Part<T>& p : at) {
      for (auto& x : p.in) f(x);
      for (auto& y : p.out) f(y);
      f(p.gradient), f(p.rate);
    }
  }
};
template <class T>
struct One : Part<T> {
  template <class F>
  void each_pointer(F&& f) {
    for (auto& x : this->in) f(x);
    for (auto& y : this->out) f(y);
    f(this->gradient), f(this->rate);
  }
};

template <UpdateRule kRule, class T>
__device__ void update_at(const Part<T>& p, int64_t i) {
  using W = Wide<T>;
  const UpdateScalars<W> scalars{static_cast<W>(p.constants[0]),     static_cast<W>(p.constants[1]),
                                 static_cast<W>(p.constants[2]),     static_cast<W>(1 - p.constants[0]),
                                 static_cast<W>(1 - p.constants[1]), widen(*p.rate)};
  W s[kStates<kRule>];
  for (int j = 0; j < kStates<kRule>; ++j) s[j] = widen(p.in[j][i]);
  update_element<kRule>(s, widen(p.gradient[i]), scalars);
  for (int j = 0; j < kStates<kRule>; ++j) p.out[j][i] = narrow<T>(s[j]);
}

template <UpdateRule kRule, class T>
__global__ void update(One<T> p) {
  for (int64_t i = first(); i < p.n; i += step()) update_at<kRule, T>(p, i);
}

// A block a small variable.
template <UpdateRule kRule, class T>
__global__ void update_parts(Parts<T> parts, int64_t count) {
  for (int64_t b = blockIdx.x; b < count; b += gridDim.x)
    for (int64_t i = threadIdx.x; i < parts.at[b].n; i += blockDim.x) update_at<kRule, T>(parts.at[b], i);
}

template <class T>
void fill(Part<T>& p, const UpdateOp& op, int states, const void* const* in, void* const* out, int64_t n) {
  for (int j = 0; j < states; ++j) p.in[j] = static_cast<const T*>(in[j]), p.out[j] = static_cast<T*>(out[j]);
  for (int j = states; j < kStatesMost; ++j) p.in[j] = nullptr, p.out[j] = nullptr;
  p.gradient = static_cast<const T*>(in[states]);
  p.rate = static_cast<const T*>(in[states + 1]);
  for (size_t c = 0; c < 3; ++c) p.constants[c] = op.constants[c];
  p.n = n;
}

BoundKernel bind_update(const UpdateOp& op, const KernelRequest& r) {
  const int states = states_of(op.rule);
  BoundKernel k;
  for (int i = 0; i < states; ++i) k.sharing.emplace_back(i, i);
  k.run = [op, states, dtype = r.inputs[0].dtype, n = r.inputs[0].shape.elements(), queue = Queue(r.device)](
              const void* const* in, void* const* out, void*) {
    with_rule(op.rule, [&](auto rule) {
      with_stored_float(dtype, [&](auto zero) {
        using T = decltype(zero);
        One<T> p;
        fill<T>(p, op, states, in, out, n);
        queue.elements(update<rule(), T>, n, p);
      });
    });
  };
  return k;
}

BoundKernel bind_group(const KernelRequest& r) {
  struct Member {
    UpdateOp op;
    int states;
    DType dtype;
    size_t input, output;
    int64_t n;
  };
  std::vector<Member> members;
  BoundKernel k;
  size_t input = 0, output = 0;
  for (const UpdateOp& op : static_cast<const UpdateGroupOp&>(r.op).parts) {
    const int states = states_of(op.rule);
    for (int i = 0; i < states; ++i) k.sharing.emplace_back(static_cast<int>(input) + i, static_cast<int>(output) + i);
    members.push_back({op, states, r.inputs[input].dtype, input, output, r.inputs[input].shape.elements()});
    input += static_cast<size_t>(states) + 2;
    output += static_cast<size_t>(states);
  }
  k.run = [members, queue = Queue(r.device)](const void* const* in, void* const* out, void*) {
    for (size_t begin = 0, end; begin < members.size(); begin = end) {  // runs of one rule and dtype
      const Member& first = members[begin];
      for (end = begin; end < members.size() && end - begin < kParts && members[end].op.rule == first.op.rule &&
                        members[end].dtype == first.dtype;)
        ++end;
      with_rule(first.op.rule, [&](auto rule) {
        with_stored_float(first.dtype, [&](auto zero) {
          using T = decltype(zero);
          Parts<T> parts{};
          int64_t most = 1;
          for (size_t i = begin; i < end; ++i) {
            const Member& m = members[i];
            fill<T>(parts.at[i - begin], m.op, m.states, in + m.input, out + m.output, m.n);
            most = std::max(most, m.n);
          }
          const auto count = static_cast<int64_t>(end - begin);
          queue.rows(update_parts<rule(), T>, count, most, parts, count);
        });
      });
    }
  };
  return k;
}

LAMINA_GPU_KERNEL("Update", "elements", 20, bind_update);
LAMINA_GPU_KERNEL("UpdateGroup", "parts", 20, bind_group);

}  // namespace
}  // namespace lamina::gpu
