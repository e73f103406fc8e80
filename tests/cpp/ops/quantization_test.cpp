// Products of int8 and the functions of keras.quantizers.
#include "backends/ops/public/quantization.h"
#include "backends/core/kernel.h"
#include "backends/ops/int8_quantize/int8_quantize.h"
#include "backends/ops/matmul/int8_matmul.h"
#include "backends/ops/primitives.h"
#include "backends/ops/public/ops.h"
#include "support/int8.h"
#include "support/op_case.h"

namespace lamina {
namespace {

using testing::bytes;
using testing::bytes_of;
using testing::CaseTable;
using testing::Domain;
using testing::Input;
using testing::OpCase;

#define CASE(NAME, INPUTS, EXPRESSION)                                               \
  OpCase {                                                                           \
    "quantizers." NAME, INPUTS, [](const Tensors& x) -> Value { return EXPRESSION; } \
  }
#define IN(...) (std::vector<Input>{__VA_ARGS__})

Value parts(const ops::Quantized& q) { return List{q.values, q.scale}; }
Value parts(const ops::ZeroPointQuantized& q) { return List{q.values, q.scale, q.zero_point}; }

const CaseTable cases{{
    OpCase{"matmul", IN(Input({2, 3, 4}, Domain::small_int), Input({4, 5}, Domain::small_int)),
           [](const Tensors& x) -> Value { return ops::matmul(bytes(x[0]), bytes(x[1])); }}
        .no_gradient()
        .known_sizes(),
    CASE("abs_max_quantize", IN(Input({3, 5})), parts(ops::abs_max_quantize(x[0], std::vector<int>{-1}))).no_gradient(),
    CASE("abs_max_quantize", IN(Input({3, 5, 2})), parts(ops::abs_max_quantize(x[0], std::vector<int>{0, 2}, {-8, 7})))
        .no_gradient(),
    CASE("abs_max_quantize_grouped_with_zero_point", IN(Input({7, 3})),
         parts(ops::abs_max_quantize_grouped_with_zero_point(x[0], 3)))
        .no_gradient()
        .known_sizes(),
    OpCase{"prim.quantize_int8", IN(Input({3, 4, 5})),
           [](const Tensors& x) -> Value {
             return Value(prim::quantize_int8(prim::cast(x[0], DType::float32), 1, -127, 127, 1e-7));
           }}
        .no_gradient(),
    CASE("pack_int4", IN(Input({3, 5}, Domain::small_int)), ops::pack_int4(bytes(x[0]), 1)).no_gradient(),
    CASE("unpack_int4", IN(Input({3, 5}, Domain::small_int)), ops::unpack_int4(bytes(x[0]), 9, 1)).no_gradient(),
    CASE("fake_quant_with_min_max_vars", IN(Input({3, 5})), ops::fake_quant_with_min_max_vars(x[0], -1.0, 1.5))
        .no_gradient(),  // it is that of another function: see tests/python/test_quantizers.py
    CASE("quantize_and_dequantize", IN(Input({3, 5})),
         ops::quantize_and_dequantize(x[0], 0.01, "float8_e4m3fn", x[0].dtype()))
        .no_gradient(),
    CASE("compute_float8_scale", IN(Input({3}, Domain::positive), Input({3}, Domain::positive)),
         ops::compute_float8_scale(x[0], x[1], 448.0)),
    CASE("compute_float8_amax_history", IN(Input({3, 2}), Input({4}, Domain::positive)),
         ops::compute_float8_amax_history(x[0], x[1]))
        .no_gradient()
        .known_sizes(),
}};

struct Sizes {
  int64_t m, k, n;
};

void check(const Sizes& s, bool ta, bool tb, int64_t batch, bool extreme) {
  Tensor a = bytes_of(ta ? Shape{batch, s.k, s.m} : Shape{batch, s.m, s.k}, 3),
         b = bytes_of(tb ? Shape{batch, s.n, s.k} : Shape{batch, s.k, s.n}, 11);
  if (extreme) a = prim::full(a.shape(), -128, DType::int8), b = prim::full(b.shape(), -128, DType::int8);
  const Int8MatMulOp op(ta, tb);
  const std::vector<TensorSpec> in = {a.spec(), b.spec()}, out = op.infer(in);
  ASSERT_EQ(out[0].dtype, DType::int32);
  const BoundKernel blocks = bind_kernel_named(Device::cpu, "blocks", {op, in, out, {}}),
                    reference = bind_kernel_named(Device::cpu, "reference", {op, in, out, {}});
  Tensor y = Tensor::empty(out[0].shape, DType::int32), z = Tensor::empty(out[0].shape, DType::int32);
  const auto same = [&](const char* how) {
    for (int64_t i = 0; i < y.size(); ++i)
      ASSERT_EQ(y.at(i), z.at(i)) << how << " " << s.m << "x" << s.k << "x" << s.n << " ta " << ta << " tb " << tb
                                  << " at " << i;
  };
  const BufferPtr scratch = allocate(std::max<size_t>(64, blocks.scratch_bytes));
  const void* from[] = {a.raw(), b.raw()};
  void *to[] = {y.mutable_raw()}, *to_reference[] = {z.mutable_raw()};
  reference.run(from, to_reference, nullptr);
  blocks.run(from, to, scratch->data());
  same("at once");
  ASSERT_TRUE(blocks.preparation);
  const BufferPtr prepared = allocate(blocks.preparation->bytes);
  blocks.preparation->make(b.raw(), prepared->data());
  std::memset(to[0], 0, static_cast<size_t>(y.size()) * sizeof(int32_t));
  const void* from_prepared[] = {a.raw(), prepared->data()};
  blocks.preparation->run(from_prepared, to, scratch->data());
  same("prepared");
  const double first = y.size() ? z.at(0) : 0;
  if (extreme) { EXPECT_EQ(first, 16384.0 * static_cast<double>(s.k)); }
}

// The same integers as the plain sums, at the edges of panels, groups and tiles.
TEST(Int8Products, AreExact) {
  for (const Sizes& s : {Sizes{1, 1, 1}, Sizes{1, 4, 64}, Sizes{1, 1000, 65}, Sizes{2, 3, 15}, Sizes{5, 7, 16},
                         Sizes{6, 64, 17}, Sizes{7, 65, 63}, Sizes{12, 33, 128}, Sizes{13, 130, 129},
                         Sizes{25, 18, 200}, Sizes{50, 515, 31}, Sizes{500, 9, 70}})
    for (int t = 0; t < 4; ++t)
      for (int64_t batch : {1, 3}) check(s, (t & 1) != 0, (t & 2) != 0, batch, t == 0 && batch == 1);
}

TEST(Int8Products, EmptyOnesAreZeros) {
  const Tensor y = prim::matmul_int8(prim::full({2, 0}, 0, DType::int8), prim::full({0, 3}, 0, DType::int8));
  EXPECT_EQ(y.shape(), Shape({2, 3}));
  for (int64_t i = 0; i < 6; ++i) EXPECT_EQ(y.at(i), 0);
}

TEST(Int8Products, RefuseOtherTypes) {
  const Tensor x = prim::full({2, 2}, 1, DType::int8);
  EXPECT_THROW(prim::matmul_int8(x, prim::full({2, 2}, 1, DType::int32)), TypeError);
  EXPECT_THROW(prim::matmul_int8(x, prim::full({3, 2}, 1, DType::int8)), ValueError);
}

// Public products of int8 are int32, as einsum's are in every form.
TEST(Int8Products, OfPublicOps) {
  const Tensor a = prim::full({2, 3, 300}, 127, DType::int8), b = prim::full({300, 4}, 127, DType::int8);
  const double expected = 127.0 * 127 * 300;
  for (const Tensor& y : {ops::matmul(a, b), ops::einsum("abc,cd->abd", {a, b}), ops::einsum("abc,cd->dab", {a, b})}) {
    EXPECT_EQ(y.dtype(), DType::int32);
    EXPECT_EQ(y.at(y.size() - 1), expected);
  }
  const Tensor sums = ops::einsum("abc->ab", {a}), outer = ops::einsum("abc,cd->abcd", {a, b});
  EXPECT_EQ(sums.at(0), 127.0 * 300);
  EXPECT_EQ(outer.at(0), 127.0 * 127);
  EXPECT_EQ(outer.dtype(), DType::int32);
}

// The primitive gives the bits of the several that abs_max_quantize() is written in: of short rows, of pieces of long
// ones, of values that are no numbers.
TEST(Quantizers, AtOnceAreTheSameBits) {
  struct {
    Shape shape;
    int leading;
  } cases[] = {{{5, 7}, 1}, {{300, 33}, 1}, {{2, 3, 50}, 2}, {{2, 41, 29, 32}, 1}, {{40000}, 0}, {{3, 1}, 1}};
  for (const auto& c : cases)
    for (double special : {1.0, 0.0, std::numeric_limits<double>::infinity(), std::nan("")}) {
      const Tensor drawn = testing::make_input(Input(c.shape), DType::float32, 3);
      std::vector<float> values(static_cast<size_t>(drawn.size()));
      for (int64_t i = 0; special != 0 && i < drawn.size(); ++i)
        values[static_cast<size_t>(i)] = static_cast<float>(drawn.at(i));
      if (special != 1) values[values.size() / 2] = static_cast<float>(special);
      const Tensor x = Tensor::of(values, c.shape);
      std::vector<int> axes;
      for (int a = c.leading; a < c.shape.rank(); ++a) axes.push_back(a);
      const ops::Quantized expected = ops::abs_max_quantize(x, axes);
      const Tensors found = prim::quantize_int8(x, c.leading, -127, 127, ops::kQuantizerEpsilon);
      ASSERT_EQ(found[1].shape(), expected.scale.shape());
      for (int64_t i = 0; i < found[1].size(); ++i)
        ASSERT_TRUE(found[1].at(i) == expected.scale.at(i) || (std::isnan(special) && std::isnan(found[1].at(i))))
            << text(c.shape, " ", special);
      if (std::isfinite(special))
        for (int64_t i = 0; i < x.size(); ++i)
          ASSERT_EQ(found[0].at(i), expected.values.at(i)) << text(c.shape) << " at " << i;
    }
  EXPECT_THROW(prim::quantize_int8(prim::full({2, 3}, 1, DType::float64), 1, -127, 127, 1e-7), TypeError);
  EXPECT_THROW(prim::quantize_int8(prim::full({2}, 1, DType::float32), 1, -127, 127, 1e-7), ValueError);
}

TEST(Quantizers, PackedValuesComeBack) {
  for (DType dtype : {DType::int8, DType::uint8}) {
    const int low = dtype == DType::int8 ? -8 : 0;
    Tensor x = Tensor::empty({3, 5, 16}, dtype);
    for (int64_t i = 0; i < x.size(); ++i) static_cast<int8_t*>(x.mutable_raw())[i] = static_cast<int8_t>(low + i % 16);
    for (int axis : {0, 1, -1}) {
      const Tensor packed = ops::pack_int4(x, axis, dtype);
      const int at = axis < 0 ? 2 : axis;
      EXPECT_EQ(packed.shape()[at], (x.shape()[at] + 1) / 2);
      const Tensor back = ops::unpack_int4(packed, x.shape()[at], axis, dtype);
      ASSERT_EQ(back.shape(), x.shape());
      for (int64_t i = 0; i < x.size(); ++i) ASSERT_EQ(back.at(i), x.at(i)) << "axis " << axis;
    }
  }
}

TEST(Quantizers, Float8HasItsNumbers) {
  const Tensor x = Tensor::of<float>({0.f, 1.0625f, 1.1875f, 447.f, 1000.f, -0.0009765625f, 0.001953125f, 0.0009f});
  const Tensor y = ops::quantize_and_dequantize(x, 1.0, "float8_e4m3fn", DType::float32);
  const double expected[] = {0, 1, 1.25, 448, 448, 0, 0.001953125, 0};  // ties go to the even mantissa
  for (int64_t i = 0; i < y.size(); ++i) EXPECT_EQ(y.at(i), expected[i]) << i;
  EXPECT_THROW(ops::quantize_and_dequantize(x, 1.0, "float8_e3m4", DType::float32), ValueError);
}

}  // namespace
}  // namespace lamina
