#pragma once
// Arguments of layers over spatial axes, as Keras takes and prints them.
#include "backends/core/constant_value.h"
#include "backends/core/settings.h"
#include "layers/layer.h"

namespace lamina::spatial {

// None becomes the configured format; whether channels come last. ValueError for other names.
inline bool channels_last(Value& data_format) {
  if (data_format.is_none()) data_format = settings().channels_last() ? "channels_last" : "channels_first";
  if (!data_format.is_string() ||
      (data_format.as_string() != "channels_last" && data_format.as_string() != "channels_first"))
    throw ValueError("The `data_format` argument must be one of {'channels_first', 'channels_last'}. Received: ",
                     data_format.is_string() ? data_format.as_string() : data_format.repr());
  return data_format.as_string() == "channels_last";
}

// n integers from one or a sequence, at least `least`.
inline std::vector<int64_t> integers(const Value& given, size_t n, const std::string& name, int64_t least) {
  const Value v = plain_numbers(given);
  const std::string message =
      text("The `", name, "` argument must be a tuple of ", n, " integers. Received ", name, "=", v.repr());
  std::vector<int64_t> out;
  if (v.is_int()) {
    out.assign(n, v.as_int());
  } else {
    if (!v.is_sequence() || v.as_list().size() != n) throw ValueError(message);
    for (const Value& item : v.as_list()) {
      if (!item.is_int()) throw ValueError(message, ", including element ", item.repr(), " of type ", item.kind_name());
      out.push_back(item.as_int());
    }
  }
  for (int64_t i : out)
    if (i < least)
      throw ValueError(message, ", including values {", i, "} that do not satisfy `value ", least ? "> 0" : ">= 0",
                       "`");
  return out;
}

// One (before, after) pair an axis from an int, an int an axis or pairs. `argument` names it in errors.
inline std::vector<std::vector<int64_t>> pairs(const Value& given, size_t axes, const std::string& argument) {
  const Value v = plain_numbers(given);
  static constexpr const char* place[] = {"1st", "2nd", "3rd"};
  if (v.is_int()) {
    if (v.as_int() < 0)
      throw ValueError("`", argument, "` cannot be negative. Received: ", argument, "=", v.repr(), ".");
    return std::vector(axes, std::vector{v.as_int(), v.as_int()});
  }
  if (!v.is_sequence())
    throw ValueError("`", argument, "` should be either an int, a tuple of ", axes,
                     " ints (one for both ends of each axis), or a tuple of ", axes,
                     " tuples of 2 ints (the two ends of each axis). Received: ", argument, "=", v.repr(), ".");
  if (v.as_list().size() != axes)
    throw ValueError("`", argument, "` should have ", axes == 2 ? "two" : "3", " elements. Received: ", argument, "=",
                     v.repr(), ".");
  std::vector<std::vector<int64_t>> out;
  for (size_t i = 0; i < axes; ++i)
    out.push_back(integers(v.as_list()[i], 2, text(place[i], " entry of ", argument), 0));
  return out;
}

// Python's tuples of numbers, as configs hold them.
inline Value tuple_of(const std::vector<int64_t>& v) { return Value::tuple(List(v.begin(), v.end())); }
inline Value tuple_of(const std::vector<std::vector<int64_t>>& v) {
  List out;
  for (const auto& pair : v) out.push_back(tuple_of(pair));
  return Value::tuple(std::move(out));
}

// Inputs of one rank alone.
inline InputSpec of_rank(int rank) {
  InputSpec spec;
  spec.ndim = rank;
  return spec;
}

}  // namespace lamina::spatial
