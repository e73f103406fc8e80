// What callers may ask for beyond what there is: sizes, axes, places, numbers and depths all end in an error, never in
// memory that is not theirs.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <limits>
#include <thread>

#include "backends/core/autodiff.h"
#include "backends/core/fields.h"
#include "backends/core/stack.h"
#include "backends/graph/memory_plan.h"
#include "backends/ops/primitives.h"

// AddressSanitizer ends the process at a request that is too large, unless it is told to give what malloc gives. Others
// do not ask.
extern "C" const char* __asan_default_options();
extern "C" const char* __asan_default_options() { return "allocator_may_return_null=1"; }

namespace lamina {
namespace {

using ::testing::HasSubstr;

template <class F>
std::string error_of(ErrorKind kind, F&& f) {
  try {
    f();
  } catch (const Error& e) {
    EXPECT_EQ(static_cast<int>(e.kind()), static_cast<int>(kind)) << e.what();
    return e.what();
  }
  ADD_FAILURE() << "no error";
  return {};
}

constexpr int64_t kHuge = int64_t{1} << 50;

TEST(Shapes, DoNotReachBeyondTheirAxes) {
  Shape s{2, 3};
  for (int axis : {-1, 2, 12, -2147483647 - 1, 2147483647}) {
    EXPECT_THAT(error_of(ErrorKind::index, [&] { (void)std::as_const(s)[axis]; }), HasSubstr("(2, 3)"));
    error_of(ErrorKind::index, [&] { s[axis] = 1; });
    error_of(ErrorKind::index, [&] { s.erase(axis); });
    if (axis != 2) error_of(ErrorKind::index, [&] { s.insert(axis, 1); });
  }
  error_of(ErrorKind::index, [&] { (void)s.at(2); });
  error_of(ErrorKind::index, [&] { (void)s.at(-3); });
  error_of(ErrorKind::index, [] { (void)Shape{}.back(); });
  error_of(ErrorKind::index, [] { Shape{}.erase(0); });
  EXPECT_EQ(s, (Shape{2, 3}));
  s.insert(2, 4);
  s.insert(0, 1);
  s.erase(1);
  EXPECT_EQ(s, (Shape{1, 3, 4}));
  EXPECT_EQ(s.at(-1), 4);
  error_of(ErrorKind::value, [&] { s.insert(0, -2); });
  error_of(ErrorKind::value, [&] { s.push_back(Shape::kMostSize + 1); });
  error_of(ErrorKind::value, [] { Shape::of_rank(Shape::kMaxRank + 1); });
}

TEST(Shapes, CountNoMoreElementsThanThereAreNumbers) {
  EXPECT_EQ((Shape{kHuge, 4}).elements(), kHuge * 4);
  EXPECT_EQ((Shape{kHuge, -1, kHuge}).elements(), Shape::kUnknown);
  EXPECT_THAT(error_of(ErrorKind::value, [] { (void)Shape{kHuge, kHuge}.elements(); }), HasSubstr("more elements"));
  // Nor do parts of it overflow, which strides are made of.
  error_of(ErrorKind::value, [] { (void)Shape{kHuge, 0, kHuge}.elements(); });
  EXPECT_EQ((Shape{kHuge, 0}).elements(), 0);
  EXPECT_EQ(multiply_sizes(3, 4), 12);
  error_of(ErrorKind::value, [] { multiply_sizes(kHuge, kHuge); });
  error_of(ErrorKind::value, [] { add_sizes(std::numeric_limits<int64_t>::max(), 1); });
}

TEST(Memory, IsAskedForInAmountsThatThereCanBe) {
  EXPECT_EQ(bytes_of(Shape{2, 3}, DType::float64), 48u);
  const int64_t most = Shape::kMostSize;
  error_of(ErrorKind::value, [&] {
    bytes_of(Shape{most, 64}, DType::float64);
  });  // its elements can be counted, its bytes cannot
  error_of(ErrorKind::value, [&] { Tensor::empty({most, 64}, DType::float64); });
  error_of(ErrorKind::value, [&] { Tensor::empty_on(Device::cpu, {most, 64}, DType::float64); });
  error_of(ErrorKind::value, [] { Tensor::empty({Shape::kUnknown}, DType::float32); });
  error_of(ErrorKind::memory, [&] { Tensor::empty({most}, DType::float32); });
  for (size_t bytes : {SIZE_MAX, SIZE_MAX - 63, SIZE_MAX / 2, SIZE_MAX / 2 + 2})
    error_of(ErrorKind::memory, [&] { allocate(bytes); });
  MemoryPlan plan;
  plan.take(size_t{1} << 62);
  error_of(ErrorKind::memory, [&] {
    plan.take((size_t{1} << 62) + (size_t{1} << 61));
    plan.take(size_t{1} << 62);
  });
}

TEST(UndefinedTensors, AreAnErrorToAsk) {
  const Tensor none;
  EXPECT_THAT(error_of(ErrorKind::value, [&] { (void)none.rank(); }), HasSubstr("undefined"));
  error_of(ErrorKind::value, [&] { (void)none.shape(); });
  error_of(ErrorKind::value, [&] { (void)none.dtype(); });
  error_of(ErrorKind::value, [&] { (void)none.size(); });
  error_of(ErrorKind::value, [&] { (void)none.bytes(); });
  error_of(ErrorKind::value, [&] { (void)none.has_data(); });
  error_of(ErrorKind::value, [&] { (void)none.symbolic(); });
  error_of(ErrorKind::value, [&] { (void)none.mask(); });
  error_of(ErrorKind::value, [&] { none.set_mask(none); });
  error_of(ErrorKind::value, [&] { (void)none.item(); });
  error_of(ErrorKind::value, [&] { prim::add(none, Tensor::scalar(1.0f)); });
  EXPECT_EQ(none.str(), "Tensor(undefined)");
  error_of(ErrorKind::index, [] { (void)Tensor::of<float>({1, 2}).at(2); });
}

TEST(Values, HoldWhatTheyHold) {
  const Value list = List{1, 2};
  error_of(ErrorKind::index, [&] { (void)list.as_list()[2]; });
  error_of(ErrorKind::index, [] { (void)List{}.front(); });
  error_of(ErrorKind::index, [] { (void)List{}.back(); });
  EXPECT_EQ(list.as_list().back().as_int(), 2);
  for (double v : {1e19, -1e300, 9223372036854775808.0, std::numeric_limits<double>::infinity()})
    error_of(ErrorKind::overflow, [&] { (void)Value(v).as_int(); });
  EXPECT_EQ(Value(-9223372036854774784.0).as_int(), -9223372036854774784);
  error_of(ErrorKind::type, [] { (void)Value(std::numeric_limits<double>::quiet_NaN()).as_int(); });
  error_of(ErrorKind::overflow, [] { value_to<int>(Value(int64_t{1} << 32)); });
  error_of(ErrorKind::value, [] { (void)Value(List{int64_t{1} << 62}).as_shape(); });
}

TEST(Stack, IsWatchedOnEveryThread) {
  struct Deep {
    static int down(int levels) {
      check_stack("A test");
      volatile char frame[4096];
      frame[0] = static_cast<char>(levels);
      return down(levels + 1) + frame[0];
    }
  };
  auto overflow = [] {
    EXPECT_THAT(error_of(ErrorKind::recursion, [] { Deep::down(0); }), HasSubstr("A test nests too deeply"));
  };
  overflow();
  std::thread(overflow).join();
}

// A tape of many ops is let go without a call an op on the stack, and without memory for a list.
TEST(Tape, OfManyOpsIsReleased) {
  TapeScope tape;
  Tensor x = Tensor::scalar(1.0f);
  for (int i = 0; i < 300000; ++i) x = prim::negative(x);
  EXPECT_EQ(x.item(), 1);
}

TEST(Indices, AlongAnAxisAreChecked) {
  Tensor x = Tensor::of<float>({1, 2, 3, 4, 5, 6}, {2, 3});
  error_of(ErrorKind::value, [&] { prim::gather_along(x, Tensor::of<int32_t>({0}), 1); });
  error_of(ErrorKind::value, [&] { prim::gather_along(x, Tensor::of<int32_t>({0, 0, 0}, {3, 1}), 1); });
  error_of(ErrorKind::value, [&] {
    prim::scatter_along(Scatter::add, x, Tensor::of<int32_t>({0, 0, 0}, {3, 1}), Tensor::of<float>({1, 1, 1}, {3, 1}),
                        1);
  });
  EXPECT_EQ(prim::gather_along(x, Tensor::of<int32_t>({2}, {1, 1}), 1).to_vector<float>(),
            (std::vector<float>{3, 6}));  // one row of indices goes for all
  error_of(ErrorKind::value, [&] { prim::reverse(x, {2}); });
  error_of(ErrorKind::value, [&] { prim::expand_dims(x, 4); });
  error_of(ErrorKind::value, [&] { prim::slice_axis(x, 2, 0, 1); });
  error_of(ErrorKind::value, [&] { prim::pad(x, {0, -1}, {0, 0}); });
  error_of(ErrorKind::value, [&] { prim::pad(x, {0}, {0, 0}); });
  error_of(ErrorKind::value, [&] { prim::pad(x, {kHuge << 11, 0}, {kHuge << 12, 0}); });
}

}  // namespace
}  // namespace lamina
