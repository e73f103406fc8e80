#include "backends/cuda/elementwise_source.h"

#include "backends/core/text.h"

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
    case Instruction::Code::unary: return text("u_", name_of(static_cast<Unary>(i.kind)), '<', stored(i.from), ">(r", i.a, ')');
    case Instruction::Code::binary: return text("b_", name_of(static_cast<Binary>(i.kind)), '<', stored(i.from), ">(r", i.a, ", r", i.b, ')');
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
    if (walk.axes && walk.axes <= kWalkAxes && feed.strides[axis] == walk.stride[walk.axes - 1] * walk.size[walk.axes - 1]) {
      walk.size[walk.axes - 1] *= shape[axis];
      continue;
    }
    if (walk.axes < kWalkAxes) walk.size[walk.axes] = shape[axis], walk.stride[walk.axes] = feed.strides[axis];
    ++walk.axes;
  }
  return walk;
}

std::string text_of(const ElementwiseProgram& program, const std::vector<Feed>& feeds, std::span<const TensorSpec> inputs, std::span<const TensorSpec> outputs) {
  std::string parameters = "int64_t n", before, loads;
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
    if (place.empty()) before += text("  const ", type, " r", i, " = a", i, "[0];\n");
    else loads += text("    const ", type, " r", i, " = a", i, '[', place, "];\n");
  }
  for (size_t k = 0; k < program.immediates.size(); ++k) parameters += text(", ", stored(program.immediates[k].dtype), " r", program.inputs + static_cast<int>(k));
  std::string code;
  int r = program.first_result();
  for (const Instruction& i : program.code) code += text("    const ", stored(i.to), " r", r++, " = ", call_of(i), ";\n");
  for (size_t o = 0; o < outputs.size(); ++o) {
    parameters += text(", ", stored(outputs[o].dtype), "* y", static_cast<int>(o));
    code += text("    y", static_cast<int>(o), "[i] = r", program.outputs[o], ";\n");
  }
  return text("extern \"C\" __global__ void kernel(", parameters, ") {\n", before,
               "  const int64_t step = (int64_t)gridDim.x * blockDim.x;\n"
               "  for (int64_t i = (int64_t)blockIdx.x * blockDim.x + threadIdx.x; i < n; i += step) {\n",
               loads, code, "  }\n}\n");
}

}  // namespace

const char* elementwise_math() {
  static constexpr char text[] =
#include "backends/cuda/elementwise_math.inc"
      ;
  return text;
}

std::optional<ElementwisePlan> plan_elementwise(const KernelRequest& r, const ElementwiseProgram& program, const Shape& shape) {
  ElementwisePlan plan;
  plan.n = shape.elements();
  plan.immediates = program.immediates;
  for (const TensorSpec& in : r.inputs) {
    plan.feeds.push_back(make_feed(in, shape));
    plan.walks.emplace_back();
    if (plan.feeds.back().kind != Feed::Kind::general) continue;
    plan.walks.back() = walk_of(plan.feeds.back(), shape);
    if (plan.walks.back().axes > kWalkAxes) {
      r.declined = "an input broadcasts along more than 8 runs of axes";
      return std::nullopt;
    }
  }
  for (size_t i = 0; i < plan.feeds.size(); ++i)
    for (size_t o = 0; o < r.outputs.size(); ++o)
      if (plan.feeds[i].kind == Feed::Kind::contiguous && plan.feeds[i].size == size_of(r.outputs[o].dtype)) plan.sharing.emplace_back(i, o);
  plan.text = text_of(program, plan.feeds, r.inputs, r.outputs);
  return plan;
}

}  // namespace lamina::cuda
