// Fourier transforms by the KISS FFT in Eigen, in double precision whatever the numbers are: what is float32 in the end
// is then right to its last bit or the one before.
#include <complex>
#include <set>
#include <unsupported/Eigen/FFT>

#include "backends/core/kernel.h"
#include "backends/cpu/thread_pool.h"
#include "backends/ops/fft/fft.h"

namespace lamina {

namespace {

using Complex = std::complex<double>;
using Row = std::vector<Complex>;

bool has_large_factor(int64_t n) {
  for (int64_t p = 2; p <= 61; ++p)
    while (n % p == 0) n /= p;
  return n > 1;
}

// What a thread keeps from one transform to the next. Plans are not for several threads.
class Transformer {
 public:
  // exp(-2 pi i k / n) for k = 0..n / 2.
  const Row& turns(int64_t n) {
    if (n != turned_) {
      turned_ = n;
      turns_.resize(static_cast<size_t>(n / 2 + 1));
      for (int64_t k = 0; k <= n / 2; ++k)
        turns_[static_cast<size_t>(k)] = std::polar(1.0, -2 * M_PI * static_cast<double>(k) / static_cast<double>(n));
    }
    return turns_;
  }
  // y = sum_j x_j exp(-+2 pi i j k / n), n being x' size. x and y are different rows.
  void run(const Row& x, Row& y, bool inverse) {
    const auto n = static_cast<int64_t>(x.size());
    y.resize(x.size());
    if (n == 1)
      y = x;
    else if (has_large_factor(n))
      by_convolution(x, y, inverse);
    else
      direct(x, y, inverse);
  }

 private:
  void direct(const Row& x, Row& y, bool inverse) {
    const auto n = static_cast<int>(x.size());
    if (sizes_.insert(n).second && sizes_.size() > 64) {  // plans are kept for each size: not for ever
      fft_ = Eigen::FFT<double>();
      sizes_ = {n};
    }
    fft_.SetFlag(Eigen::FFT<double>::Unscaled);
    if (inverse)
      fft_.inv(y.data(), x.data(), n);
    else
      fft_.fwd(y.data(), x.data(), n);
  }

  // Bluestein 1970: jk = (j^2 + k^2 - (k - j)^2) / 2 makes a convolution of it, which has a size with small factors.
  void by_convolution(const Row& x, Row& y, bool inverse) {
    const auto n = static_cast<int64_t>(x.size());
    prepare(n);
    Row padded(kernel_.size(), 0.0), spectrum(kernel_.size()), product(kernel_.size());
    auto turned = [inverse](Complex c) { return inverse ? std::conj(c) : c; };
    // The inverse is the conjugate of the transform of the conjugates.
    for (size_t j = 0; j < x.size(); ++j) padded[j] = turned(x[j]) * chirp_[j];
    direct(padded, spectrum, false);
    for (size_t k = 0; k < spectrum.size(); ++k) spectrum[k] *= kernel_[k];
    direct(spectrum, product, true);
    const auto scale = 1.0 / static_cast<double>(product.size());
    for (size_t k = 0; k < y.size(); ++k) y[k] = turned(product[k] * chirp_[k] * scale);
  }
  void prepare(int64_t n) {
    if (static_cast<int64_t>(chirp_.size()) == n) return;
    Row chirp(static_cast<size_t>(n));
    for (int64_t k = 0; k < n; ++k) {
      const auto turns = static_cast<double>(k * k % (2 * n)) / static_cast<double>(n);
      chirp[static_cast<size_t>(k)] = std::polar(1.0, -M_PI * turns);
    }
    size_t size = 1;
    while (size < 2 * chirp.size() - 1) size *= 2;
    Row wave(size, 0.0);
    wave[0] = std::conj(chirp[0]);
    for (size_t k = 1; k < chirp.size(); ++k) wave[k] = wave[size - k] = std::conj(chirp[k]);
    kernel_.resize(size);
    direct(wave, kernel_, false);
    chirp_ = std::move(chirp);
  }

  Eigen::FFT<double> fft_;
  std::set<int> sizes_;
  Row chirp_, kernel_, turns_;  // of the last size
  int64_t turned_ = 0;
};

// f(transformer, row number, x, y) for each row, on threads; x and y are rows to work with.
template <class F>
void for_rows(int64_t rows, int64_t length, F&& f) {
  const int64_t in_task = std::max<int64_t>(1, (1 << 13) / std::max<int64_t>(1, length));
  parallel_for((rows + in_task - 1) / in_task, [&](int64_t task) {
    thread_local Transformer transformer;
    Row x(static_cast<size_t>(length)), y;
    for (int64_t row = task * in_task; row < std::min(rows, (task + 1) * in_task); ++row) f(transformer, row, x, y);
  });
}

template <class F>
void with_floats(DType dtype, F&& f) {
  if (dtype == DType::float64)
    f(double{});
  else
    f(float{});
}
int64_t rows_of(const Shape& shape) { return shape.elements() / std::max<int64_t>(1, shape.back()); }

BoundKernel bind_fft(const FftOp& op, const KernelRequest& r) {
  BoundKernel kernel;
  kernel.run = [rows = rows_of(r.inputs[0].shape), n = r.inputs[0].shape.back(), dtype = r.inputs[0].dtype,
                inverse = op.inverse](const void* const* in, void* const* out, void*) {
    with_floats(dtype, [&](auto zero) {
      using T = decltype(zero);
      for_rows(rows, n, [&](Transformer& t, int64_t row, Row& x, Row& y) {
        const T *re = static_cast<const T*>(in[0]) + row * n, *im = static_cast<const T*>(in[1]) + row * n;
        T *to_re = static_cast<T*>(out[0]) + row * n, *to_im = static_cast<T*>(out[1]) + row * n;
        for (int64_t i = 0; i < n; ++i) x[static_cast<size_t>(i)] = Complex(re[i], im[i]);
        t.run(x, y, inverse);
        for (int64_t i = 0; i < n; ++i) {
          to_re[i] = static_cast<T>(y[static_cast<size_t>(i)].real());
          to_im[i] = static_cast<T>(y[static_cast<size_t>(i)].imag());
        }
      });
    });
  };
  return kernel;
}

// Real numbers of an even count are half as many complex ones, each of two neighbours: E and O are the transforms of
// the even and the odd places.
BoundKernel bind_real_fft(const KernelRequest& r) {
  BoundKernel kernel;
  kernel.run = [rows = rows_of(r.inputs[0].shape), n = r.inputs[0].shape.back(), dtype = r.inputs[0].dtype](
                   const void* const* in, void* const* out, void*) {
    with_floats(dtype, [&](auto zero) {
      using T = decltype(zero);
      const int64_t half = n / 2 + 1, packed = n % 2 ? n : n / 2;
      for_rows(rows, packed, [&](Transformer& t, int64_t row, Row& x, Row& y) {
        const T* from = static_cast<const T*>(in[0]) + row * n;
        for (int64_t i = 0; i < packed; ++i)
          x[static_cast<size_t>(i)] = n % 2 ? Complex(from[i]) : Complex(from[2 * i], from[2 * i + 1]);
        t.run(x, y, false);
        const Row* turns = n % 2 ? nullptr : &t.turns(n);
        T *re = static_cast<T*>(out[0]) + row * half, *im = static_cast<T*>(out[1]) + row * half;
        for (int64_t k = 0; k < half; ++k) {
          Complex value = y[static_cast<size_t>(k % packed)];
          if (turns) {
            const Complex mirrored = std::conj(y[static_cast<size_t>((packed - k) % packed)]);
            const Complex even = (value + mirrored) * 0.5, odd = (value - mirrored) * Complex(0, -0.5);
            value = even + (*turns)[static_cast<size_t>(k)] * odd;
          }
          re[k] = static_cast<T>(value.real()), im[k] = static_cast<T>(value.imag());
        }
        im[0] = 0;
        if (turns) im[half - 1] = 0;
      });
    });
  };
  return kernel;
}

// The same backwards.
BoundKernel bind_half_to_real(const KernelRequest& r) {
  BoundKernel kernel;
  kernel.run = [rows = rows_of(r.outputs[0].shape), n = r.outputs[0].shape.back(), dtype = r.inputs[0].dtype](
                   const void* const* in, void* const* out, void*) {
    with_floats(dtype, [&](auto zero) {
      using T = decltype(zero);
      const int64_t half = n / 2 + 1, packed = n % 2 ? n : n / 2;
      for_rows(rows, packed, [&](Transformer& t, int64_t row, Row& x, Row& y) {
        const T *re = static_cast<const T*>(in[0]) + row * half, *im = static_cast<const T*>(in[1]) + row * half;
        auto at = [&](int64_t k) { return Complex(re[k], k == 0 || 2 * k == n ? 0 : im[k]); };
        const Row* turns = n % 2 ? nullptr : &t.turns(n);
        for (int64_t k = 0; k < packed; ++k) {
          Complex value;
          if (turns) {
            const Complex here = at(k), mirrored = std::conj(at(packed - k));
            value = here + mirrored + Complex(0, 1) * (here - mirrored) * std::conj((*turns)[static_cast<size_t>(k)]);
          } else {
            value = k < half ? at(k) : std::conj(at(n - k));
          }
          x[static_cast<size_t>(k)] = value;
        }
        t.run(x, y, true);
        T* to = static_cast<T*>(out[0]) + row * n;
        for (int64_t i = 0; i < packed; ++i) {
          const Complex value = y[static_cast<size_t>(i)];
          if (turns)
            to[2 * i] = static_cast<T>(value.real()), to[2 * i + 1] = static_cast<T>(value.imag());
          else
            to[i] = static_cast<T>(value.real());
        }
      });
    });
  };
  return kernel;
}

LAMINA_KERNEL(cpu, "FFT", "eigen", 100, bind_fft);
LAMINA_KERNEL(cpu, "RealFFT", "eigen", 100, bind_real_fft);
LAMINA_KERNEL(cpu, "HalfToReal", "eigen", 100, bind_half_to_real);

}  // namespace
}  // namespace lamina
