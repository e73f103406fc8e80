// Softmax, cross entropies, normalisations, attention and random numbers.
#include "backends/ops/custom_gradient/custom_gradient.h"
#include "backends/ops/primitives.h"
#include "backends/ops/public/ops.h"
#include "backends/ops/recompute/recompute.h"
#include "support/op_case.h"

namespace lamina::testing {
namespace {

using D = Domain;
using Ints = std::vector<int>;
#define CASE(NAME, INPUTS, EXPRESSION)                                 \
  OpCase {                                                             \
    NAME, INPUTS, [](const Tensors& x) -> Value { return EXPRESSION; } \
  }
#define IN(...) (std::vector<Input>{__VA_ARGS__})

const CaseTable nn{{
    CASE("softmax", IN(Input({3, 5})), ops::softmax(x[0])),
    CASE("softmax", IN(Input({3, 5, 2})), ops::softmax(x[0], Ints{1})),
    CASE("softmax", IN(Input({3, 5, 2})), ops::softmax(x[0], Ints{0, 2})),
    CASE("softmax", IN(Input({2, 37})), ops::softmax(x[0])),
    CASE("log_softmax", IN(Input({3, 5})), ops::log_softmax(x[0])),
    CASE("log_softmax", IN(Input({2, 33})), ops::log_softmax(x[0])),
    CASE("sparsemax", IN(Input({3, 5})), ops::sparsemax(x[0])),
    CASE("one_hot", IN(Input({3, 2}, D::small_int)), ops::one_hot(x[0], 4, 1)),
    CASE("multi_hot", IN(Input({3, 2}, D::small_int)), ops::multi_hot(x[0], 4)),
    CASE("binary_crossentropy", IN(Input({3, 4}, D::share), Input({3, 4}, D::share)),
         ops::binary_crossentropy(x[0], x[1])),
    CASE("binary_crossentropy", IN(Input({3, 4}, D::share), Input({3, 4})), ops::binary_crossentropy(x[0], x[1], true)),
    CASE("categorical_crossentropy", IN(Input({3, 4}, D::rows), Input({3, 4}, D::rows)),
         ops::categorical_crossentropy(x[0], x[1])),
    CASE("categorical_crossentropy", IN(Input({3, 4}, D::rows), Input({3, 4})),
         ops::categorical_crossentropy(x[0], x[1], true)),
    CASE("categorical_crossentropy", IN(Input({3, 4, 2}, D::positive), Input({3, 4, 2})),
         ops::categorical_crossentropy(x[0], x[1], true, 1)),
    CASE("sparse_categorical_crossentropy", IN(Input({3}, D::small_int), Input({3, 4}, D::rows)),
         ops::sparse_categorical_crossentropy(x[0], x[1])),
    CASE("sparse_categorical_crossentropy", IN(Input({3}, D::small_int), Input({3, 4})),
         ops::sparse_categorical_crossentropy(x[0], x[1], true)),
    CASE("sparse_categorical_crossentropy", IN(Input({3, 1}, D::small_int), Input({3, 35})),
         ops::sparse_categorical_crossentropy(x[0], x[1], true)),
    CASE("moments", IN(Input({3, 4})), Value(List{ops::moments(x[0], {0}).mean, ops::moments(x[0], {0}).variance})),
    CASE("batch_normalization", IN(Input({3, 4}), Input({4}), Input({4}, D::positive), Input({4}), Input({4})),
         ops::batch_normalization(x[0], x[1], x[2], -1, x[3], x[4])),
    CASE("layer_normalization", IN(Input({3, 4}), Input({4}), Input({4})), ops::layer_normalization(x[0], x[1], x[2])),
    CASE("rms_normalization", IN(Input({3, 4}), Input({4})), ops::rms_normalization(x[0], x[1])),
    CASE("normalize", IN(Input({3, 4})), ops::normalize(x[0])),
    CASE("normalize", IN(Input({3, 4})), ops::normalize(x[0], {0}, 3)),
    CASE("psnr", IN(Input({3, 4}), Input({3, 4})), ops::psnr(x[0], x[1], 2)),
    CASE("dot_product_attention", IN(Input({2, 3, 4, 2}), Input({2, 5, 2, 2}), Input({2, 5, 2, 3})),
         ops::dot_product_attention(x[0], x[1], x[2], {}, {}, {}, true)),
    CASE("dot_product_attention",
         IN(Input({2, 3, 2, 2}), Input({2, 5, 2, 2}), Input({2, 5, 2, 3}), Input({2, 1, 3, 5}),
            Input({2, 1, 3, 5}, D::boolean)),
         ops::dot_product_attention(x[0], x[1], x[2], x[3], x[4])),
    CASE("depth_to_space", IN(Input({2, 2, 3, 8})), ops::depth_to_space(x[0], 2)),
    CASE("space_to_depth", IN(Input({2, 4, 6, 2})), ops::space_to_depth(x[0], 2)),
    CASE("depth_to_space", IN(Input({2, 8, 2, 3})), ops::depth_to_space(x[0], 2, "channels_first")),
    CASE("space_to_depth", IN(Input({2, 2, 4, 6})), ops::space_to_depth(x[0], 2, "channels_first")),
}};

const CaseTable patches_and_sequences{{
    CASE("unfold", IN(Input({2, 2, 5, 6})), ops::unfold(x[0], {2, 3}, {2, 1}, {1, 0}, {1, 2})),
    CASE("fold", IN(Input({2, 12, 12})), ops::fold(x[0], {5, 6}, {2, 3}, {2, 1}, {1, 0}, {2, 1})),
    CASE("ctc_loss", IN(Input({3, 2}, D::index), Input({3, 5, 3})),
         ops::ctc_loss(prim::add(x[0], 1), x[1], Tensor::of<int32_t>({2, 1, 2}), Tensor::of<int32_t>({5, 4, 3}), 0))
        .known_sizes(),
    CASE("ctc_decode", IN(Input({3, 5, 3})), Value(ops::ctc_decode(x[0], Tensor::of<int32_t>({5, 4, 3}))))
        .no_gradient()
        .known_sizes(),
    CASE("ctc_decode", IN(Input({3, 5, 3})),
         Value(ops::ctc_decode(x[0], Tensor::of<int32_t>({5, 4, 3}), "beam_search", 10, 2)))
        .no_gradient()
        .known_sizes(),
    CASE("prim.CustomGradient", IN(Input({3, 2})),
         Value(prim::custom_gradient({x[0]}, {prim::square(x[0])},
                                     [](std::span<const Tensor> from, const Tensors& g) {
                                       return Tensors{prim::multiply(g[0], prim::multiply(from[0], 2.0))};
                                     }))),
    CASE("prim.Barrier", IN(Input({3, 2})), prim::square(prim::barrier(x[0]))),
}};

const CaseTable randoms{{
    CASE("random.normal", IN(), random::normal({5, 13}, 1, 2, {}, 3)),
    CASE("random.uniform", IN(), random::uniform({5, 13}, -1, 2, {}, 3)),
    CASE("random.truncated_normal", IN(), random::truncated_normal({5, 13}, 1, 2, {}, 3)),
    CASE("random.randint", IN(), random::randint({5, 13}, -2, 7, DType::int32, 3)),
    CASE("random.categorical", IN(Input({3, 4})), random::categorical(x[0], 6, DType::int32, 3)).no_gradient(),
    CASE("random.dropout", IN(Input({3, 4})), random::dropout(x[0], 0.4, {}, 3)),
    CASE("random.shuffle", IN(Input({5, 2})), random::shuffle(x[0], 0, 3)).known_sizes(),
    CASE("random.gamma", IN(), random::gamma({40}, 0.7, {}, 3)),
    CASE("random.beta", IN(), random::beta({40}, 2, 3, {}, 3)),
    CASE("random.binomial", IN(), random::binomial({40}, 20, 0.3, {}, 3)),
}};

}  // namespace
}  // namespace lamina::testing
