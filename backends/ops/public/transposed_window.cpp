#include "backends/ops/public/transposed_window.h"

#include "backends/ops/primitives.h"

namespace lamina::ops {

TransposedWindow transposed_window(const Sizes& sizes, const Sizes& strides, const std::string& padding,
                                   const std::optional<Sizes>& output_padding, const Sizes& dilation) {
  TransposedWindow out{
      {strides, Sizes(sizes.size()), Sizes(sizes.size()), dilation}, Sizes(sizes.size()), Sizes(sizes.size())};
  for (size_t a = 0; a < sizes.size(); ++a) {
    const int64_t span = out.window.span(static_cast<int>(a), sizes[a]), stride = strides[a];
    // Places that the dilated input gets before and behind: span - 1 leaves all windows that touch it.
    int64_t before = span - 1, behind = span - 1;
    if (padding == "valid") {
      behind += output_padding ? (*output_padding)[a] : std::max(span, stride) - span;
    } else {
      const int64_t both = output_padding ? span + span % 2 - 2 + (*output_padding)[a] : stride + span - 2;
      before = std::min(both / 2 + both % 2, span - 1);
      behind = both - before;
    }
    out.window.low[a] = span - 1 - before;
    out.window.high[a] = std::max<int64_t>(0, span - 1 - behind);
    out.rest[a] = std::max<int64_t>(0, behind - (span - 1));
    if (out.rest[a] >= stride) {  // no window reaches there
      out.behind[a] = out.rest[a] - (stride - 1);
      out.rest[a] = stride - 1;
    }
  }
  return out;
}

Tensor with_places_behind(const Tensor& y, const TransposedWindow& window) {
  if (window.behind == Sizes(window.behind.size())) return y;
  Sizes low(window.behind.size() + 2), high = low;
  std::copy(window.behind.begin(), window.behind.end(), high.begin() + 1);
  return prim::pad(y, low, high);
}

}  // namespace lamina::ops
