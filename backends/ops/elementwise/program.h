#pragma once
// A chain of elementwise ops as data: what the fused kernel interprets over cache-sized blocks. A single op is a
// program of one instruction, so there is one elementwise kernel.
#include <memory>
#include <vector>

#include "backends/core/kernel.h"
#include "backends/ops/elementwise/kinds.h"

namespace lamina {

struct Instruction {
  enum class Code : uint8_t { unary, binary, where, cast } code = Code::unary;
  uint8_t kind = 0;             // Unary or Binary
  DType from = DType::float32;  // operand dtype
  DType to = DType::float32;    // result dtype
  int a = -1, b = -1, c = -1;   // registers: the inputs, then the immediates, then one an instruction
};

// A constant operand: one value, stored in the low bytes of `bits`.
struct Immediate {
  DType dtype = DType::float32;
  uint64_t bits = 0;
};

// Elementwise ops as one loop: each instruction writes a register of its own.
struct ElementwiseProgram {
  int inputs = 0;
  std::vector<Immediate> immediates = {};
  std::vector<Instruction> code = {};
  std::vector<int> outputs = {};  // registers
  int first_result() const { return inputs + static_cast<int>(immediates.size()); }
};

// For labels of kernels.
void append_text(std::string& out, const Instruction& i);  // "add:float32(0,1)"
void append_text(std::string& out, const Immediate& i);

// Whether there is a block function for it.
bool supported(const Instruction& instruction);

// Runs `program` over the broadcast of the inputs; every output has the shape `shape`. Results do not depend on the
// number of threads, and are the same bits as those of the instructions run one by one. An output may share the buffer
// of an input as far as the kernel's `sharing` says.
BoundKernel bind_elementwise(const ElementwiseProgram& program, std::span<const TensorSpec> inputs, const Shape& shape,
                             std::span<const DType> output_types);

}  // namespace lamina
