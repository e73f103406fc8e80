#include "layers/convolutional/axis_sizes.h"

namespace lamina {

ops::Sizes AxisSizes::sizes(int rank, const char* name, int64_t least) const {
  const std::string message =
      text("The `", name, "` argument must be a tuple of ", rank, " integers. Received ", name, "=", given_.repr());
  ops::Sizes out;
  auto add = [&](const Value& v) {
    if (!v.is_int() && !(v.is_real() && std::floor(v.as_number()) == v.as_number()))
      throw ValueError(message,
                       given_.is_sequence() ? text(", including element ", v.repr(), " of type ", v.kind_name()) : "");
    out.push_back(v.as_int());
  };
  if (given_.is_int()) {
    out.assign(static_cast<size_t>(rank), given_.as_int());
  } else {
    if (!given_.is_sequence() || given_.as_list().size() != static_cast<size_t>(rank)) throw ValueError(message);
    for (const Value& v : given_.as_list()) add(v);
  }
  std::string wrong;
  for (size_t i = 0; i < out.size(); ++i)
    if (out[i] < least && std::find(out.begin(), out.begin() + static_cast<std::ptrdiff_t>(i), out[i]) ==
                              out.begin() + static_cast<std::ptrdiff_t>(i))
      wrong += text(wrong.empty() ? "" : ", ", out[i]);
  if (!wrong.empty())
    throw ValueError(message, ", including values {", wrong, "} that do not satisfy `value ",
                     least == 0 ? ">= 0" : "> 0", "`");
  return out;
}

void AxisSizes::standardize(int rank, const char* name, int64_t least) {
  const ops::Sizes all = sizes(rank, name, least);
  given_ = Value::tuple(List(all.begin(), all.end()));
}

void standardize_data_format(ops::DataFormat& data_format) {
  data_format = ops::channels_last(data_format) ? "channels_last" : "channels_first";
}

void standardize_padding(std::string& padding, bool allow_causal) {
  std::string name = padding;
  for (char& c : name) c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
  if (name != "valid" && name != "same" && !(allow_causal && name == "causal"))
    throw ValueError("The `padding` argument must be a list/tuple or one of {'valid', 'same'",
                     allow_causal ? ", 'causal'" : "", "}. Received: ", padding);
  padding = name;
}

void check_strides_and_dilation(const AxisSizes& strides, const AxisSizes& dilation, int rank) {
  const ops::Sizes s = strides.sizes(rank, "strides"), d = dilation.sizes(rank, "dilation_rate");
  if (*std::max_element(s.begin(), s.end()) > 1 && *std::max_element(d.begin(), d.end()) > 1)
    throw ValueError("`strides > 1` not supported in conjunction with `dilation_rate > 1`. Received: strides=",
                     strides.value().repr(), " and dilation_rate=", dilation.value().repr());
}

}  // namespace lamina
