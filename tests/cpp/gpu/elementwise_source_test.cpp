// The text of generated GPU kernels, compiled by the host's compiler: every instruction in every dtype computes what
// the CPU's kernel does, and inputs of all shapes meet the outputs rightly.
#include "backends/ops/elementwise/elementwise_nvrtc_source.h"

#include <dlfcn.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>

#include "backends/core/error.h"
#include "backends/ops/elementwise/elementwise.h"
#include "backends/ops/elementwise/fused.h"
#include "support/data.h"

namespace lamina {
namespace {

const char* const kHost = R"(
#include <math.h>
#include <cstdint>
#include <cstring>
#define __device__
#define __global__
static const struct { unsigned x; } blockIdx{0}, threadIdx{0}, blockDim{1}, gridDim{1};
inline uint32_t bits_of(float v) { uint32_t b; std::memcpy(&b, &v, 4); return b; }
inline float float_of(uint32_t b) { float v; std::memcpy(&v, &b, 4); return v; }
inline float half_to_float(uint16_t b) { _Float16 h; std::memcpy(&h, &b, 2); return (float)h; }
inline uint16_t float_to_half(float v) { _Float16 h = (_Float16)v; uint16_t b; std::memcpy(&b, &h, 2); return b; }
inline double inverse_erf(double y) {
  if (!(y > -1 && y < 1)) return y == 1 ? INFINITY : y == -1 ? -INFINITY : NAN;
  double low = -6, high = 6;
  for (int i = 0; i < 200; ++i) { double m = (low + high) / 2; (erf(m) < y ? low : high) = m; }
  return low;
}
)";

struct Case {
  std::string what;
  ElementwiseProgram program;
  std::vector<TensorSpec> in, out;
  cuda::ElementwisePlan plan;
};

void add(std::vector<Case>& cases, std::string what, const Op& op, std::vector<TensorSpec> in) {
  Case c{std::move(what), {}, std::move(in), {}, {}};
  c.out = op->infer(c.in);
  const KernelRequest r{*op, c.in, c.out, {}};
  c.program = program_of(r);
  for (const Instruction& i : c.program.code)
    if (!supported(i)) return;
  auto plan = cuda::plan_elementwise(r, c.program, c.out[0].shape);
  ASSERT_TRUE(plan) << r.declined;
  c.plan = std::move(*plan);
  cases.push_back(std::move(c));
}

std::vector<Case> all_cases() {
  std::vector<Case> cases;
  const Shape shape{5, 7};
  for (int d = 0; d < kDTypeCount; ++d) {
    const auto type = static_cast<DType>(d);
    for (int k = 0; k < kUnaryCount; ++k) {
      if (const auto kind = static_cast<Unary>(k); !is_float(type) || kind != Unary::bitwise_not) {
        try {
          add(cases, text(name_of(kind), ' ', type), make_op<UnaryOp>(kind), {{shape, type}});
        } catch (const Error&) {  // not defined for this dtype
        }
      }
    }
    for (int k = 0; k < kBinaryCount; ++k) {
      try {
        add(cases, text(name_of(static_cast<Binary>(k)), ' ', type), make_op<BinaryOp>(static_cast<Binary>(k)),
            {{shape, type}, {shape, type}});
      } catch (const Error&) {}
    }
    add(cases, text("where ", type), make_op<WhereOp>(), {{shape, DType::boolean}, {shape, type}, {shape, type}});
    for (int t = 0; t < kDTypeCount; ++t)
      if (t != d)
        add(cases, text("cast ", type, " to ", static_cast<DType>(t)), make_op<CastOp>(static_cast<DType>(t)),
            {{shape, type}});
  }
  // Shapes: a scalar, rows that repeat, columns, axes in turn.
  const DType f = DType::float32;
  const Op sum = make_op<BinaryOp>(Binary::add);
  for (const Shape& other :
       {Shape{}, Shape{1}, Shape{4}, Shape{3, 4}, Shape{3, 1}, Shape{2, 1, 4}, Shape{2, 1, 1}, Shape{1, 3, 1}})
    for (bool first : {true, false}) {
      const TensorSpec whole{{2, 3, 4}, f}, part{other, f};
      add(cases, text("shape ", other), sum, first ? std::vector{part, whole} : std::vector{whole, part});
    }
  add(cases, "both broadcast", sum, {{{2, 1, 4, 1}, f}, {{1, 3, 1, 5}, f}});
  // A program: (x * c + row) of which both the sum and whether it is over x leave, and half types in between.
  ElementwiseProgram p;
  p.inputs = 2;
  p.immediates = {{DType::float32, std::bit_cast<uint32_t>(0.37f)}};
  auto instruction = [&](Instruction::Code code, int kind, DType from, DType to, int a, int b) {
    p.code.push_back({code, static_cast<uint8_t>(kind), from, to, a, b, -1});
  };
  instruction(Instruction::Code::binary, static_cast<int>(Binary::multiply), f, f, 0, 2);
  instruction(Instruction::Code::binary, static_cast<int>(Binary::add), f, f, 3, 1);
  instruction(Instruction::Code::cast, 0, f, DType::bfloat16, 4, -1);
  instruction(Instruction::Code::unary, static_cast<int>(Unary::tanh), DType::bfloat16, DType::bfloat16, 5, -1);
  instruction(Instruction::Code::binary, static_cast<int>(Binary::greater), f, DType::boolean, 4, 0);
  p.outputs = {4, 6, 7, 0};
  add(cases, "program", make_op<FusedElementwiseOp>(p, Shape{6, 5}), {{{6, 5}, f}, {{5}, f}});
  return cases;
}

Tensor values(const TensorSpec& spec, int seed) {
  if (spec.dtype == DType::boolean) return prim::cast(testing::ramp(spec.shape, 1 + seed), DType::boolean);
  Tensor t = testing::ramp(spec.shape, 1.5 + 0.4 * seed, DType::float64);
  if (is_unsigned_int(spec.dtype)) t = prim::unary(Unary::abs, t);
  return prim::cast(is_float(spec.dtype) ? t : prim::multiply(t, 3.0), spec.dtype);
}

// The parameter list as casts of what `arguments` points to, so that every kernel is called alike.
std::string wrapper(const std::string& kernel, size_t number) {
  const size_t open = kernel.find('('), close = kernel.find(')');
  std::string list = kernel.substr(open + 1, close - open - 1), calls;
  for (size_t at = 0, k = 0; at < list.size(); ++k) {
    const size_t comma = std::min(list.find(", ", at), list.size());
    std::string one = list.substr(at, comma - at);
    calls += text(k ? ", *(" : "*(", one.substr(0, one.rfind(' ')), "*)a[", k, ']');
    at = comma + 2;
  }
  std::string renamed = kernel;
  renamed.replace(renamed.find(" kernel("), 8, text(" kernel", number, '('));
  return text(renamed, "extern \"C\" void call", number, "(void** a) { kernel", number, '(', calls, "); }\n");
}

// Kernels compiled for the host, to be called by their numbers.
class Compiled {
 public:
  explicit Compiled(const std::vector<std::string>& kernels)
      : folder_(std::filesystem::temp_directory_path() /
                text("lamina-elementwise-", static_cast<int64_t>(::getpid()))) {
    std::string source = text(kHost, cuda::elementwise_math());
    for (size_t i = 0; i < kernels.size(); ++i) source += wrapper(kernels[i], i);
    std::filesystem::create_directories(folder_);
    std::ofstream(folder_ / "kernels.cpp") << source;
    const std::string command = text(LAMINA_TEST_COMPILER, " -std=c++17 -O1 -w -ffp-contract=off -shared -fPIC ",
                                     (folder_ / "kernels.cpp").string(), " -o ", (folder_ / "kernels.so").string());
    if (std::system(command.c_str()) == 0) library_ = dlopen((folder_ / "kernels.so").c_str(), RTLD_NOW);
    if (!library_) throw RuntimeError("the kernels do not compile.");
  }
  ~Compiled() {
    if (library_) dlclose(library_);
    std::filesystem::remove_all(folder_);
  }
  auto call(size_t i) const { return reinterpret_cast<void (*)(void**)>(dlsym(library_, text("call", i).c_str())); }

 private:
  std::filesystem::path folder_;
  void* library_ = nullptr;
};

TEST(ElementwiseSource, ComputesWhatTheCpuDoes) {
  const std::vector<Case> cases = all_cases();
  ASSERT_GT(cases.size(), 700u);
  std::vector<std::string> kernels;
  for (const Case& c : cases) kernels.push_back(c.plan.text);
  const Compiled compiled(kernels);
  for (size_t i = 0; i < cases.size(); ++i) {
    const Case& c = cases[i];
    Tensors in, got, want;
    for (size_t k = 0; k < c.in.size(); ++k) in.push_back(values(c.in[k], static_cast<int>(k)));
    std::vector<DType> types;
    for (const TensorSpec& s : c.out) {
      types.push_back(s.dtype);
      got.push_back(Tensor::empty(s.shape, s.dtype));
      want.push_back(Tensor::empty(s.shape, s.dtype));
    }
    std::vector<const void*> from;
    std::vector<void*> to, expected;
    for (const Tensor& t : in) from.push_back(t.raw());
    for (const Tensor& t : got) to.push_back(t.mutable_raw());
    for (const Tensor& t : want) expected.push_back(t.mutable_raw());
    bind_elementwise(c.program, c.in, c.out[0].shape, types).run(from.data(), expected.data(), nullptr);
    c.plan.with_arguments(from.data(), to.data(), to.size(), compiled.call(i));
    for (size_t o = 0; o < got.size(); ++o) {
      const double tolerance = c.out[o].dtype == DType::float64    ? 1e-12
                               : c.out[o].dtype == DType::float32  ? 1e-5
                               : c.out[o].dtype == DType::float16  ? 2e-3
                               : c.out[o].dtype == DType::bfloat16 ? 2e-2
                                                                   : 0;
      for (int64_t e = 0; e < got[o].size(); ++e) {
        const double a = got[o].at(e), b = want[o].at(e);
        if (std::isnan(a) && std::isnan(b)) continue;
        ASSERT_TRUE(a == b || std::abs(a - b) <= tolerance * std::max(1.0, std::abs(b)))
            << c.what << ", output " << o << ", element " << e << ": " << a << ", on the CPU " << b << "\n"
            << c.plan.text;
      }
    }
  }
}

// Each reduction in the orders of both kernels, over programs whose inputs are walked in all ways.
TEST(ElementwiseSource, ReducesAsTheCpuDoes) {
  struct Reduction {
    std::unique_ptr<FusedReduceOp> op;
    std::vector<TensorSpec> in, out;
    cuda::ReductionPlan plan;
  };
  std::vector<Reduction> cases;
  std::vector<std::string> kernels;
  int by_column = 0;
  for (DType type : {DType::boolean, DType::uint8, DType::int32, DType::int64, DType::float16, DType::bfloat16,
                     DType::float32, DType::float64})
    for (Reduce kind : {Reduce::sum, Reduce::prod, Reduce::max, Reduce::min, Reduce::any, Reduce::all}) {
      if ((kind == Reduce::any || kind == Reduce::all) != (type == DType::boolean)) continue;
      for (const std::vector<int>& axes : {std::vector<int>{0}, {2}, {1}, {0, 2}, {0, 1, 2}}) {
        // where(condition, x, row)
        const ElementwiseProgram p{
            .inputs = 3, .code = {{Instruction::Code::where, 0, DType::boolean, type, 0, 1, 2}}, .outputs = {3}};
        Reduction c{std::make_unique<FusedReduceOp>(p, Shape{3, 2, 5}, kind, axes, false),
                    {{{3, 1, 1}, DType::boolean}, {{3, 2, 5}, type}, {{5}, type}},
                    {},
                    {}};
        c.out = c.op->infer(c.in);
        auto plan = cuda::plan_reduction({*c.op, c.in, c.out, {}}, *c.op);
        ASSERT_TRUE(plan);
        c.plan = std::move(*plan);
        by_column += c.plan.by_column;
        kernels.push_back(c.plan.text);
        cases.push_back(std::move(c));
      }
    }
  EXPECT_GT(by_column, 0);
  EXPECT_LT(by_column, static_cast<int>(cases.size()));
  const Compiled compiled(kernels);
  for (size_t i = 0; i < cases.size(); ++i) {
    const Reduction& c = cases[i];
    Tensors in;
    for (size_t k = 0; k < c.in.size(); ++k) in.push_back(values(c.in[k], static_cast<int>(k)));
    Tensor got = Tensor::empty(c.out[0].shape, c.out[0].dtype), want = Tensor::empty(c.out[0].shape, c.out[0].dtype);
    std::vector<const void*> from;
    for (const Tensor& t : in) from.push_back(t.raw());
    void *to = got.mutable_raw(), *expected = want.mutable_raw();
    const BoundKernel k = bind_kernel(Device::cpu, {*c.op, c.in, c.out, {}});
    const BufferPtr scratch = allocate(k.scratch_bytes + 64);
    k.run(from.data(), &expected, scratch->data());
    c.plan.with_arguments(from.data(), &to, compiled.call(i));
    const DType type = c.out[0].dtype;
    const double tolerance = type == DType::float64    ? 1e-12
                             : type == DType::float32  ? 1e-5
                             : type == DType::float16  ? 2e-3
                             : type == DType::bfloat16 ? 2e-2
                                                       : 0;
    for (int64_t e = 0; e < got.size(); ++e) {
      const double a = got.at(e), b = want.at(e);
      ASSERT_TRUE(a == b || std::abs(a - b) <= tolerance * std::max(1.0, std::abs(b)))
          << c.op->key() << ", element " << e << ": " << a << ", on the CPU " << b << "\n"
          << c.plan.text;
    }
  }
}

TEST(ElementwiseSource, SameForAllSizesAndConstants) {
  auto text_of = [](const Shape& shape, float c) {
    ElementwiseProgram p;
    p.inputs = 1;
    p.immediates = {{DType::float32, std::bit_cast<uint32_t>(c)}};
    p.code = {
        {Instruction::Code::binary, static_cast<uint8_t>(Binary::multiply), DType::float32, DType::float32, 0, 1, -1}};
    p.outputs = {2};
    const FusedElementwiseOp op(p, shape);
    const std::vector<TensorSpec> in = {{shape, DType::float32}}, out = op.infer(in);
    return cuda::plan_elementwise({op, in, out, {}}, p, shape)->text;
  };
  EXPECT_EQ(text_of({3, 4}, 2.0f), text_of({100}, 0.5f));
}

}  // namespace
}  // namespace lamina
