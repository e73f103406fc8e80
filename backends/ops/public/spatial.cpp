#include "backends/ops/public/spatial.h"

#include "backends/core/settings.h"

namespace lamina::ops {

namespace {
std::string lower(std::string s) {
  for (char& c : s) c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
  return s;
}
}  // namespace

bool channels_last(const DataFormat& data_format) {
  if (!data_format) return settings().channels_last();
  const std::string name = lower(*data_format);
  if (name == "channels_last") return true;
  if (name != "channels_first")
    throw ValueError(
        "The `data_format` argument must be one of {'channels_first', 'channels_last'}. Received: data_format=", name);
  return false;
}

Sizes sizes_for(const Sizes& given, int rank, const char* name, int64_t least) {
  Sizes out = given.size() == 1 ? Sizes(static_cast<size_t>(rank), given[0]) : given;
  const std::string received =
      given.size() == 1 ? text(given[0]) : Value::tuple(List(given.begin(), given.end())).repr();
  if (out.size() != static_cast<size_t>(rank))
    throw ValueError("The `", name, "` argument must be a tuple of ", rank, " integers. Received ", name, "=",
                     received);
  for (int64_t v : out)
    if (v < least)
      throw ValueError("The `", name, "` argument must be a tuple of ", rank, " integers. Received ", name, "=",
                       received, ", including values {", v, "} that do not satisfy `value ",
                       least == 0 ? ">= 0" : "> 0", "`");
  return out;
}

std::string padding_name(const std::string& given) {
  const std::string name = lower(given);
  if (name != "valid" && name != "same")
    throw ValueError("The `padding` argument must be either 'valid' or 'same'. Received: padding='", given, "'");
  return name;
}

Window window_for(const Shape& shape, const Sizes& sizes, const Sizes& strides, const Sizes& dilation,
                  const std::string& padding) {
  Window w{strides, Sizes(sizes.size(), 0), Sizes(sizes.size(), 0), dilation};
  if (padding != "same") return w;
  for (int i = 0; i < w.rank(); ++i) {
    const auto a = static_cast<size_t>(i);
    const int64_t size = shape[i + 1];
    int64_t total = w.span(i, sizes[a]) - 1;  // where the size is unknown: what leaves stride 1 its size
    if (size > 0) total = std::max<int64_t>(0, (size - 1) / strides[a] * strides[a] + w.span(i, sizes[a]) - size);
    w.low[a] = total / 2;
    w.high[a] = total - total / 2;
  }
  return w;
}

Tensor channels_to_end(const Tensor& x) { return to_last(x, 1); }
Tensor channels_to_front(const Tensor& x) { return from_last(x, 1); }

int spatial_rank(const Tensor& inputs) {
  const int rank = inputs.rank() - 2;
  if (rank < 1 || rank > 3)
    throw ValueError("expected inputs with a batch axis, channels and 1 to 3 spatial axes; received inputs.shape=",
                     inputs.shape());
  return rank;
}

}  // namespace lamina::ops
