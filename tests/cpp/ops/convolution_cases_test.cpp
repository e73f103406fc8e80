// Convolutions and poolings: public ops and the primitives that gradients are made of.
#include "backends/ops/public/ops.h"
#include "support/op_case.h"

namespace lamina::testing {
namespace {

using D = Domain;
#define CASE(NAME, INPUTS, EXPRESSION)                                 \
  OpCase {                                                             \
    NAME, INPUTS, [](const Tensors& x) -> Value { return EXPRESSION; } \
  }
#define IN(...) (std::vector<Input>{__VA_ARGS__})

const Window plain{{1, 2}, {1, 0}, {0, 1}, {1, 1}};

const CaseTable convolutions{{
    CASE("conv", IN(Input({2, 5, 4, 3}), Input({3, 2, 3, 4})), ops::conv(x[0], x[1])),
    CASE("conv", IN(Input({2, 6, 5, 2}), Input({3, 3, 2, 3})), ops::conv(x[0], x[1], {2}, "same")),
    CASE("conv", IN(Input({2, 7, 6, 2}), Input({2, 3, 2, 2})), ops::conv(x[0], x[1], {1}, "same", {}, {2, 1})),
    CASE("conv", IN(Input({2, 4, 4, 4}), Input({2, 2, 2, 6})), ops::conv(x[0], x[1])),  // two groups
    CASE("conv", IN(Input({2, 3, 5, 4}), Input({2, 3, 3, 2})),
         ops::conv(x[0], x[1], {1, 2}, "valid", "channels_first")),
    CASE("conv", IN(Input({2, 7, 2}), Input({3, 2, 3})), ops::conv(x[0], x[1], {2}, "same")),
    CASE("conv", IN(Input({2, 3, 4, 3, 2}), Input({2, 2, 1, 2, 2})), ops::conv(x[0], x[1], {1, 2, 1}, "same")),
    CASE("conv", IN(Input({2, 3, 4, 5}), Input({1, 1, 5, 3})), ops::conv(x[0], x[1])),
    CASE("depthwise_conv", IN(Input({2, 4, 5, 3}), Input({2, 3, 3, 1})), ops::depthwise_conv(x[0], x[1], {1}, "same")),
    CASE("depthwise_conv", IN(Input({2, 5, 4, 2}), Input({3, 2, 2, 2})), ops::depthwise_conv(x[0], x[1], {2})),
    CASE("separable_conv", IN(Input({2, 4, 4, 2}), Input({2, 2, 2, 2}), Input({1, 1, 4, 3})),
         ops::separable_conv(x[0], x[1], x[2], {1}, "same")),
    CASE("conv_transpose", IN(Input({2, 3, 4, 2}), Input({3, 2, 3, 2})), ops::conv_transpose(x[0], x[1], {2}, "same")),
    CASE("conv_transpose", IN(Input({2, 3, 2, 2}), Input({2, 3, 3, 2})),
         ops::conv_transpose(x[0], x[1], {3, 2}, "valid", std::vector<int64_t>{1, 0})),
    CASE("conv_transpose", IN(Input({2, 3, 2}), Input({2, 3, 2})),
         ops::conv_transpose(x[0], x[1], {1}, "same", {}, {}, {2})),
    CASE("conv_transpose", IN(Input({2, 2, 3, 2}), Input({1, 2, 3, 2})),
         ops::conv_transpose(x[0], x[1], {2}, "valid", std::vector<int64_t>{3, 1}, "channels_first"))
        .known_sizes(),
    CASE("prim.ConvolutionWeightGrad", IN(Input({2, 3, 4, 2}), Input({2, 3, 2, 3})),
         prim::convolution_weight_grad(x[0], x[1], plain, 1, {2, 3}))
        .known_sizes(),
    CASE("prim.ConvolutionInputGrad", IN(Input({2, 3, 2, 3}), Input({2, 3, 2, 3})),
         prim::convolution_input_grad(x[0], x[1], plain, 1, {0, 1})),
}};

const PoolWindows overlapping{{3, 2}, {{1, 2}, {1, 0}, {0, 1}, {1, 1}}},
    tiles{{2, 2}, {{2, 2}, {0, 0}, {0, 0}, {1, 1}}};
Tensor index_of(const Tensor& x, const PoolWindows& w) { return apply(make_op<MaxPoolOp>(w, true), {x})[1]; }

const CaseTable poolings{{
    CASE("max_pool", IN(Input({2, 5, 4, 3})), ops::max_pool(x[0], {2})),
    CASE("max_pool", IN(Input({2, 5, 4, 3})), ops::max_pool(x[0], {3, 2}, std::vector<int64_t>{2, 1}, "same")),
    CASE("max_pool", IN(Input({2, 4, 6, 37})), ops::max_pool(x[0], {2})).first_order(),
    CASE("max_pool", IN(Input({2, 3, 7})), ops::max_pool(x[0], {3}, {}, "valid", "channels_first")),
    CASE("max_pool", IN(Input({2, 4, 3, 2, 2})), ops::max_pool(x[0], {2, 2, 1})),
    CASE("max_pool", IN(Input({2, 40, 2})), ops::max_pool(x[0], {30}, std::vector<int64_t>{5})),
    CASE("average_pool", IN(Input({2, 5, 4, 3})), ops::average_pool(x[0], {2})),
    CASE("average_pool", IN(Input({2, 5, 4, 3})), ops::average_pool(x[0], {3, 2}, std::vector<int64_t>{2, 1}, "same")),
    CASE("average_pool", IN(Input({2, 4, 6, 37})), ops::average_pool(x[0], {2})).first_order(),
    CASE("average_pool", IN(Input({2, 3, 4, 3})), ops::average_pool(x[0], {2}, {}, "same", "channels_first")),
    CASE("adaptive_max_pool", IN(Input({2, 5, 4, 3})), ops::adaptive_max_pool(x[0], {3, 2})),
    CASE("adaptive_max_pool", IN(Input({2, 3, 7})), ops::adaptive_max_pool(x[0], {3}, "channels_first")),
    CASE("adaptive_average_pool", IN(Input({2, 5, 4, 3})), ops::adaptive_average_pool(x[0], {3, 2})),
    CASE("adaptive_average_pool", IN(Input({2, 2, 3, 3, 2})), ops::adaptive_average_pool(x[0], {3, 3, 2})),
    CASE(
        "prim.MaxPoolScatter", IN(Input({2, 2, 2, 3}), Input({2, 3, 4, 3})),
        apply1(make_op<MaxPoolScatterOp>(overlapping, std::vector<int64_t>{3, 4}), {x[0], index_of(x[1], overlapping)}))
        .known_sizes(),
    CASE("prim.MaxPoolScatter", IN(Input({2, 2, 2, 3}), Input({2, 5, 4, 3})),
         apply1(make_op<MaxPoolScatterOp>(tiles, std::vector<int64_t>{5, 4}), {x[0], index_of(x[1], tiles)}))
        .known_sizes(),
    CASE("prim.MaxPoolGather", IN(Input({2, 3, 4, 3}), Input({2, 3, 4, 3})),
         apply1(make_op<MaxPoolGatherOp>(overlapping), {x[0], index_of(x[1], overlapping)}))
        .known_sizes(),
    CASE("prim.AveragePoolGrad", IN(Input({2, 2, 2, 3})),
         apply1(make_op<AveragePoolGradOp>(overlapping, std::vector<int64_t>{3, 4}), {x[0]}))
        .known_sizes(),
    CASE("prim.AveragePoolGrad", IN(Input({2, 2, 2, 3})),
         apply1(make_op<AveragePoolGradOp>(tiles, std::vector<int64_t>{5, 4}), {x[0]}))
        .known_sizes(),
}};

}  // namespace
}  // namespace lamina::testing
