#pragma once
// JSON text <-> Value, in Python's dialect: what json.dumps writes by default and json.loads reads. Beyond the standard
// that means NaN, Infinity and -Infinity, both ways; Keras' config files hold them.
#include <cstddef>
#include <string>
#include <string_view>

#include "backends/core/value.h"

namespace lamina {

inline constexpr int kMaxJsonDepth = 200;                  // nested lists and dicts
inline constexpr size_t kMaxJsonBytes = size_t{64} << 20;  // of one text that is read
inline constexpr size_t kMaxJsonKeys = 10'000;             // of one dict that is read

// The text that json.dumps(value) gives: ASCII with \u escapes, ", " and ": ", floats as Python's repr, dicts in their
// order. indent >= 0 spreads it over lines as json.dumps(value, indent=indent) does. Tuples are written as lists.
// TypeError for what JSON has no word for (tensors, objects, slices, Ellipsis): serialize those first; the message has
// their place. ValueError for text that is not UTF-8 and beyond kMaxJsonDepth.
std::string to_json(const Value& value, int indent = -1);

// Lists become lists, objects Dicts in file order (a repeated key keeps its first place and last value, as in Python).
// Numbers without point and exponent are ints if they fit 64 bits, else floats. `what` names the text in errors, which
// are ValueErrors with line and column (from 1; columns count characters).
Value parse_json(std::string_view text, std::string_view what = "JSON text");

// repr(x) of Python: "1.0", "1e-07", "1e+16", "nan", "inf".
std::string python_repr(double x);

}  // namespace lamina
