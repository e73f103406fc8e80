// The update rules over whole variables, built once per instruction set (see cmake/LaminaToolchain.cmake).
#pragma GCC optimize("fp-contract=off")
#include <cmath>
#include <type_traits>

#include "backends/ops/update/update_table.h"

namespace lamina {
namespace LAMINA_SIMD_NAMESPACE {
namespace {

#include "backends/ops/update/update_rules.h"

// float16 and bfloat16 are computed in float and rounded when stored.
template <class T>
using Wide = std::conditional_t<std::is_same_v<T, double>, double, float>;

template <UpdateRule kRule, class T>
void run(const void* const* in, void* const* out, const double* constants, int64_t begin, int64_t end) {
  using W = Wide<T>;
  constexpr int kCount = kStates<kRule>;
  const W a = static_cast<W>(constants[0]), b = static_cast<W>(constants[1]), c = static_cast<W>(constants[2]);
  const UpdateScalars<W> k{a,
                           b,
                           c,
                           static_cast<W>(1 - constants[0]),
                           static_cast<W>(1 - constants[1]),
                           static_cast<W>(*static_cast<const T*>(in[kCount + 1]))};
  const T* g = static_cast<const T*>(in[kCount]);
  // Spelled out: an array of pointers would keep the loop from being vectorised.
  constexpr int k1 = kCount > 1 ? 1 : 0, k2 = kCount > 2 ? 2 : 0, k3 = kCount > 3 ? 3 : 0;
  const T *x0 = static_cast<const T*>(in[0]), *x1 = static_cast<const T*>(in[k1]), *x2 = static_cast<const T*>(in[k2]),
          *x3 = static_cast<const T*>(in[k3]);
  T *y0 = static_cast<T*>(out[0]), *y1 = static_cast<T*>(out[k1]), *y2 = static_cast<T*>(out[k2]),
    *y3 = static_cast<T*>(out[k3]);
#pragma GCC ivdep
  for (int64_t i = begin; i < end; ++i) {
    W s[kCount];
    s[0] = static_cast<W>(x0[i]);
    if constexpr (kCount > 1) s[1] = static_cast<W>(x1[i]);
    if constexpr (kCount > 2) s[2] = static_cast<W>(x2[i]);
    if constexpr (kCount > 3) s[3] = static_cast<W>(x3[i]);
    update_element<kRule>(s, static_cast<W>(g[i]), k);
    y0[i] = static_cast<T>(s[0]);
    if constexpr (kCount > 1) y1[i] = static_cast<T>(s[1]);
    if constexpr (kCount > 2) y2[i] = static_cast<T>(s[2]);
    if constexpr (kCount > 3) y3[i] = static_cast<T>(s[3]);
  }
}

template <UpdateRule kRule>
void fill(UpdateTable& t) {
  UpdateFn* row = t.run[static_cast<int>(kRule)];
  row[static_cast<int>(DType::float32)] = run<kRule, float>;
  row[static_cast<int>(DType::float64)] = run<kRule, double>;
  row[static_cast<int>(DType::float16)] = run<kRule, Half>;
  row[static_cast<int>(DType::bfloat16)] = run<kRule, BFloat16>;
}

UpdateTable make_table() {
  using R = UpdateRule;
  UpdateTable t{};
  fill<R::sgd>(t), fill<R::momentum>(t), fill<R::nesterov>(t), fill<R::rmsprop>(t), fill<R::rmsprop_momentum>(t);
  fill<R::rmsprop_centered>(t), fill<R::rmsprop_centered_momentum>(t), fill<R::adam>(t), fill<R::adam_largest>(t);
  return t;
}

}  // namespace

const UpdateTable& update_table_of_level() {
  static const UpdateTable instance = make_table();
  return instance;
}

}  // namespace LAMINA_SIMD_NAMESPACE
}  // namespace lamina
