#include "layers/initializers/window.h"

#include <cmath>
#include <map>

namespace lamina {

namespace {

using Window = double (*)(double i, double n);  // value i of n

// a[0] - a[1] cos x + a[2] cos 2x - ..., x from 0 to 2 pi.
template <size_t N>
double cosines(const double (&a)[N], double i, double n) {
  double x = 2 * M_PI * i / (n - 1), out = 0, sign = 1;
  for (size_t k = 0; k < N; ++k, sign = -sign) out += sign * a[k] * std::cos(static_cast<double>(k) * x);
  return out;
}
double centred(double i, double n) { return 2 * i / (n - 1) - 1; }  // -1 to 1

const std::map<std::string, Window>& windows() {
  static const std::map<std::string, Window> all = {
      {"boxcar", [](double, double) { return 1.0; }},
      {"hann",
       [](double i, double n) {
         return cosines({0.5, 0.5}, i, n);
       }},
      {"hamming",
       [](double i, double n) {
         return cosines({0.54, 0.46}, i, n);
       }},
      {"blackman",
       [](double i, double n) {
         return cosines({0.42, 0.5, 0.08}, i, n);
       }},
      {"nuttall",
       [](double i, double n) {
         return cosines({0.3635819, 0.4891775, 0.1365995, 0.0106411}, i, n);
       }},
      {"blackmanharris",
       [](double i, double n) {
         return cosines({0.35875, 0.48829, 0.14128, 0.01168}, i, n);
       }},
      {"flattop",
       [](double i, double n) {
         return cosines({0.21557895, 0.41663158, 0.277263158, 0.083578947, 0.006947368}, i, n);
       }},
      {"bartlett", [](double i, double n) { return 1 - std::abs(centred(i, n)); }},
      {"triang", [](double i, double n) { return 1 - std::abs((2 * i + 1 - n) / (std::fmod(n, 2) == 0 ? n : n + 1)); }},
      {"cosine", [](double i, double n) { return std::sin(M_PI * (i + 0.5) / n); }},
      {"parzen",
       [](double i, double n) {
         double x = std::abs(i - (n - 1) / 2) / (n / 2);
         return std::abs(i - (n - 1) / 2) <= (n - 1) / 4 ? 1 - 6 * x * x * (1 - x) : 2 * (1 - x) * (1 - x) * (1 - x);
       }},
      {"bohman",
       [](double i, double n) {
         double x = std::abs(centred(i, n));
         return i == 0 || i == n - 1 ? 0 : (1 - x) * std::cos(M_PI * x) + std::sin(M_PI * x) / M_PI;
       }},
      {"barthann",
       [](double i, double n) {
         double x = std::abs(i / (n - 1) - 0.5);
         return 0.62 - 0.48 * x + 0.38 * std::cos(2 * M_PI * x);
       }},
      {"tukey",
       [](double i, double n) {  // the outer quarters rise and fall as a cosine
         double from_end = std::min(i, n - 1 - i), width = std::floor((n - 1) / 4);
         return from_end <= width ? 0.5 * (1 + std::cos(M_PI * (4 * from_end / (n - 1) - 1))) : 1;
       }},
  };
  return all;
}

}  // namespace

std::vector<double> window_values(const std::string& name, int64_t n, bool periodic) {
  static const std::map<std::string, std::string> aliases = {
      {"hanning", "hann"},   {"han", "hann"},     {"hamm", "hamming"},      {"ham", "hamming"},
      {"box", "boxcar"},     {"ones", "boxcar"},  {"rect", "boxcar"},       {"rectangular", "boxcar"},
      {"black", "blackman"}, {"blk", "blackman"}, {"tri", "triang"},        {"triangle", "triang"},
      {"bart", "bartlett"},  {"brt", "bartlett"}, {"flat", "flattop"},      {"flt", "flattop"},
      {"nutl", "nuttall"},   {"nut", "nuttall"},  {"halfcosine", "cosine"}, {"parz", "parzen"},
      {"par", "parzen"},     {"bman", "bohman"},  {"bmn", "bohman"},        {"brthan", "barthann"},
      {"bth", "barthann"},   {"tuk", "tukey"}};
  auto alias = aliases.find(name);
  auto found = windows().find(alias == aliases.end() ? name : alias->second);
  if (found == windows().end()) {
    std::vector<std::string> known;
    for (const auto& [key, f] : windows()) known.push_back(key);
    throw ValueError("Unknown window type '", name, "'. Expected one of ", known, ".");
  }
  std::vector<double> out;
  const double whole = static_cast<double>(periodic ? n + 1 : n);
  for (int64_t i = 0; i < n; ++i) out.push_back(n <= 1 ? 1.0 : found->second(static_cast<double>(i), whole));
  return out;
}

}  // namespace lamina
