#pragma once
// A chain of elementwise ops as data: what the fused kernel interprets over cache-sized blocks. A single op is a program
// of one instruction, so there is one elementwise kernel.
#include <memory>
#include <vector>

#include "backends/core/kernel.h"
#include "backends/ops/elementwise/kinds.h"

namespace lamina {

struct Instruction {
  enum class Code : uint8_t { unary, binary, where, cast } code = Code::unary;
  uint8_t kind = 0;                         // Unary or Binary
  DType from = DType::float32;              // operand dtype
  DType to = DType::float32;                // result dtype
  int a = -1, b = -1, c = -1;               // registers: 0..inputs-1 are the inputs, then one a instruction
};

struct ElementwiseProgram {
  int inputs = 0;
  std::vector<Instruction> code;
  std::vector<int> outputs;  // registers
};

inline void append_text(std::string& out, const Instruction& i) {
  out += text(static_cast<int>(i.code), ":", static_cast<int>(i.kind), ":", i.from, ">", i.to, "(", i.a, ",", i.b, ",", i.c, ")");
}

// Runs `program` over the broadcast of the inputs; every output has that shape.
BoundKernel bind_elementwise(const ElementwiseProgram& program, std::span<const TensorSpec> inputs, const Shape& shape, std::span<const DType> output_types);

}  // namespace lamina
