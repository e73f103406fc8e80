// Float functions written so that a loop over them vectorises: no branches, no tables, no calls. Included only by
// *_simd.cpp, inside LAMINA_SIMD_NAMESPACE, and by GPU kernels that must give the CPU's bits. Coefficients are minimax
// fits of this project (relative error below 1e-7 in each range); results are within 2 ulp of the true value, except
// near erf's tail (4e-7 absolute).

#ifndef LAMINA_MATH
#define LAMINA_MATH inline
#endif

LAMINA_MATH float bits_to_float(int32_t bits) {
  float f;
  __builtin_memcpy(&f, &bits, 4);
  return f;
}
LAMINA_MATH int32_t float_to_bits(float f) {
  int32_t bits;
  __builtin_memcpy(&bits, &f, 4);
  return bits;
}

LAMINA_MATH float exp_core(float r) {  // |r| <= ln2/2
  float q = 1.394110956e-03f;
  q = q * r + 8.363175256e-03f;
  q = q * r + 4.166637530e-02f;
  q = q * r + 1.666657701e-01f;
  q = q * r + 5.000000027e-01f;
  return q * r * r + r + 1.0f;
}

LAMINA_MATH float fast_exp(float x) {
  float clamped = x < -104.0f ? -104.0f : (x > 89.0f ? 89.0f : x);  // NaN falls through both
  float n = (clamped * 1.44269504f + 12582912.0f) - 12582912.0f;    // round to nearest
  float r = clamped - n * 0.693359375f;
  r = r + n * 2.12194440e-4f;
  float y = exp_core(r);
  int32_t e = static_cast<int32_t>(n);
  int32_t half = e >> 1;  // two factors, so that 2^e reaches subnormals and infinity
  y = y * bits_to_float((half + 127) << 23) * bits_to_float((e - half + 127) << 23);
  return x == x ? y : x;
}

LAMINA_MATH float fast_expm1(float x) {
  float q = 1.997949888e-04f;
  q = q * x + 1.398219566e-03f;
  q = q * x + 8.333127938e-03f;
  q = q * x + 4.166579099e-02f;
  q = q * x + 1.666666748e-01f;
  q = q * x + 5.000000122e-01f;
  float small = q * x * x + x;
  float large = fast_exp(x) - 1.0f;
  float y = (x < 0.5f && x > -0.5f) ? small : large;
  return __builtin_copysignf(y, x);  // of -0 too, to which the sum gave +0
}

LAMINA_MATH float log_core(float z) {  // log(1+z), z in [sqrt(1/2)-1, sqrt(2)-1]
  float q = 7.332437036e-02f;
  q = q * z - 1.165988712e-01f;
  q = q * z + 1.163467726e-01f;
  q = q * z - 1.239670732e-01f;
  q = q * z + 1.425115485e-01f;
  q = q * z - 1.666915068e-01f;
  q = q * z + 2.000068810e-01f;
  q = q * z - 2.499998119e-01f;
  q = q * z + 3.333333126e-01f;
  return q * z * z * z;  // without the terms z - z^2/2
}

LAMINA_MATH float fast_log(float x) {
  float scaled = x < 1.17549435e-38f ? x * 8388608.0f : x;  // subnormals
  int32_t bits = float_to_bits(scaled);
  int32_t e =
      static_cast<int32_t>(static_cast<uint32_t>(bits) - 0x3f3504f3u) >> 23;  // mantissa into [sqrt(1/2), sqrt(2))
  float m = bits_to_float(static_cast<int32_t>(static_cast<uint32_t>(bits) - (static_cast<uint32_t>(e) << 23)));
  float n = static_cast<float>(e) - (x < 1.17549435e-38f ? 23.0f : 0.0f);
  float z = m - 1.0f;
  float y = log_core(z);
  y = y + n * -2.12194440e-4f;
  y = y - 0.5f * z * z;
  y = (z + y) + n * 0.693359375f;
  y = x == 0.0f ? -__builtin_inff() : y;
  y = x < 0.0f ? __builtin_nanf("") : y;
  return (x == __builtin_inff() || x != x) ? x : y;
}

LAMINA_MATH float fast_log1p(float x) {
  float u = 1.0f + x;
  float c = (x - (u - 1.0f)) / u;  // the part of x lost in u
  float y = fast_log(u) + c;
  float tiny = x - 0.5f * x * x;
  y = (x < 1e-4f && x > -1e-4f) ? tiny : y;
  return x == __builtin_inff() ? x : (x <= -1.0f ? (x == -1.0f ? -__builtin_inff() : __builtin_nanf("")) : y);
}

LAMINA_MATH float fast_tanh(float x) {
  float s = x * x;
  float q = -6.113196371e-03f;
  q = q * s + 2.101008601e-02f;
  q = q * s - 5.385407124e-02f;
  q = q * s + 1.333279457e-01f;
  q = q * s - 3.333332925e-01f;
  float a = __builtin_fabsf(x);
  float small = q * s * a + a;
  float large = 1.0f - 2.0f / (fast_exp(2.0f * a) + 1.0f);
  return __builtin_copysignf(a < 0.625f ? small : large, x);  // tanh(-0) is -0
}

LAMINA_MATH float fast_sigmoid(float x) { return 1.0f / (1.0f + fast_exp(-x)); }

LAMINA_MATH float fast_softplus(float x) {  // max(x, 0) + log1p(exp(-|x|))
  float a = x < 0 ? -x : x;
  return (x > 0 ? x : (x == x ? 0.0f : x)) + fast_log1p(fast_exp(-a));
}

LAMINA_MATH float fast_erf(float x) {
  float a = x < 0 ? -x : x;
  float s = x * x;
  float q = 7.889119519e-05f;
  q = q * s - 8.020841276e-04f;
  q = q * s + 5.189535339e-03f;
  q = q * s - 2.685444459e-02f;
  q = q * s + 1.128360018e-01f;
  q = q * s - 3.761262714e-01f;
  q = q * s + 1.128379166e+00f;
  float small = q * x;
  float t = a > 4.0f ? 4.0f : a;
  float p = -1.366133722e-05f;
  p = p * t + 3.239259790e-04f;
  p = p * t - 3.484740673e-03f;
  p = p * t + 2.281663063e-02f;
  p = p * t - 1.037790185e-01f;
  p = p * t - 6.384629079e-01f;
  p = p * t - 1.126388617e+00f;
  p = p * t - 6.169543430e-04f;
  float large = 1.0f - fast_exp(p);
  large = x < 0 ? -large : large;
  return x == x ? (a < 1.0f ? small : large) : x;
}

LAMINA_MATH float sin_core(float r, float s) {
  float q = 2.726239736e-06f;
  q = q * s - 1.984021933e-04f;
  q = q * s + 8.333332273e-03f;
  q = q * s - 1.666666667e-01f;
  return q * s * r + r;
}
LAMINA_MATH float cos_core(float s) {
  float q = 2.454804254e-05f;
  q = q * s - 1.388830366e-03f;
  q = q * s + 4.166666466e-02f;
  return q * s * s - 0.5f * s + 1.0f;
}
// quadrant shift 0 gives sin, 1 gives cos. Three-part reduction: good to |x| of about 1e5.
LAMINA_MATH float fast_sincos(float x, int32_t shift) {
  float n = (x * 0.636619772f + 12582912.0f) - 12582912.0f;
  float r = x - n * 1.5703125f;
  r = r - n * 4.837512969970703e-4f;
  r = r - n * 7.549789948768648e-8f;
  float s = r * r;
  int32_t quadrant = static_cast<int32_t>(n) + shift;
  float value = (quadrant & 1) ? cos_core(s) : sin_core(r, s);
  value = (quadrant & 2) ? -value : value;
  return x == 0 && shift == 0 ? x : value;  // sin(-0) is -0
}
