// Values worked out by hand, dtypes, edges and errors of the public ops.
#include "backends/ops/primitives.h"
#include "backends/ops/public/ops.h"
#include "backends/ops/public/public_op.h"
#include "support/data.h"

namespace lamina {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using Ints = std::vector<int>;

std::vector<double> values(const Tensor& t) {
  std::vector<double> out;
  for (int64_t i = 0; i < t.size(); ++i) out.push_back(t.at(i));
  return out;
}
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
Tensor ints(std::vector<int32_t> v) { return Tensor::of(v); }
Tensor floats(std::vector<float> v) { return Tensor::of(v); }

TEST(Promotion, FollowsKerasRules) {
  Tensor i = ints({1, 2}), f = floats({1, 2}), b = prim::cast(i, DType::boolean), h = prim::cast(f, DType::float16);
  EXPECT_EQ(ops::add(i, 2).dtype(), DType::int32);
  EXPECT_EQ(ops::add(i, 2.5).dtype(), DType::float32);
  EXPECT_EQ(ops::add(h, 2.5).dtype(), DType::float16);
  EXPECT_EQ(ops::add(h, f).dtype(), DType::float32);
  EXPECT_EQ(ops::add(b, b).dtype(), DType::boolean);
  EXPECT_EQ(ops::divide(i, i).dtype(), DType::float32);
  EXPECT_EQ(ops::mean(i).dtype(), DType::float32);
  EXPECT_EQ(ops::mean(h).dtype(), DType::float16);
  EXPECT_EQ(ops::sum(b).dtype(), DType::int32);
  EXPECT_EQ(ops::sum(ops::cast(i, DType::uint8)).dtype(), DType::uint32);
  EXPECT_EQ(ops::sum(ops::cast(i, DType::int64)).dtype(), DType::int64);
  EXPECT_EQ(ops::sqrt(i).dtype(), DType::float32);
  EXPECT_EQ(ops::sqrt(ops::cast(f, DType::float64)).dtype(), DType::float64);
  EXPECT_EQ(ops::argmax(f).dtype(), DType::int32);
  EXPECT_EQ(ops::arange(5).dtype(), DType::int32);
  EXPECT_EQ(ops::arange(5.0).dtype(), DType::float32);
  EXPECT_EQ(ops::relu(i).dtype(), DType::int32);
  EXPECT_EQ(ops::square(b).dtype(), DType::int32);
}

TEST(Elementwise, IntegerDivisionAndRemainders) {
  Tensor a = ints({7, -7, 7, -7}), b = ints({2, 2, -2, -2});
  EXPECT_THAT(values(ops::floor_divide(a, b)), ElementsAre(3, -4, -4, 3));
  EXPECT_THAT(values(ops::mod(a, b)), ElementsAre(1, 1, -1, -1));
  EXPECT_THAT(values(ops::fmod(a, b)), ElementsAre(1, -1, 1, -1));
  EXPECT_THAT(values(ops::divide_no_nan(a, ints({0, 2, 0, 2}))), ElementsAre(0, -3.5, 0, -3.5));
  EXPECT_THAT(values(ops::round(floats({0.5f, 1.5f, 2.5f, -0.5f}))), ElementsAre(0, 2, 2, 0));
  EXPECT_THAT(values(ops::clip(ints({-3, 0, 9}), 0, 5)), ElementsAre(0, 0, 5));
}

TEST(Elementwise, InfinitiesAndNan) {
  float inf = INFINITY, nan = NAN;
  Tensor x = floats({inf, -inf, nan, 1});
  EXPECT_THAT(values(ops::isnan(x)), ElementsAre(0, 0, 1, 0));
  EXPECT_THAT(values(ops::isinf(x)), ElementsAre(1, 1, 0, 0));
  EXPECT_THAT(values(ops::isneginf(x)), ElementsAre(0, 1, 0, 0));
  EXPECT_THAT(values(ops::nan_to_num(x, 7, 8, 9)), ElementsAre(8, 9, 7, 1));
  EXPECT_THAT(values(ops::isclose(x, x, 1e-5, 1e-8, true)), ElementsAre(1, 1, 1, 1));
  EXPECT_EQ(ops::logsumexp(floats({-inf, -inf})).item(), -INFINITY);
  EXPECT_EQ(ops::logsumexp(floats({1000, 1000})).item(), 1000 + std::log(2.f));
  EXPECT_EQ(ops::logaddexp(floats({inf}), floats({inf})).item(), INFINITY);
  EXPECT_TRUE(std::isnan(ops::max(x).item()));
  EXPECT_EQ(ops::nanmax(x).item(), INFINITY);
  EXPECT_THAT(values(ops::signbit(floats({-0.f, 0.f, -1.f}))), ElementsAre(1, 0, 1));
}

TEST(Activations, AtKnownPoints) {
  Tensor x = floats({-2, 0, 3});
  EXPECT_THAT(values(ops::relu6(floats({-1, 3, 8}))), ElementsAre(0, 3, 6));
  EXPECT_THAT(values(ops::hard_sigmoid(floats({-3, 0, 3}))), ElementsAre(0, 0.5, 1));
  EXPECT_THAT(values(ops::leaky_relu(x, 0.5)), ElementsAre(-1, 0, 3));
  EXPECT_THAT(values(activations::relu(floats({-2, 1, 5}), 0.5, 3, 2)), ElementsAre(-2, -0.5, 3));
  EXPECT_THAT(values(ops::soft_shrink(x)), ElementsAre(-1.5, 0, 2.5));
  EXPECT_THAT(values(ops::sparsemax(floats({3, 1, 1}))), ElementsAre(1, 0, 0));
  EXPECT_NEAR(ops::gelu(x, false).at(2), 3 * 0.5 * (1 + std::erf(3 / std::sqrt(2.0))), 1e-6);
  EXPECT_NEAR(ops::selu(x).at(0), 1.0507009873554805 * 1.6732632423543772 * std::expm1(-2.0), 1e-6);
  EXPECT_NEAR(ops::mish(x).at(2), 3 * std::tanh(std::log1p(std::exp(3.0))), 1e-6);
}

TEST(Softmax, RowsAndExtremes) {
  for (int64_t n : {1, 2, 7, 8, 9, 31, 32, 33, 100}) {
    Tensor x = testing::ramp({3, n}, 4);
    Tensor y = ops::softmax(x), z = ops::log_softmax(x);
    for (int64_t r = 0; r < 3; ++r) {
      double total = 0;
      for (int64_t i = 0; i < n; ++i) total += std::exp(x.at(r * n + i));
      for (int64_t i = 0; i < n; ++i) {
        EXPECT_NEAR(y.at(r * n + i), std::exp(x.at(r * n + i)) / total, 1e-6);
        EXPECT_NEAR(z.at(r * n + i), x.at(r * n + i) - std::log(total), 2e-6);
      }
    }
  }
  EXPECT_THAT(values(ops::softmax(floats({1000, 1000}))), ElementsAre(0.5, 0.5));
  EXPECT_THAT(values(ops::softmax(floats({0, -INFINITY}))), ElementsAre(1, 0));
  EXPECT_TRUE(std::isnan(ops::softmax(floats({NAN, 1})).at(1)));
  EXPECT_EQ(ops::softmax(Tensor::empty({0, 3}, DType::float32)).shape(), (Shape{0, 3}));
}

TEST(CrossEntropy, FusedAgreesWithComposition) {
  for (int64_t n : {1, 3, 33}) {
    Tensor x = testing::ramp({4, n}, 3), p = ops::softmax(testing::ramp({4, n}, 1));
    Tensor labels = ops::mod(ints({0, 1, 5, 2}), static_cast<long>(n));
    Tensor composed = ops::negative(ops::sum(ops::multiply(p, ops::log_softmax(x)), Ints{-1}));
    Tensor sparse = ops::negative(ops::sum(ops::multiply(ops::one_hot(labels, n), ops::log_softmax(x)), Ints{-1}));
    Tensor fused = ops::categorical_crossentropy(p, x, true),
           fused_sparse = ops::sparse_categorical_crossentropy(labels, x, true);
    for (int64_t i = 0; i < 4; ++i) {
      EXPECT_NEAR(fused.at(i), composed.at(i), 1e-5);
      EXPECT_NEAR(fused_sparse.at(i), sparse.at(i), 1e-5);
    }
  }
  EXPECT_THAT(values(ops::sparse_categorical_crossentropy(ints({-1}), Tensor::of<float>({1, 2}, {1, 2}), true)),
              ElementsAre(0));
  EXPECT_NEAR(ops::binary_crossentropy(floats({1}), floats({-90}), true).item(), 90, 1e-4);
  EXPECT_NEAR(ops::binary_crossentropy(floats({1}), floats({0})).item(), -std::log(1e-7), 1e-3);
}

TEST(Indexing, GetitemReadsKeysAsNumPyDoes) {
  Tensor x = ops::reshape(ops::arange(24), {2, 3, 4});
  auto at = [&](Value key) { return ops::getitem(x, key); };
  SliceValue all;
  EXPECT_THAT(values(at(Value::tuple({1, 2}))), ElementsAre(20, 21, 22, 23));
  EXPECT_THAT(values(at(Value::tuple({-1, Ellipsis{}, -1}))), ElementsAre(15, 19, 23));
  EXPECT_THAT(values(at(Value::tuple({0, 0, SliceValue{{}, {}, -1}}))), ElementsAre(3, 2, 1, 0));
  EXPECT_THAT(values(at(Value::tuple({0, 0, SliceValue{3, 0, -2}}))), ElementsAre(3, 1));
  EXPECT_EQ(at(Value::tuple({None{}, all, SliceValue{1, 1, {}}})).shape(), (Shape{1, 2, 0, 4}));
  EXPECT_EQ(at(Value::tuple({all, None{}, 0})).shape(), (Shape{2, 1, 4}));
  EXPECT_THAT(values(at(Value::tuple({0, ints({2, 0}), 1}))), ElementsAre(9, 1));
  EXPECT_EQ(at(Value::tuple({0, all, ints({2, 0})})).shape(),
            (Shape{2, 3}));  // an integer beside an array: apart, so first
  EXPECT_EQ(at(Value::tuple({all, ints({2, 0}), all})).shape(), (Shape{2, 2, 4}));
  EXPECT_EQ(at(Value::tuple({ints({1, 0, 1}), all, ints({1, 1, 2})})).shape(), (Shape{3, 3}));
  EXPECT_THAT(values(at(ops::greater(x, 21))), ElementsAre(22, 23));
  EXPECT_EQ(at(Value(List{0, 1, 1})).shape(), (Shape{3, 3, 4}));
  EXPECT_THAT(error_of(ErrorKind::index, [&] { at(Value::tuple({2})); }), HasSubstr("out of bounds"));
  EXPECT_THAT(error_of(ErrorKind::index, [&] { at(Value::tuple({0, 0, 0, 0})); }), HasSubstr("too many indices"));
  Tensor unknown = Tensor::spec_only({Shape::kUnknown, 3}, DType::float32);
  EXPECT_EQ(ops::getitem(unknown, Value::tuple({all, -1})).shape(), (Shape{Shape::kUnknown}));
}

TEST(Indexing, GatherAndScatterOutOfRange) {
  Tensor x = floats({10, 20, 30});
  Tensor y = ops::take(x, ints({-1, 0, 3, -4}), 0);
  EXPECT_EQ(y.at(0), 30);
  EXPECT_TRUE(std::isnan(y.at(2)) && std::isnan(y.at(3)));
  EXPECT_THAT(values(ops::scatter_update(x, Tensor::of<int32_t>({1, 5}, {2, 1}), floats({7, 8}))),
              ElementsAre(10, 7, 30));
  EXPECT_THAT(values(ops::scatter(Tensor::of<int32_t>({1, 1}, {2, 1}), floats({7, 8}), {3})), ElementsAre(0, 15, 0));
  EXPECT_THAT(values(ops::segment_sum(floats({1, 2, 3}), ints({0, 2, 0}), 4)), ElementsAre(4, 0, 2, 0));
  EXPECT_THAT(values(ops::segment_max(ints({1, 5, 3}), ints({0, 0, 1}))), ElementsAre(5, 3));
  EXPECT_THAT(values(ops::bincount(ints({1, 1, 3}))), ElementsAre(0, 2, 0, 1));
}

TEST(Sorting, StableWithNanLast) {
  Tensor x = floats({2, NAN, 1, 2, -INFINITY});
  EXPECT_THAT(values(ops::argsort(x)), ElementsAre(4, 2, 0, 3, 1));
  EXPECT_THAT(values(ops::top_k(floats({1, 3, 3, 2}), 3).indices), ElementsAre(1, 2, 3));
  EXPECT_THAT(values(ops::in_top_k(ints({0, 1}), Tensor::of<float>({1, 3, 2, 9, 1, 5}, {2, 3}), 2)), ElementsAre(0, 0));
  EXPECT_EQ(ops::argmax(floats({1, NAN, 3})).item(), 1);
  EXPECT_THAT(values(ops::searchsorted(floats({1, 2, 2, 4}), floats({2, 5, 0}))), ElementsAre(1, 4, 0));
  EXPECT_THAT(values(ops::searchsorted(floats({1, 2, 2, 4}), floats({2}), "right")), ElementsAre(3));
  EXPECT_EQ(ops::median(floats({4, 1, 3, 2})).item(), 2.5);
  EXPECT_THAT(values(ops::quantile(floats({1, 2, 3, 4, 5}), floats({0, 0.25f, 1}))), ElementsAre(1, 2, 5));
}

TEST(Shapes, Values) {
  Tensor x = ops::reshape(ops::arange(6), {2, 3});
  EXPECT_THAT(values(ops::rot90(x)), ElementsAre(2, 5, 1, 4, 0, 3));
  EXPECT_THAT(values(ops::roll(x, {1}, Ints{1})), ElementsAre(2, 0, 1, 5, 3, 4));
  EXPECT_THAT(values(ops::tile(ints({1, 2}), {2})), ElementsAre(1, 2, 1, 2));
  EXPECT_THAT(values(ops::repeat(ints({1, 2}), 2)), ElementsAre(1, 1, 2, 2));
  EXPECT_THAT(values(ops::pad(ints({1, 2, 3}), 2, "reflect")), ElementsAre(3, 2, 1, 2, 3, 2, 1));
  EXPECT_THAT(values(ops::pad(ints({1, 2, 3}), 2, "symmetric")), ElementsAre(2, 1, 1, 2, 3, 3, 2));
  EXPECT_THAT(values(ops::diag(ints({1, 2}), 1)), ElementsAre(0, 1, 0, 0, 0, 2, 0, 0, 0));
  EXPECT_THAT(values(ops::diag(ints({1, 2}), -1)), ElementsAre(0, 0, 0, 1, 0, 0, 0, 2, 0));
  EXPECT_THAT(values(ops::tril(x)), ElementsAre(0, 0, 0, 3, 4, 0));
  EXPECT_THAT(values(ops::linspace(0, 1, 5)), ElementsAre(0, 0.25, 0.5, 0.75, 1));
  EXPECT_THAT(values(ops::meshgrid({ints({1, 2}), ints({3, 4, 5})})[0]), ElementsAre(1, 2, 1, 2, 1, 2));
  EXPECT_EQ(ops::split(x, Value(List{1}), 1)[1].shape(), (Shape{2, 2}));
  EXPECT_EQ(ops::shape(Tensor::spec_only({Shape::kUnknown, 3}, DType::float32)).repr(), "(None, 3)");
  EXPECT_THAT(values(ops::cumprod(ints({1, 2, 3}))), ElementsAre(1, 2, 6));
}

TEST(Statistics, Values) {
  EXPECT_THAT(values(ops::correlate(floats({1, 2, 3}), floats({0, 1, 0.5f}), "full")), ElementsAre(0.5, 2, 3.5, 3, 0));
  EXPECT_THAT(values(ops::correlate(floats({1, 2, 3}), floats({0, 1, 0.5f}), "same")), ElementsAre(2, 3.5, 3));
  EXPECT_THAT(values(ops::correlate(floats({1, 2, 3}), floats({0, 1, 0.5f}))), ElementsAre(3.5));
  Tensors h = ops::histogram(floats({1, 2, 1, 3, 5}), 2);
  EXPECT_THAT(values(h[0]), ElementsAre(3, 2));
  EXPECT_THAT(values(h[1]), ElementsAre(1, 3, 5));
  EXPECT_THAT(values(ops::extract_sequences(floats({1, 2, 3, 4, 5}), 3, 2)), ElementsAre(1, 2, 3, 3, 4, 5));
  EXPECT_THAT(values(ops::nanargmax(Tensor::of<float>({NAN, 1, NAN, NAN}, {2, 2}), 1)), ElementsAre(1, -1));
  EXPECT_THAT(values(ops::trapezoid(floats({1, 2, 3}))), ElementsAre(4));
  EXPECT_THAT(values(ops::vander(ints({2, 3}), 3)), ElementsAre(4, 2, 1, 9, 3, 1));
}

TEST(Products, NaiveLoops) {
  Tensor a = testing::ramp({2, 3, 4}), b = testing::ramp({2, 4, 5}, 0.7);
  Tensor y = ops::matmul(a, b), e = ops::einsum("bij,bjk->bki", {a, b});
  for (int n = 0; n < 2; ++n)
    for (int i = 0; i < 3; ++i)
      for (int k = 0; k < 5; ++k) {
        double s = 0;
        for (int j = 0; j < 4; ++j) s += a.at((n * 3 + i) * 4 + j) * b.at((n * 4 + j) * 5 + k);
        EXPECT_NEAR(y.at((n * 3 + i) * 5 + k), s, 1e-6);
        EXPECT_NEAR(e.at((n * 5 + k) * 3 + i), s, 1e-6);
      }
  EXPECT_THAT(values(ops::cross(floats({1, 0, 0}), floats({0, 1, 0}))), ElementsAre(0, 0, 1));
  EXPECT_THAT(values(ops::kron(ints({1, 2}), ints({1, 10}))), ElementsAre(1, 10, 2, 20));
  EXPECT_EQ(ops::norm(floats({3, 4})).item(), 5);
  EXPECT_EQ(ops::vdot(ints({1, 2}), ints({3, 4})).item(), 11);
  EXPECT_EQ(ops::einsum("ij->", {ops::ones({2, 3})}).item(), 6);
  EXPECT_THAT(values(ops::einsum("ii->i", {ops::reshape(ops::arange(4), {2, 2})})), ElementsAre(0, 3));
}

TEST(Errors, NameTheOpAndWhatWasGiven) {
  Tensor x = testing::ramp({2, 3});
  EXPECT_THAT(error_of(ErrorKind::value, [&] { ops::add(x, testing::ramp({4})); }),
              ::testing::AllOf(HasSubstr("[add]"), HasSubstr("(2, 3)"), HasSubstr("(4,)")));
  EXPECT_THAT(error_of(ErrorKind::value, [&] { ops::matmul(x, x); }), HasSubstr("Inner dimensions"));
  EXPECT_THAT(error_of(ErrorKind::value, [&] { ops::sum(x, Ints{2}); }), HasSubstr("[sum]"));
  EXPECT_THAT(error_of(ErrorKind::value, [&] { ops::squeeze(x, Ints{0}); }), HasSubstr("Cannot squeeze"));
  EXPECT_THAT(error_of(ErrorKind::value,
                       [&] {
                         ops::categorical_crossentropy(x, testing::ramp({2, 4}));
                       }),
              HasSubstr("must have the same shape"));
  EXPECT_THAT(error_of(ErrorKind::value, [&] { ops::reshape(x, {4, 2}); }), HasSubstr("cannot reshape"));
  EXPECT_THAT(error_of(ErrorKind::type, [&] { ops::bitwise_and(x, x); }), HasSubstr("integers"));
  EXPECT_THAT(error_of(ErrorKind::value, [&] { ops::einsum("ij,jk", {x}); }), HasSubstr("2 operands"));
  EXPECT_THAT(error_of(ErrorKind::type,
                       [&] {
                         bind_arguments(*find_op("sum"), {Value(x)}, {{"axes", 1}});
                       }),
              HasSubstr("Did you mean 'axis'"));
}

TEST(PublicOps, CallThroughTheirDescription) {
  const OpInfo* sum = find_op("sum");
  auto arguments = bind_arguments(*sum, {Value(List{List{1, 2}, List{3, 4}})}, {{"axis", 0}});
  EXPECT_THAT(values(sum->call(arguments).as_tensor()), ElementsAre(4, 6));
  EXPECT_TRUE(find_op("add")->arguments[1].call);
  EXPECT_FALSE(find_op("clip")->arguments[1].call);
  EXPECT_FALSE(find_op("one_hot")->arguments[1].call);
  EXPECT_EQ(find_op_class("LogSoftmax")->name, "log_softmax");
  const OpInfo* einsum = find_op("einsum");
  Tensor a = ops::ones({2, 2});
  EXPECT_THAT(values(einsum->call(bind_arguments(*einsum, {"ij,jk->ik", a, a}, {})).as_tensor()),
              ElementsAre(2, 2, 2, 2));
}

}  // namespace
}  // namespace lamina
