// NVRTC takes the generated text; this needs CUDA's libraries, but no GPU.
#include "backends/cuda/runtime_compiler.h"

#include "backends/core/error.h"
#include "backends/ops/elementwise/elementwise_nvrtc_source.h"
#include "backends/ops/elementwise/fused.h"

namespace lamina {
namespace {

TEST(RuntimeCompiler, TakesEveryInstruction) {
  // All instructions of one dtype in one kernel, so that a few compilations see them all.
  for (int d = 0; d < kDTypeCount; ++d) {
    const auto type = static_cast<DType>(d);
    ElementwiseProgram p;
    p.inputs = 4;  // contiguous, a row, a scalar and a condition along an axis
    auto instruction = [&](Instruction i) {
      if (!supported(i)) return;
      p.outputs.push_back(4 + static_cast<int>(p.code.size()));
      p.code.push_back(i);
    };
    for (int k = 0; k < kUnaryCount; ++k) {
      const auto kind = static_cast<Unary>(k);
      instruction({Instruction::Code::unary, static_cast<uint8_t>(k), type, is_predicate(kind) ? DType::boolean : type,
                   0, -1, -1});
    }
    for (int k = 0; k < kBinaryCount; ++k) {
      const auto kind = static_cast<Binary>(k);
      instruction({Instruction::Code::binary, static_cast<uint8_t>(k), type, is_predicate(kind) ? DType::boolean : type,
                   0, 1, -1});
    }
    instruction({Instruction::Code::where, 0, DType::boolean, type, 3, 1, 2});
    for (int t = 0; t < kDTypeCount; ++t)
      instruction({Instruction::Code::cast, 0, type, static_cast<DType>(t), 0, -1, -1});
    const Shape shape{2, 3, 4};
    const FusedElementwiseOp op(p, shape);
    const std::vector<TensorSpec> in = {{shape, type}, {{4}, type}, {{}, type}, {{2, 1, 4}, DType::boolean}},
                                  out = op.infer(in);
    const auto plan = cuda::plan_elementwise({op, in, out, {}}, p, shape);
    ASSERT_TRUE(plan);
    for (const char* architecture : {"sm_75", "sm_90"})
      EXPECT_GT(cuda::compile_cuda(text(cuda::elementwise_math(), plan->text), architecture).size(), 1000u)
          << name_of(type);
  }
}

TEST(RuntimeCompiler, TakesReductionsInBothOrders) {
  for (int d = 0; d < kDTypeCount; ++d) {
    const auto type = static_cast<DType>(d);
    for (Reduce kind : {Reduce::sum, Reduce::prod, Reduce::max, Reduce::min, Reduce::any, Reduce::all}) {
      const bool predicate = kind == Reduce::any || kind == Reduce::all;
      if (predicate != (type == DType::boolean)) continue;
      ElementwiseProgram p{
          .inputs = 2, .code = {{Instruction::Code::where, 0, DType::boolean, type, 0, 1, 1}}, .outputs = {2}};
      for (int axis : {0, 1}) {  // a thread an output, a block an output
        const FusedReduceOp op(p, {300, 200}, kind, {axis}, false);
        const std::vector<TensorSpec> in = {{{300, 1}, DType::boolean}, {{300, 200}, type}}, out = op.infer(in);
        const auto plan = cuda::plan_reduction({op, in, out, {}}, op);
        ASSERT_TRUE(plan);
        EXPECT_GT(cuda::compile_cuda(text(cuda::elementwise_math(), plan->text), "sm_90").size(), 500u)
            << name_of(type);
      }
    }
  }
}

TEST(RuntimeCompiler, SaysWhatIsWrong) {
  try {
    cuda::compile_cuda("extern \"C\" __global__ void kernel() { nothing; }", "sm_90");
    FAIL();
  } catch (const Error& e) {
    EXPECT_NE(std::string(e.what()).find("\"nothing\" is undefined"), std::string::npos) << e.what();
  }
}

}  // namespace
}  // namespace lamina
