// One element of each rule; T is float or double. Included inside a namespace of each file that uses it, like
// vector_math.h; such files turn contraction off, so that every operation rounds on its own. s: the states, in place.
// (constexpr lets GPUs call it.)
template <class T>
struct UpdateScalars {
  T a, b, c, rest_a, rest_b, rate;  // rest: 1 - a, rounded once
};

template <UpdateRule kRule>
inline constexpr int kStates =
    kRule == UpdateRule::sgd                                                              ? 1
    : kRule <= UpdateRule::rmsprop                                                        ? 2
    : kRule == UpdateRule::rmsprop_centered_momentum || kRule == UpdateRule::adam_largest ? 4
                                                                                          : 3;

// One step of one weight and its slots s; the formulas of Keras' optimizers.
template <UpdateRule kRule, class T>
constexpr void update_element(T (&s)[kStates<kRule>], T g, const UpdateScalars<T>& k) {
  using R = UpdateRule;
  if constexpr (kRule == R::sgd) {
    s[0] = s[0] - g * k.rate;
  } else if constexpr (kRule == R::momentum || kRule == R::nesterov) {
    const T step = g * k.rate, m = s[1] * k.a - step;
    s[1] = m;
    s[0] = s[0] + (kRule == R::nesterov ? m * k.a - step : m);
  } else if constexpr (kRule == R::adam || kRule == R::adam_largest) {
    const T m = s[1] + (g - s[1]) * k.rest_a;
    T v = s[2] + (g * g - s[2]) * k.rest_b;
    s[1] = m;
    s[2] = v;
    if constexpr (kRule == R::adam_largest) {
      v = s[3] > v ? s[3] : (v == v ? (s[3] == s[3] ? v : s[3]) : v);  // maximum's, where NaN stays
      s[3] = v;
    }
    s[0] = s[0] - m * k.rate / (std::sqrt(v) + k.c);
  } else {
    constexpr bool centered = kRule == R::rmsprop_centered || kRule == R::rmsprop_centered_momentum;
    constexpr bool momentum = kRule == R::rmsprop_momentum || kRule == R::rmsprop_centered_momentum;
    T spread = s[1] * k.a + g * g * k.rest_a;
    s[1] = spread;
    if constexpr (centered) {
      T& u = s[kStates<kRule> - 1];
      u = u * k.a + g * k.rest_a;
      spread = spread - u * u;
    }
    T step = g * k.rate / std::sqrt(spread + k.c);
    if constexpr (momentum) {
      step = s[2] * k.b + step;
      s[2] = step;
    }
    s[0] = s[0] - step;
  }
}

// Calls f with the rule as a compile-time constant.
template <class F>
auto with_rule(UpdateRule rule, F&& f) {
  using R = UpdateRule;
  switch (rule) {
    case R::sgd: return f(std::integral_constant<R, R::sgd>());
    case R::momentum: return f(std::integral_constant<R, R::momentum>());
    case R::nesterov: return f(std::integral_constant<R, R::nesterov>());
    case R::rmsprop: return f(std::integral_constant<R, R::rmsprop>());
    case R::rmsprop_momentum: return f(std::integral_constant<R, R::rmsprop_momentum>());
    case R::rmsprop_centered: return f(std::integral_constant<R, R::rmsprop_centered>());
    case R::rmsprop_centered_momentum: return f(std::integral_constant<R, R::rmsprop_centered_momentum>());
    case R::adam: return f(std::integral_constant<R, R::adam>());
    case R::adam_largest: break;
  }
  return f(std::integral_constant<R, R::adam_largest>());
}
