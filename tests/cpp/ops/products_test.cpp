// Every kernel of matrix products against sums in float64, at the sizes where kernels change hands.
#include "backends/core/kernel.h"
#include "backends/ops/matmul/fused_matmul.h"
#include "backends/ops/matmul/matmul_add.h"
#include "backends/ops/primitives.h"
#include "support/data.h"

namespace lamina {
namespace {

struct Case {
  int64_t m, k, n;
};

void check(const Case& c, bool ta, bool tb, int64_t batch) {
  const Tensor a = testing::ramp(ta ? Shape{batch, c.k, c.m} : Shape{batch, c.m, c.k}),
               b = testing::ramp(tb ? Shape{batch, c.n, c.k} : Shape{batch, c.k, c.n}, 0.7);
  const Tensor fa = prim::cast(a, DType::float32), fb = prim::cast(b, DType::float32), y = prim::matmul(fa, fb, ta, tb);
  for (int64_t s = 0; s < batch; ++s)
    for (int64_t i = 0; i < c.m; ++i)
      for (int64_t j = 0; j < c.n; ++j) {
        double sum = 0, size = 0;
        for (int64_t l = 0; l < c.k; ++l) {
          const double term = fa.at(s * c.m * c.k + (ta ? l * c.m + i : i * c.k + l)) *
                              fb.at(s * c.k * c.n + (tb ? j * c.k + l : l * c.n + j));
          sum += term;
          size += std::abs(term);
        }
        ASSERT_NEAR(y.at((s * c.m + i) * c.n + j), sum, 1e-6 * size + 1e-7)
            << c.m << "x" << c.k << "x" << c.n << " ta " << ta << " tb " << tb << " at " << i << ", " << j;
      }
}

TEST(Products, OneRowOrColumn) {
  for (int64_t n : {1, 2, 3, 4, 5, 7, 8, 9, 15, 16, 17, 31, 50, 63, 64, 65, 127, 129, 200})
    for (int64_t k : {1, 2, 5, 16, 33, 130})
      for (int side = 0; side < 2; ++side)
        for (int t = 0; t < 4; ++t) check(side ? Case{n, k, 1} : Case{1, k, n}, t & 1, t & 2, 1 + (k == 5));
}

TEST(Products, CutForThreads) {
  for (int t = 0; t < 4; ++t) {
    check({1, 700, 1531}, t & 1, t & 2, 1);
    check({1531, 700, 1}, t & 1, t & 2, 1);
    check({67, 129, 301}, t & 1, t & 2, 2);
    check({301, 129, 67}, t & 1, t & 2, 1);
  }
}

// Each candidate by itself, whichever would be chosen: sizes around the edges of tiles, panels and depths.
TEST(Products, EveryCandidateAgrees) {
  int compared = 0;
  for (const char* name : {"unpacked_any", "packed_any", "onednn", "eigen"})
    for (const Case& c : {Case{1, 3, 5}, Case{5, 1, 16}, Case{6, 255, 16}, Case{7, 256, 17}, Case{12, 257, 31},
                          Case{13, 300, 32}, Case{50, 70, 130}, Case{100, 515, 64}, Case{130, 40, 33},
                          Case{33, 500, 50}, Case{20, 90, 700}, Case{700, 70, 40}})
      for (int t = 0; t < 4; ++t)
        for (int64_t batch : {1, 3}) {
          const bool ta = t & 1, tb = t & 2;
          const Tensor a = testing::ramp(ta ? Shape{batch, c.k, c.m} : Shape{batch, c.m, c.k}),
                       b = testing::ramp(tb ? Shape{batch, c.n, c.k} : Shape{batch, c.k, c.n}, 0.7);
          const MatMulOp op(ta, tb);
          const std::vector<TensorSpec> in = {a.spec(), b.spec()}, out = {{{batch, c.m, c.n}, DType::float32}};
          BoundKernel kernel = bind_kernel_named(Device::cpu, name, {op, in, out, {}}),
                      reference = bind_kernel_named(Device::cpu, "reference", {op, in, out, {}});
          if (!kernel.run) continue;
          Tensor y = Tensor::empty(out[0].shape, DType::float32), z = Tensor::empty(out[0].shape, DType::float32);
          BufferPtr scratch = allocate(std::max<size_t>(64, kernel.scratch_bytes));
          const void* from[] = {a.raw(), b.raw()};
          void *to[] = {y.mutable_raw()}, *to_reference[] = {z.mutable_raw()};
          kernel.run(from, to, scratch->data());
          reference.run(from, to_reference, nullptr);
          ++compared;
          for (int64_t i = 0; i < y.size(); ++i)
            ASSERT_NEAR(y.at(i), z.at(i), 1e-5 * static_cast<double>(c.k))
                << name << " " << c.m << "x" << c.k << "x" << c.n << " ta " << ta << " tb " << tb;
        }
  EXPECT_GE(
      compared,
      2 * 12 * 4 * 2 +
          10 *
              3);  // oneDNN may be missing; unpacked takes three of the four ways, one product, sixteen columns or more
}

// c + alpha * rate * (a b), into memory of its own and into c's.
TEST(Products, EveryCandidateOfTheSumAgrees) {
  int compared = 0;
  for (const char* name : {"unpacked_any", "packed_any", "onednn"})
    for (const Case& c :
         {Case{5, 3, 16}, Case{7, 256, 17}, Case{33, 500, 50}, Case{500, 32, 50}, Case{50, 32, 500}, Case{13, 300, 33},
          Case{130, 40, 49}, Case{128, 128, 145}, Case{145, 128, 128}, Case{32, 1041, 40}})
      for (int t = 0; t < 4; ++t)
        for (bool in_place : {false, true}) {
          const bool ta = t & 1, tb = t & 2;
          const Tensor a = testing::ramp(ta ? Shape{c.k, c.m} : Shape{c.m, c.k}),
                       b = testing::ramp(tb ? Shape{c.n, c.k} : Shape{c.k, c.n}, 0.7), rate = Tensor::scalar(0.5f);
          const Tensor start = testing::ramp({c.m, c.n}, 0.3);
          const MatMulAddOp op(ta, tb, -2.0);
          const std::vector<TensorSpec> in = {start.spec(), a.spec(), b.spec(), rate.spec()}, out = {start.spec()};
          BoundKernel kernel = bind_kernel_named(Device::cpu, name, {op, in, out, {}}),
                      reference = bind_kernel_named(Device::cpu, "composed", {op, in, out, {}});
          if (!kernel.run) continue;
          Tensor y = Tensor::empty({c.m, c.n}, DType::float32), z = Tensor::empty({c.m, c.n}, DType::float32);
          if (in_place) std::memcpy(y.mutable_raw(), start.raw(), start.bytes());
          BufferPtr scratch = allocate(std::max<size_t>(64, std::max(kernel.scratch_bytes, reference.scratch_bytes)));
          const void *from[] = {in_place ? y.raw() : start.raw(), a.raw(), b.raw(), rate.raw()},
                     *from_reference[] = {start.raw(), a.raw(), b.raw(), rate.raw()};
          void *to[] = {y.mutable_raw()}, *to_reference[] = {z.mutable_raw()};
          kernel.run(from, to, scratch->data());
          reference.run(from_reference, to_reference, scratch->data());
          ++compared;
          for (int64_t i = 0; i < y.size(); ++i)
            ASSERT_NEAR(y.at(i), z.at(i), 1e-5 * static_cast<double>(c.k))
                << name << " " << c.m << "x" << c.k << "x" << c.n << " ta " << ta << " tb " << tb << " in place "
                << in_place << " at " << i;
        }
  EXPECT_GE(compared, 10 * 4 * 2 + 10 * 3 * 2);  // oneDNN may be missing
}

// The kernel follows from the shapes: operands that stay the same from run to run may be prepared, and change no bit.
TEST(Products, TheChoiceDoesNotDependOnWhatStays) {
  for (const Case& c : {Case{1, 70, 50}, Case{2, 12, 33}, Case{4, 784, 512}, Case{32, 128, 512}, Case{32, 500, 50},
                        Case{33, 50, 500}, Case{128, 784, 512}, Case{700, 70, 40}, Case{2000, 64, 512}})
    for (int t = 0; t < 4; ++t) {
      const MatMulOp op((t & 1) != 0, (t & 2) != 0);
      const std::vector<TensorSpec> in = {{op.transpose_a ? Shape{c.k, c.m} : Shape{c.m, c.k}, DType::float32},
                                          {op.transpose_b ? Shape{c.n, c.k} : Shape{c.k, c.n}, DType::float32}};
      const std::vector<TensorSpec> out = {{{c.m, c.n}, DType::float32}};
      EXPECT_EQ(bind_kernel(Device::cpu, {op, in, out, {}, 0}).name,
                bind_kernel(Device::cpu, {op, in, out, {}, 2}).name)
          << c.m << "x" << c.k << "x" << c.n << " " << t;
    }
}

// Every epilogue of every kernel gives the bits of that kernel's product followed by the primitives.
TEST(Products, EveryCandidateTakesEveryEpilogue) {
  std::map<std::string, int> ran;
  for (const char* name : {"vector", "unpacked_any", "packed_any", "onednn", "composed"})
    for (const Case& c : {Case{1, 70, 50}, Case{5, 3, 16}, Case{33, 500, 50}, Case{20, 90, 700}, Case{700, 70, 40},
                          Case{130, 300, 49}, Case{128, 128, 145}})
      for (int t = 0; t < 4; ++t)
        for (int which = 0; which < 8; ++which) {
          const bool ta = t & 1, tb = t & 2;
          const Epilogue epilogue{.bias = (which & 1) != 0, .residual = (which & 2) != 0, .relu = (which & 4) != 0};
          const Tensor a = testing::ramp(ta ? Shape{c.k, c.m} : Shape{c.m, c.k}),
                       b = testing::ramp(tb ? Shape{c.n, c.k} : Shape{c.k, c.n}, 0.7);
          const Tensor bias = testing::ramp({c.n}, 0.4), residual = testing::ramp({c.m, c.n}, 0.9);
          const FusedMatMulOp op(ta, tb, epilogue);
          std::vector<TensorSpec> in = {a.spec(), b.spec()};
          std::vector<const void*> from = {a.raw(), b.raw()};
          if (epilogue.bias) in.push_back(bias.spec()), from.push_back(bias.raw());
          if (epilogue.residual) in.push_back(residual.spec()), from.push_back(residual.raw());
          const std::vector<TensorSpec> out = {{{c.m, c.n}, DType::float32}};
          BoundKernel fused = bind_kernel_named(Device::cpu, name, {op, in, out, {}, 2});
          if (!fused.run) continue;
          const std::string_view plain_name =
              name == std::string_view("composed")
                  ? bind_kernel(Device::cpu, {op.product, std::span(in).first(2), out, {}, 2}).name
                  : name;
          BoundKernel plain =
              bind_kernel_named(Device::cpu, plain_name, {op.product, std::span(in).first(2), out, {}, 2});
          ASSERT_TRUE(plain.run) << name;
          Tensor y = Tensor::empty(out[0].shape, DType::float32), z = Tensor::empty(out[0].shape, DType::float32);
          void *to[] = {y.mutable_raw()}, *to_plain[] = {z.mutable_raw()};
          auto run = [&](BoundKernel& k, void* const* to) {
            BufferPtr scratch = allocate(std::max<size_t>(64, k.scratch_bytes));
            if (!k.preparation) return k.run(from.data(), to, scratch->data());
            BufferPtr prepared = allocate(k.preparation->bytes);
            k.preparation->make(b.raw(), prepared->data());
            std::vector<const void*> with = from;
            with[1] = prepared->data();
            k.preparation->run(with.data(), to, scratch->data());
          };
          run(fused, to);
          run(plain, to_plain);
          if (plain.preparation) {  // packed at every run it gives the same
            Tensor unprepared = Tensor::empty(out[0].shape, DType::float32);
            void* there[] = {unprepared.mutable_raw()};
            BufferPtr scratch = allocate(std::max<size_t>(64, plain.scratch_bytes));
            plain.run(from.data(), there, scratch->data());
            ASSERT_EQ(std::memcmp(z.raw(), unprepared.raw(), z.bytes()), 0)
                << name << " " << c.m << "x" << c.k << "x" << c.n << " ta " << ta << " tb " << tb;
          }
          if (epilogue.bias) z = prim::add(z, bias);
          if (epilogue.residual) z = prim::add(z, residual);
          if (epilogue.relu) z = prim::unary(Unary::relu, z);
          ++ran[name];
          ASSERT_EQ(std::memcmp(y.raw(), z.raw(), y.bytes()), 0)
              << name << " " << c.m << "x" << c.k << "x" << c.n << " ta " << ta << " tb " << tb << " epilogue "
              << which;
        }
  for (const char* name : {"vector", "unpacked_any", "packed_any", "composed"}) EXPECT_GE(ran[name], 4 * 8) << name;
}

}  // namespace
}  // namespace lamina
