#include "backends/ops/elementwise/elementwise_nvrtc_source.h"

#include <cstring>

#include "backends/core/text.h"
#include "backends/ops/reduce/layout.h"

namespace lamina::cuda {

namespace {

const char* stored(DType type) {
  switch (type) {
    case DType::boolean: return "bool";
    case DType::uint8: return "uint8_t";
    case DType::uint16: return "uint16_t";
    case DType::uint32: return "uint32_t";
    case DType::uint64: return "uint64_t";
    case DType::int8: return "int8_t";
    case DType::int16: return "int16_t";
    case DType::int32: return "int32_t";
    case DType::int64: return "int64_t";
    case DType::float16: return "Half";
    case DType::bfloat16: return "BFloat16";
    case DType::float32: return "float";
    default: return "double";
  }
}

std::string call_of(const Instruction& i) {
  switch (i.code) {
    case Instruction::Code::unary:
      return text("u_", name_of(static_cast<Unary>(i.kind)), '<', stored(i.from), ">(r", i.a, ')');
    case Instruction::Code::binary:
      return text("b_", name_of(static_cast<Binary>(i.kind)), '<', stored(i.from), ">(r", i.a, ", r", i.b, ')');
    case Instruction::Code::where: return text("where<", stored(i.to), ">(r", i.a, ", r", i.b, ", r", i.c, ')');
    case Instruction::Code::cast: break;
  }
  return text("cast_to<", stored(i.to), ", ", stored(i.from), ">(r", i.a, ')');
}

// Axes that both sides walk alike are merged; there are more than kWalkAxes where `axes` says so.
Walk walk_of(const Feed& feed, const Shape& shape) {
  Walk walk{};
  for (int axis = shape.rank(); axis-- > 0;) {
    if (shape[axis] == 1) continue;
    if (walk.axes && walk.axes <= kWalkAxes &&
        feed.strides[axis] == walk.stride[walk.axes - 1] * walk.size[walk.axes - 1]) {
      walk.size[walk.axes - 1] *= shape[axis];
      continue;
    }
    if (walk.axes < kWalkAxes) walk.size[walk.axes] = shape[axis], walk.stride[walk.axes] = feed.strides[axis];
    ++walk.axes;
  }
  return walk;
}

// A kernel's parameters for a program's inputs and immediates, and the statements that make its registers at index i.
struct Body {
  std::string parameters, before, code;
  Body(const ElementwiseProgram& program, const std::vector<Feed>& feeds, std::span<const TensorSpec> inputs,
       const char* indent) {
    for (int i = 0; i < program.inputs; ++i) {
      const char* type = stored(inputs[i].dtype);
      parameters += text(", const ", type, "* a", i);
      std::string place = "i";
      switch (feeds[i].kind) {
        case Feed::Kind::contiguous: break;
        case Feed::Kind::scalar: place.clear(); break;
        case Feed::Kind::periodic: parameters += text(", int64_t p", i), place = text("i % p", i); break;
        case Feed::Kind::general: parameters += text(", Walk w", i), place = text('w', i, ".at(i)"); break;
      }
      if (place.empty())
        before += text("  const ", type, " r", i, " = a", i, "[0];\n");
      else
        code += text(indent, "const ", type, " r", i, " = a", i, '[', place, "];\n");
    }
    for (size_t k = 0; k < program.immediates.size(); ++k)
      parameters += text(", ", stored(program.immediates[k].dtype), " r", program.inputs + static_cast<int>(k));
    int r = program.first_result();
    for (const Instruction& i : program.code)
      code += text(indent, "const ", stored(i.to), " r", r++, " = ", call_of(i), ";\n");
  }
};

std::string text_of(const ElementwiseProgram& program, const std::vector<Feed>& feeds,
                    std::span<const TensorSpec> inputs, std::span<const TensorSpec> outputs) {
  const Body body(program, feeds, inputs, "    ");
  std::string parameters = text("int64_t n", body.parameters), stores;
  for (size_t o = 0; o < outputs.size(); ++o) {
    parameters += text(", ", stored(outputs[o].dtype), "* y", static_cast<int>(o));
    stores += text("    y", static_cast<int>(o), "[i] = r", program.outputs[o], ";\n");
  }
  return text("extern \"C\" __global__ void kernel(", parameters, ") {\n", body.before,
              "  const int64_t step = (int64_t)gridDim.x * blockDim.x;\n"
              "  for (int64_t i = (int64_t)blockIdx.x * blockDim.x + threadIdx.x; i < n; i += step) {\n",
              body.code, stores, "  }\n}\n");
}

// A block an output, or a thread an output where neighbouring outputs read neighbouring inputs.
std::string reduction_text(const ElementwiseProgram& program, const std::vector<Feed>& feeds,
                           std::span<const TensorSpec> inputs, DType result, Reduce kind, bool by_column) {
  const Body body(program, feeds, inputs, "      ");
  const char *type = stored(result), *wide = is_half(result) ? "float" : type;
  const std::string fold = text("fold_", name_of(kind), "()"),
                    parameters = text("int64_t kept, int64_t reduced, Walk keep, Walk over, ", wide, " start",
                                      body.parameters, ", ", type, "* y");
  const std::string one = text("      const int64_t i = from + over.at(j);\n", body.code, "      sum = ", fold,
                               "(sum, (", wide, ")widen(r", program.outputs[0], "));\n    }\n");
  const std::string store = text("y[o] = Narrow<", type, ">::of(sum);\n");
  const char* head = "    const int64_t from = keep.at(o);\n    ";
  if (by_column)
    return text("extern \"C\" __global__ void kernel(", parameters, ") {\n", body.before,
                "  const int64_t step = (int64_t)gridDim.x * blockDim.x;\n",
                "  for (int64_t o = (int64_t)blockIdx.x * blockDim.x + threadIdx.x; o < kept; o += step) {\n", head,
                wide, " sum = start;\n", "    for (int64_t j = 0; j < reduced; ++j) {\n", one, "    ", store,
                "  }\n}\n");
  return text("extern \"C\" __global__ void kernel(", parameters, ") {\n", body.before,
              "  for (int64_t o = blockIdx.x; o < kept; o += gridDim.x) {\n", head, wide, " sum = start;\n",
              "    for (int64_t j = threadIdx.x; j < reduced; j += blockDim.x) {\n", one, "    sum = over_block(sum, ",
              fold, ");\n    if (threadIdx.x == 0) ", store, "  }\n}\n");
}

// The inputs of a program over `shape`; false, with the reason in r.declined, where one is walked along too many axes.
bool feed_inputs(const KernelRequest& r, const Shape& shape, std::vector<Feed>& feeds, std::vector<Walk>& walks) {
  for (const TensorSpec& in : r.inputs) {
    feeds.push_back(make_feed(in, shape));
    walks.emplace_back();
    if (feeds.back().kind != Feed::Kind::general) continue;
    walks.back() = walk_of(feeds.back(), shape);
    if (walks.back().axes > kWalkAxes) {
      r.declined = "an input broadcasts along more than 8 runs of axes";
      return false;
    }
  }
  return true;
}

}  // namespace

const char* elementwise_math() {
  static constexpr char text[] =
#include "backends/ops/elementwise/elementwise_math.inc"
      ;
  return text;
}

std::optional<ElementwisePlan> plan_elementwise(const KernelRequest& r, const ElementwiseProgram& program,
                                                const Shape& shape) {
  ElementwisePlan plan;
  plan.n = shape.elements();
  plan.immediates = program.immediates;
  if (!feed_inputs(r, shape, plan.feeds, plan.walks)) return std::nullopt;
  for (size_t i = 0; i < plan.feeds.size(); ++i)
    for (size_t o = 0; o < r.outputs.size(); ++o)
      if (plan.feeds[i].kind == Feed::Kind::contiguous && plan.feeds[i].size == size_of(r.outputs[o].dtype))
        plan.sharing.emplace_back(i, o);
  plan.text = text_of(program, plan.feeds, r.inputs, r.outputs);
  return plan;
}

std::optional<ReductionPlan> plan_reduction(const KernelRequest& r, const FusedReduceOp& op) {
  ReductionPlan plan;
  plan.immediates = op.program.immediates;
  if (!feed_inputs(r, op.shape, plan.feeds, plan.walks)) return std::nullopt;
  const ReduceLayout l = reduce_layout(op.shape, op.axes);
  plan.kept = l.kept, plan.reduced = l.reduced;
  for (size_t i = l.runs.size(); i-- > 0;) {
    Walk& walk = l.runs[i].reduced ? plan.over : plan.keep;
    if (walk.axes == kWalkAxes) {
      r.declined = "more than 8 runs of axes";
      return std::nullopt;
    }
    walk.size[walk.axes] = l.runs[i].size;
    walk.stride[walk.axes++] = l.runs[i].stride;
  }
  plan.by_column = reduces_by_column(l);
  const DType result = r.outputs[0].dtype;
  with_dtype(is_half(result) ? DType::float32 : result, [&](auto zero) {
    using A = decltype(zero);
    if constexpr (std::is_arithmetic_v<A>) {
      const A start = reduce_start<A>(op.kind);
      std::memcpy(&plan.start, &start, sizeof start);
    }
  });
  plan.text = reduction_text(op.program, plan.feeds, r.inputs, result, op.kind, plan.by_column);
  return plan;
}

}  // namespace lamina::cuda
