// Tensors of strings, and the ops that read them.
#include "backends/graph/function.h"
#include "backends/ops/primitives.h"
#include "backends/ops/public/ops.h"
#include "backends/ops/text/equal.h"
#include "backends/ops/text/hashing.h"
#include "backends/ops/text/tokens.h"
#include "support/op_case.h"

namespace lamina::testing {
namespace {

using ::testing::ElementsAre;
using Strings = std::vector<std::string>;

Tensor words() { return Tensor::of({"ape", "bee bee", ""}, {3}); }
VocabularyPtr animals() {
  static const auto made = std::make_shared<const Vocabulary>(Strings{"ape", "bee", "cat"});
  return made;
}
LookupRule rule() {
  LookupRule r;
  r.first = 2;
  r.unknown_first = 1;
  r.mask_text = "";
  return r;
}
// Strings by indices 0..2, so that a case's inputs are numbers.
Tensor words_at(const Tensor& indices) { return prim::gather(words(), indices, 0); }
Tensor back(const Tensor& indices) {
  const auto others = std::make_shared<const Vocabulary>(Strings{"?", ""});
  return apply1(make_op<LookupBackOp>(animals(), 2, others, true), {prim::cast(indices, DType::int64)});
}
Tensor crossed(const Tensor& a, const Tensor& b) {
  return prim::hash_cross({words_at(a), prim::cast(b, DType::int64)}, 7);
}
Tensor tokenized(const Tensor& x, int64_t width, bool counts) {
  return apply1(make_op<TokenizeOp>(TokenRule{}, animals(), rule(), width, counts), {words_at(x)});
}

using D = Domain;
#define CASE(NAME, INPUTS, EXPRESSION)                                 \
  OpCase {                                                             \
    NAME, INPUTS, [](const Tensors& x) -> Value { return EXPRESSION; } \
  }
#define IN(...) (std::vector<Input>{__VA_ARGS__})

const CaseTable text_cases{{
    CASE("prim.text_equal", IN(Input({4, 3}, D::small_int), Input({4, 3}, D::small_int)),
         prim::text_equal(words_at(x[0]), words_at(x[1]))),
    CASE("prim.lookup", IN(Input({4, 3}, D::small_int)),
         apply1(make_op<LookupOp>(animals(), rule()), {words_at(x[0])})),
    CASE("prim.lookup_back", IN(Input({4, 3}, D::small_int)), prim::text_equal(back(x[0]), words_at(x[0]))),
    CASE("prim.hash", IN(Input({4, 3}, D::small_int)), prim::hash(words_at(x[0]), {.bins = 5, .key = HashKey{1, 2}})),
    CASE("prim.hash_cross", IN(Input({4, 3}, D::small_int), Input({4, 3}, D::small_int)), crossed(x[0], x[1])),
    CASE("prim.tokenize", IN(Input({4, 1}, D::small_int)), tokenized(x[0], 4, false)),
    CASE("prim.tokenize", IN(Input({4, 3}, D::small_int)), tokenized(x[0], 5, true)),
}};

// ---- the dtype ----

TEST(Strings, OwnTheirBytes) {
  Tensor t;
  {
    std::string long_one(1000, 'x');
    t = Tensor::of({long_one, "y"}, {2});
  }
  EXPECT_EQ(t.text_at(0), std::string(1000, 'x'));
  EXPECT_EQ(t.dtype(), DType::string);
  EXPECT_EQ(t.str(), text("Tensor(shape=(2,), dtype=string, values=['", std::string(1000, 'x'), "', 'y'])"));
  EXPECT_THAT(Tensor::empty({2}, DType::string).strings(), ElementsAre("", ""));
  EXPECT_THROW(Tensor::of({"a"}, {2}), ValueError);
  EXPECT_THROW(t.text_at(2), IndexError);
  EXPECT_THROW(t.at(0), TypeError);
}

// What moves them keeps their bytes, after what they came from is gone.
TEST(Strings, MoveOnBothEngines) {
  auto moved = [](std::span<const Tensor> in) -> Tensors {
    const Tensor both = prim::concat({in[0], prim::reverse(in[0], {0}), Tensor::of({"constant"}, {1})}, 0);
    return {prim::transpose(prim::reshape(prim::slice_axis(both, 0, 1, 7), {3, 2}), {1, 0}),
            prim::gather(both, in[1], 0, GatherOp::Fill::zero), in[0]};
  };
  for (auto mode : {Function::Mode::eager, Function::Mode::graph}) {
    Tensors out;
    {
      Function f(moved, "moved", mode);
      out = f(Tensors{Tensor::of({std::string(100, 'a'), std::string(100, 'b'), "c"}, {3}),
                      Tensor::of<int32_t>({6, 0, 99})});
    }
    EXPECT_THAT(out[0].strings(),
                ElementsAre(std::string(100, 'b'), "c", std::string(100, 'a'), "c", std::string(100, 'b'), "constant"));
    EXPECT_THAT(out[1].strings(), ElementsAre("constant", std::string(100, 'a'), ""));
    EXPECT_THAT(out[2].strings(), ElementsAre(std::string(100, 'a'), std::string(100, 'b'), "c"));
  }
}

TEST(Strings, ComeFromAVocabulary) {
  for (auto mode : {Function::Mode::eager, Function::Mode::graph}) {
    Tensor out;
    {
      auto terms = std::make_shared<const Vocabulary>(Strings{std::string(100, 'q'), "r"});
      auto others = std::make_shared<const Vocabulary>(Strings{"unknown", "mask"});
      Function f(
          [&](std::span<const Tensor> in) -> Tensors {
            return {prim::reverse(apply1(make_op<LookupBackOp>(terms, 1, others, true), {in[0]}), {0})};
          },
          "back", mode);
      out = f(Tensors{Tensor::of<int64_t>({1, 2, 0, 3, INT64_MIN})})[0];
    }
    EXPECT_THAT(out.strings(), ElementsAre("unknown", "unknown", "mask", "r", std::string(100, 'q')));
  }
}

TEST(Strings, AreNotComputedWith) {
  const Tensor t = words();
  EXPECT_THROW(ops::add(t, 1), TypeError);
  EXPECT_THROW(ops::relu(t), TypeError);
  EXPECT_THROW(ops::sum(t), TypeError);
  EXPECT_THROW(ops::matmul(t, t), TypeError);
  EXPECT_THROW(ops::less(t, t), TypeError);
  EXPECT_THROW(ops::concatenate({t, Tensor::of<float>({1})}), TypeError);
  EXPECT_THROW(prim::cast(t, DType::float32), TypeError);
  EXPECT_THROW(prim::cast(Tensor::of<float>({1}), DType::string), TypeError);
  EXPECT_THROW(prim::full({2}, 1, DType::string), TypeError);
  EXPECT_THROW(prim::iota(3, DType::string), TypeError);
  EXPECT_THROW(Variable{t}, TypeError);
  EXPECT_THROW(ops::sort(t), TypeError);
  EXPECT_THROW(ops::where(Tensor::of<int32_t>({1, 0, 1}), t, t), TypeError);
  try {
    ops::exp(t);
    FAIL();
  } catch (const TypeError& e) { EXPECT_NE(std::string(e.what()).find("StringLookup"), std::string::npos) << e.what(); }
}

TEST(Strings, AreCompared) {
  const Tensor same = ops::equal(Tensor::of({"a", "b"}, {2, 1}), Tensor::of({"a", "c"}, {2}));
  EXPECT_EQ(same.str(), "Tensor(shape=(2, 2), dtype=bool, values=[[True, False], [False, False]])");
  EXPECT_EQ(ops::not_equal(words(), Tensor::of({""}, {1})).str(),
            "Tensor(shape=(3,), dtype=bool, values=[True, True, False])");
}

// ---- hashes ----

// The vectors of SipHash's authors: key 00..0f, inputs of 0, 1, ... bytes 00, 01, ...
TEST(Fingerprints, SipHash) {
  const HashKey key{0x0706050403020100u, 0x0f0e0d0c0b0a0908u};
  const uint64_t expected[] = {0x726fdb47dd0e0e31u, 0x74f839c593dc67fdu, 0x0d6c8009d9a94f5au,
                               0x85676696d7fb7e2du, 0xcf2794e0277187b7u, 0x18765564cd99a68du,
                               0xcbc9466e58fee3ceu, 0xab0200f58b01d137u, 0x93f5f5799a932462u};
  std::string bytes;
  for (size_t i = 0; i < std::size(expected); ++i) {
    EXPECT_EQ(siphash64(key, bytes), expected[i]) << i;
    bytes += static_cast<char>(i);
  }
}

// Of Keras' and TensorFlow's documentation.
TEST(Fingerprints, Bins) {
  const Tensor letters = Tensor::of({"A", "B", "C", "D", "E"}, {5});
  EXPECT_THAT(prim::hash(letters, {.bins = 3, .key = HashKey{133, 137}}).to_vector<int64_t>(),
              ElementsAre(1, 2, 1, 0, 2));
  try {
    EXPECT_THAT(prim::hash(letters, {.bins = 3}).to_vector<int64_t>(), ElementsAre(1, 0, 1, 1, 2));
  } catch (const UnsupportedError& e) { GTEST_SKIP() << e.what(); }
  const Tensor first = Tensor::of({"A", "B", "A", "B", "A"}, {5}),
               second = Tensor::of<int64_t>({101, 101, 101, 102, 102});
  EXPECT_THAT(prim::hash_cross({first, second}, 5).to_vector<int64_t>(), ElementsAre(1, 4, 1, 1, 3));
}

TEST(Fingerprints, NumbersAreTheirDigits) {
  const HashRule rule{.bins = 1000, .key = HashKey{1, 2}};
  const auto expected = prim::hash(Tensor::of({"-7", "12"}, {2}), rule).to_vector<int64_t>();
  EXPECT_EQ(prim::hash(Tensor::of<int32_t>({-7, 12}), rule).to_vector<int64_t>(), expected);
  EXPECT_EQ(prim::hash(Tensor::of<float>({-7.9f, 12.5f}), rule).to_vector<int64_t>(), expected);
  EXPECT_EQ(prim::hash(Tensor::of<uint64_t>({UINT64_MAX}), rule).to_vector<int64_t>(),
            prim::hash(Tensor::of({"18446744073709551615"}, {1}), rule).to_vector<int64_t>());
  EXPECT_THROW(prim::hash(words(), {.bins = 3, .mask_number = 1.0}), TypeError);
}

// ---- tokens ----

TEST(Tokens, StandardAndSplit) {
  TokenRule all{.lower = true, .strip_punctuation = true};
  EXPECT_THAT(tokens_of("  Hello,\tWorld!\n\n\xC3\x84PFEL ", all), ElementsAre("hello", "world", "\xC3\x84pfel"));
  EXPECT_EQ(standardized("!\"#$%&'()*+,-./:;<=>?@[\\]^_`{|}~a1", all), "a1");
  EXPECT_THAT(split_text("", TokenRule::Split::whitespace), ElementsAre());
  EXPECT_THAT(split_text("", TokenRule::Split::none), ElementsAre(""));
}

TEST(Tokens, Characters) {
  const std::string bad = "\xEF\xBF\xBD";
  auto characters = [](std::string_view s) { return split_text(s, TokenRule::Split::character); };
  EXPECT_THAT(characters("a\xC3\xA4\xE2\x82\xAC\xF0\x9F\x98\x80"),
              ElementsAre("a", "\xC3\xA4", "\xE2\x82\xAC", "\xF0\x9F\x98\x80"));
  EXPECT_THAT(characters("\xC3"), ElementsAre(bad));                    // cut off
  EXPECT_THAT(characters("\xE2\x82x"), ElementsAre(bad, "x"));          // one for what could have gone on
  EXPECT_THAT(characters("\xC0\xAF"), ElementsAre(bad, bad));           // overlong
  EXPECT_THAT(characters("\xED\xA0\x80"), ElementsAre(bad, bad, bad));  // a surrogate
  EXPECT_THAT(characters("\xF4\x90"), ElementsAre(bad, bad));           // above U+10FFFF
}

TEST(Tokens, Ngrams) {
  EXPECT_THAT(ngrams_of({"a", "b", "c"}, {1, 2}), ElementsAre("a", "b", "c", "a b", "b c"));
  EXPECT_THAT(ngrams_of({"a", "b", "c"}, {3, 1}), ElementsAre("a b c", "a", "b", "c"));
  EXPECT_THAT(ngrams_of({"a"}, {2}), ElementsAre());
}

TEST(Tokens, UnknownTerms) {
  LookupRule none = rule();
  none.unknown = LookupRule::Unknown::refuse;
  for (auto mode : {Function::Mode::eager, Function::Mode::graph}) {
    Function f(
        [&](std::span<const Tensor> in) -> Tensors { return {apply1(make_op<LookupOp>(animals(), none), {in[0]})}; },
        "lookup", mode);
    EXPECT_THAT(f(Tensors{Tensor::of({"cat", ""}, {2})})[0].to_vector<int64_t>(), ElementsAre(4, 0));
    EXPECT_THROW(f(Tensors{Tensor::of({"cat", "dog"}, {2})}), ValueError);
  }
}

}  // namespace
}  // namespace lamina::testing
