// Whole recurrences by cuDNN's RNN functions, which unlike its graphs need a GPU for everything but their names.
#include "backends/ops/recurrent/recurrent_cudnn.h"

#include <cudnn_adv.h>

#include "backends/core/settings.h"
#include "backends/cuda/graph_cudnn.h"
#include "backends/ops/creation/creation.h"

namespace lamina {

using cuda::cudnn_check;

namespace {

#define LAMINA_CUDNN(NAME)                                                                  \
  ([] {                                                                                     \
    static const auto found = reinterpret_cast<decltype(&NAME)>(cuda::cudnn_symbol(#NAME)); \
    return found;                                                                           \
  }())

// What cuDNN makes and destroys.
template <class T>
using Made = std::unique_ptr<std::remove_pointer_t<T>, cudnnStatus_t (*)(T)>;
Made<cudnnTensorDescriptor_t> make_tensor() {
  cudnnTensorDescriptor_t made;
  cudnn_check(LAMINA_CUDNN(cudnnCreateTensorDescriptor)(&made), "making a descriptor");
  return {made, LAMINA_CUDNN(cudnnDestroyTensorDescriptor)};
}

// Batches of sequences that are all as long.
Made<cudnnRNNDataDescriptor_t> make_sequences(const RecurrenceSizes& s, int64_t width) {
  cudnnRNNDataDescriptor_t made;
  cudnn_check(LAMINA_CUDNN(cudnnCreateRNNDataDescriptor)(&made), "making a descriptor");
  Made<cudnnRNNDataDescriptor_t> owned(made, LAMINA_CUDNN(cudnnDestroyRNNDataDescriptor));
  const std::vector<int> lengths(static_cast<size_t>(s.batch), static_cast<int>(s.steps));
  cudnn_check(LAMINA_CUDNN(cudnnSetRNNDataDescriptor)(made, cuda::cudnn_type(s.dtype),
                                                      CUDNN_RNN_DATA_LAYOUT_BATCH_MAJOR_UNPACKED,
                                                      static_cast<int>(s.steps), static_cast<int>(s.batch),
                                                      static_cast<int>(width), lengths.data(), nullptr),
              "describing sequences");
  return owned;
}

// One recurrence as cuDNN has it: what can be said of it without a GPU.
struct Description {
  RecurrenceSizes s;
  Made<cudnnRNNDescriptor_t> rnn{nullptr, nullptr};
  Made<cudnnRNNDataDescriptor_t> x, y;
  Made<cudnnTensorDescriptor_t> h;

  explicit Description(const RecurrenceSizes& sizes)
      : s(sizes), x(make_sequences(s, s.inputs)), y(make_sequences(s, s.units)), h(make_tensor()) {
    const bool gru = s.kind == Recurrence::gru;
    cudnnRNNDescriptor_t made;
    cudnn_check(LAMINA_CUDNN(cudnnCreateRNNDescriptor)(&made), "making a descriptor");
    rnn = {made, LAMINA_CUDNN(cudnnDestroyRNNDescriptor)};
    const cudnnDataType_t type = cuda::cudnn_type(s.dtype);
    cudnn_check(
        LAMINA_CUDNN(cudnnSetRNNDescriptor_v8)(
            made, CUDNN_RNN_ALGO_STANDARD,
            s.kind == Recurrence::simple ? CUDNN_RNN_TANH
            : gru                        ? CUDNN_GRU
                                         : CUDNN_LSTM,
            gru ? CUDNN_RNN_DOUBLE_BIAS : CUDNN_RNN_SINGLE_INP_BIAS, CUDNN_UNIDIRECTIONAL, CUDNN_LINEAR_INPUT, type,
            type, settings().tf32() ? CUDNN_DEFAULT_MATH : CUDNN_FMA_MATH, static_cast<int32_t>(s.inputs),
            static_cast<int32_t>(s.units), static_cast<int32_t>(s.units), 1, nullptr, CUDNN_RNN_PADDED_IO_ENABLED),
        "describing a recurrence");
    const int sizes_of_h[] = {1, static_cast<int>(s.batch), static_cast<int>(s.units)},
              strides_of_h[] = {sizes_of_h[1] * sizes_of_h[2], sizes_of_h[2], 1};
    cudnn_check(LAMINA_CUDNN(cudnnSetTensorNdDescriptor)(h.get(), type, 3, sizes_of_h, strides_of_h),
                "describing a state");
  }
};

// And what it takes on a GPU.
struct Plan : Description {
  size_t weight_bytes = 0, work_training = 0, work_inference = 0, kept = 0;
  CudnnWeights weights{};

  Plan(cuda::CudaDriver& driver, const RecurrenceSizes& sizes) : Description(sizes) {
    const cuda::CudnnHandle held = cuda::cudnn_handle(driver);
    size_t none = 0;
    cudnn_check(LAMINA_CUDNN(cudnnGetRNNWeightSpaceSize)(held.handle, rnn.get(), &weight_bytes), "asking for a size");
    cudnn_check(LAMINA_CUDNN(cudnnGetRNNTempSpaceSizes)(held.handle, rnn.get(), CUDNN_FWD_MODE_TRAINING, x.get(),
                                                        &work_training, &kept),
                "asking for a size");
    cudnn_check(LAMINA_CUDNN(cudnnGetRNNTempSpaceSizes)(held.handle, rnn.get(), CUDNN_FWD_MODE_INFERENCE, x.get(),
                                                        &work_inference, &none),
                "asking for a size");
    weights.elements = static_cast<int64_t>(weight_bytes / size_of(s.dtype));
    const std::array<int, 4> order = cudnn_gates(s.kind);
    const int gates = gates_of(s.kind);
    for (int g = 0; g < gates; ++g) {
      const size_t ours = static_cast<size_t>(order[static_cast<size_t>(g)]);
      std::tie(weights.input[ours], weights.input_bias[ours]) = places(held.handle, g, s.inputs, true);
      std::tie(weights.state[ours], weights.state_bias[ours]) =
          places(held.handle, gates + g, s.units, s.kind == Recurrence::gru);
    }
  }

  // Where the matrix (u, depth) and the bias of one of cuDNN's products are, in elements. Addresses are computed from
  // whichever beginning is given.
  std::pair<int64_t, int64_t> places(cudnnHandle_t handle, int product, int64_t depth, bool biased) const {
    char* const beginning = reinterpret_cast<char*>(uintptr_t{1} << 20);
    const Made<cudnnTensorDescriptor_t> matrix = make_tensor(), bias = make_tensor();
    void *at = nullptr, *bias_at = nullptr;
    cudnn_check(LAMINA_CUDNN(cudnnGetRNNWeightParams)(handle, rnn.get(), 0, weight_bytes, beginning, product,
                                                      matrix.get(), &at, bias.get(), &bias_at),
                "asking for a weight's place");
    int rank = 0, sizes[3] = {}, strides[3] = {};
    cudnnDataType_t type;
    cudnn_check(LAMINA_CUDNN(cudnnGetTensorNdDescriptor)(matrix.get(), 3, &type, &rank, sizes, strides),
                "asking for a weight's shape");
    if (!at || sizes[1] != s.units || sizes[2] != depth || strides[1] != depth || strides[2] != 1 ||
        (biased && !bias_at))
      throw RuntimeError("cuDNN ", cuda::cudnn_version(), " has the weights of a recurrence in an unknown order.");
    auto element = [&](void* p) {
      return p ? (static_cast<char*>(p) - beginning) / static_cast<int64_t>(size_of(s.dtype)) : 0;
    };
    return {element(at), element(bias_at)};
  }
};

// An UnsupportedError that says why there is none.
std::shared_ptr<const Plan> plan_for(Device device, const RecurrenceSizes& s) {
  if (!cuda::cudnn_missing().empty()) throw UnsupportedError(cuda::cudnn_missing(), ".");
  if (std::min({s.batch, s.steps, s.inputs, s.units}) < 1) throw UnsupportedError("it is empty.");
  constexpr int64_t most = std::numeric_limits<int32_t>::max();
  if (std::max({s.batch * s.steps, s.inputs, s.units * 4}) > most) throw UnsupportedError("it is too large.");
  // Asked for at every call on the eager engine, and by each kernel.
  static auto* plans = new cuda::CudnnPlans<Plan>;
  const std::string signature = text(device, " ", name_of(s.kind), " ", s.batch, " ", s.steps, " ", s.inputs, " ",
                                     s.units, " ", s.dtype, settings().tf32() ? " rounded" : "");
  try {
    return plans->find(signature, [&] { return Plan(cuda::cuda_driver(device), s); });
  } catch (const RuntimeError& e) { throw UnsupportedError(e.what()); }
}

int64_t kept_by_cudnn(Device device, const RecurrenceSizes& s) {
  return static_cast<int64_t>(plan_for(device, s)->kept);
}
const RecurrenceLibraryRegistration registration(DeviceKind::cuda, "cuDNN", kept_by_cudnn);

using Place = KernelChain::Place;

BoundKernel bind_forward(const WholeRecurrentOp& op, const KernelRequest& r) {
  std::shared_ptr<const Plan> plan;
  try {
    plan = plan_for(r.device, sizes_of_whole(op.kind, r.inputs));
  } catch (const Error& e) { return r.decline(e.what()); }
  if (op.saving && static_cast<size_t>(op.kept) != plan->kept)
    return r.decline(text("keeps ", plan->kept, " bytes, not ", op.kept));
  const bool lstm = op.kind == Recurrence::lstm;
  const size_t w = lstm ? 3 : 2;
  const auto in = KernelChain::input, out = KernelChain::output;
  BoundKernel k;
  k.scratch_bytes = op.saving ? plan->work_training : plan->work_inference;
  k.recordable = false;  // it may use streams of its own
  k.run = [plan, lstm, saving = op.saving, work = k.scratch_bytes, &driver = cuda::cuda_driver(r.device)](
              const void* const* in, void* const* out, void* scratch) {
    const cuda::CudnnHandle held = cuda::cudnn_handle(driver);
    cudnn_check(LAMINA_CUDNN(cudnnRNNForward)(
                    held.handle, plan->rnn.get(), saving ? CUDNN_FWD_MODE_TRAINING : CUDNN_FWD_MODE_INFERENCE, nullptr,
                    plan->x.get(), in[0], plan->y.get(), out[0], plan->h.get(), in[1], out[1], plan->h.get(),
                    lstm ? in[2] : nullptr, lstm ? out[2] : nullptr, plan->weight_bytes, in[2 + lstm], work, scratch,
                    saving ? plan->kept : 0, saving ? out[2 + lstm] : nullptr),
                "a recurrence");
  };
  KernelChain chain(r.device);
  const Place weights = chain.between(plan->weight_bytes);
  pack_weights(chain, plan->s, plan->weights, {in(w), in(w + 1), in(w + 2)}, weights);
  std::vector<Place> from{in(0), in(1)}, to;
  if (lstm) from.push_back(in(2));
  from.push_back(weights);
  for (size_t i = 0; i < r.outputs.size(); ++i) to.push_back(out(i));
  chain.add(std::move(k), from, to);
  return std::move(chain).finish();
}

BoundKernel bind_grad(const WholeRecurrentGradOp& op, const KernelRequest& r) {
  const Recurrence kind = op.kind;
  std::shared_ptr<const Plan> plan;
  try {
    plan = plan_for(r.device, sizes_of_whole(kind, r.inputs));
  } catch (const Error& e) { return r.decline(e.what()); }
  const size_t lstm = kind == Recurrence::lstm, w = 2 + lstm;
  const auto in = KernelChain::input, out = KernelChain::output;
  if (static_cast<size_t>(r.inputs[w + 4].shape.elements()) != plan->kept)
    return r.decline(text("keeps ", plan->kept, " bytes, not ", r.inputs[w + 4].shape.elements()));
  BoundKernel k;
  k.scratch_bytes = plan->work_training;
  k.recordable = false;
  // in: x, h0, c0, weights, y, what was kept, and the gradients of y, h, c; out: those of x, h0, c0, the weights, and
  // what was kept again, since cuDNN writes there.
  k.run = [plan, lstm, &driver = cuda::cuda_driver(r.device)](const void* const* in, void* const* out, void* scratch) {
    const void* const* rest = in + 2 + lstm;  // weights, y, kept, gy, gh, gc
    void* kept = out[3 + lstm];
    driver.copy(kept, rest[2], plan->kept);
    const cuda::CudnnHandle held = cuda::cudnn_handle(driver);
    cudnn_check(
        LAMINA_CUDNN(cudnnRNNBackwardData_v8)(
            held.handle, plan->rnn.get(), nullptr, plan->y.get(), rest[1], rest[3], plan->x.get(), out[0],
            plan->h.get(), in[1], rest[4], out[1], plan->h.get(), lstm ? in[2] : nullptr, lstm ? rest[5] : nullptr,
            lstm ? out[2] : nullptr, plan->weight_bytes, rest[0], plan->work_training, scratch, plan->kept, kept),
        "a recurrence's gradient");
    cudnn_check(LAMINA_CUDNN(cudnnRNNBackwardWeights_v8)(held.handle, plan->rnn.get(), CUDNN_WGRAD_MODE_ADD, nullptr,
                                                         plan->x.get(), in[0], plan->h.get(), in[1], plan->y.get(),
                                                         rest[1], plan->weight_bytes, out[2 + lstm],
                                                         plan->work_training, scratch, plan->kept, kept),
                "the gradient of a recurrence's weights");
  };
  KernelChain chain(r.device);
  const Place weights = chain.between(plan->weight_bytes), gradients = chain.between(plan->weight_bytes),
              kept = chain.between(plan->kept);
  pack_weights(chain, plan->s, plan->weights, {in(w), in(w + 1), in(w + 2)}, weights);
  chain.add(make_op<FullOp>(Shape{plan->weights.elements}, 0, plan->s.dtype), {}, {},
            {gradients});  // cuDNN adds to them
  std::vector<Place> from{in(0), in(1)}, to{out(0), out(1)};
  if (lstm) from.push_back(in(2)), to.push_back(out(2));
  from.push_back(weights);
  for (size_t i = w + 3; i < r.inputs.size(); ++i) from.push_back(in(i));
  to.insert(to.end(), {gradients, kept});
  chain.add(std::move(k), from, to);
  unpack_weights(chain, plan->s, plan->weights, gradients, {out(w), out(w + 1), out(w + 2)});
  return std::move(chain).finish();
}

LAMINA_KERNEL(cuda, "WholeRecurrent", "cudnn", 10, bind_forward);
LAMINA_KERNEL(cuda, "WholeRecurrentGrad", "cudnn", 10, bind_grad);

}  // namespace

void describe_to_cudnn(const RecurrenceSizes& sizes) { Description{sizes}; }

}  // namespace lamina
