#pragma once
// Kernels: ordered candidates for each (primitive, kind of device). bind() looks at attributes, shapes and dtypes once
// and returns a closure over them, or declines with a reason; the plain loop registered last never declines. Where a
// device has no kernel that takes a primitive, its inputs go to the host, where the CPU's kernel runs, and its outputs
// come back (through_host.h). LAMINA_VERBOSE=dispatch prints which kernel was bound and why others declined.
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "backends/core/device.h"
#include "backends/core/primitive.h"

namespace lamina {

// What a kernel can do with an input once and use in many runs: a matrix brought into the layout it wants.
struct Preparation {
  int input;
  size_t bytes;  // of the result, 64-byte aligned
  std::function<void(const void* input, void* prepared)> make;
  // As BoundKernel::run, but takes what make() wrote in the input's place.
  std::function<void(const void* const* inputs, void* const* outputs, void* scratch)> run;
  // What make() writes for an input, where that depends on the input alone: kernels with the same text share one.
  // Empty: nobody else's.
  std::string layout = {};
};

// Bound to one signature. run() may be called from several threads at once: it keeps no state but its closure, works in
// `scratch` (of scratch_bytes, 64-byte aligned), and writes every output element.
struct BoundKernel {
  using Run = std::function<void(const void* const* inputs, void* const* outputs, void* scratch)>;
  Run run;
  size_t scratch_bytes = 0;
  bool in_place = false;  // any one output may share the buffer of any one input of its size
  bool recordable =
      true;  // run() asks a device for work and does nothing else: no waiting, no memory (see DeviceDriver::record)
  std::vector<std::pair<int, int>>
      sharing;  // else the (input, output) pairs that may share one buffer, any number of them at once
  std::string_view name;
  std::optional<Preparation>
      preparation;  // used for an input that stays the same over many runs, such as weights in inference
};

// What a kernel is to be bound for: the op and the specs of its inputs and outputs, all sizes known.
struct KernelRequest {
  const Primitive& op;
  std::span<const TensorSpec> inputs;
  std::span<const TensorSpec> outputs;
  mutable std::string declined;  // why the last candidate said no
  uint32_t steady = 0;           // bit i: input i stays the same over many runs, so that its preparation costs nothing
  Device device = {};            // where it is to run; bind_kernel() sets it

  // In a bind function: `return request.decline("needs float32")`.
  BoundKernel decline(std::string reason) const {
    declined = std::move(reason);
    return {};
  }
};

using Bind = BoundKernel (*)(const KernelRequest&);

namespace detail {
// The RuntimeError of a kernel that was handed an op of another class than its function takes.
[[noreturn]] void wrong_class(const Primitive& op);

// bind, which takes the op as what it is, as one that finds it in the request.
template <auto bind>
struct TypedBind {
  template <class P>
  static BoundKernel call(BoundKernel (*)(const P&, const KernelRequest&), const KernelRequest& r) {
    if constexpr (std::is_final_v<P>) {
      if (typeid(r.op) != typeid(P)) [[unlikely]]
        wrong_class(r.op);
      return bind(static_cast<const P&>(r.op), r);
    } else {
      return bind(dynamic_cast<const P&>(r.op), r);
    }
  }
  static BoundKernel run(const KernelRequest& r) { return call(bind, r); }
};
// A typed bind function as kernels are listed; a wrong class of op is a RuntimeError.
template <auto bind>
constexpr Bind untyped() {
  if constexpr (std::is_convertible_v<decltype(bind), Bind>)
    return bind;
  else
    return TypedBind<bind>::run;
}
}  // namespace detail

// Lower rank is tried first: 0-9 specialised, 10-19 library, 20-29 own vector code, 100 reference.
struct KernelRegistration {
  KernelRegistration(DeviceKind device, std::string_view primitive, std::string_view name, int rank, Bind bind);
};
#define LAMINA_KERNEL_CONCAT(A, B) A##B
#define LAMINA_KERNEL_NAME(COUNTER) LAMINA_KERNEL_CONCAT(kernel_registration_, COUNTER)
// A kernel of the primitive with that name. BIND is a function of (const ThePrimitive& op, const KernelRequest& r), or
// of the request alone where kernels of several primitives share it.
#define LAMINA_KERNEL(DEVICE, PRIMITIVE, NAME, RANK, BIND)                   \
  static const ::lamina::KernelRegistration LAMINA_KERNEL_NAME(__COUNTER__)( \
      ::lamina::DeviceKind::DEVICE, PRIMITIVE, NAME, RANK, ::lamina::detail::untyped<BIND>())

// The first candidate that accepts. UnsupportedError listing the refusals if none does, on the host either.
BoundKernel bind_kernel(Device device, const KernelRequest& request);
// The named candidate, for tests: bind_kernel_named(cpu, "reference", ...).
BoundKernel bind_kernel_named(Device device, std::string_view name, const KernelRequest& request);

// A registered kernel, for listings and tests.
struct KernelInfo {
  DeviceKind device;
  std::string primitive, name;
  int rank;
};
// All kernels of all devices, for listings.
std::vector<KernelInfo> registered_kernels();

}  // namespace lamina
