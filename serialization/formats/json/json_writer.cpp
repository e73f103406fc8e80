#include <charconv>
#include <cmath>

#include "backends/core/error.h"
#include "serialization/formats/json/json.h"
#include "serialization/formats/json/utf8.h"

namespace lamina {

std::string python_repr(double x) {
  if (std::isnan(x)) return "nan";
  if (std::isinf(x)) return x < 0 ? "-inf" : "inf";
  char buffer[40];
  // Shortest digits as d.ddde+XX; Python then shows exponents from -4 to 15 without one.
  std::string_view shortest(
      buffer, std::to_chars(buffer, buffer + sizeof buffer, x, std::chars_format::scientific).ptr - buffer);
  std::string out, digits;
  if (shortest[0] == '-') out = "-", shortest.remove_prefix(1);
  size_t e = shortest.find('e');
  for (char c : shortest.substr(0, e))
    if (c != '.') digits += c;
  int exponent = 0;
  std::string_view after = shortest.substr(shortest[e + 1] == '+' ? e + 2 : e + 1);
  std::from_chars(after.data(), after.data() + after.size(), exponent);
  if (exponent < -4 || exponent >= 16) {
    out += digits[0];
    if (digits.size() > 1) out += '.', out.append(digits, 1);
    out += exponent < 0 ? "e-" : "e+";
    if (std::abs(exponent) < 10) out += '0';
    return out + std::to_string(std::abs(exponent));
  }
  if (exponent < 0) return out + "0." + std::string(-exponent - 1, '0') + digits;
  size_t whole = exponent + 1;
  if (digits.size() <= whole) return out + digits + std::string(whole - digits.size(), '0') + ".0";
  return out + digits.substr(0, whole) + '.' + digits.substr(whole);
}

namespace {

// The way from the root to the value at hand, for messages.
struct Place {
  const Place* above = nullptr;
  const std::string* key = nullptr;
  size_t index = 0;
  int depth = 0;

  std::string str() const {
    if (!above) return "the value";
    return key ? text(above->str(), "['", *key, "']") : text(above->str(), "[", index, "]");
  }
};

class JsonWriter {
 public:
  explicit JsonWriter(int indent) : indent_(indent) {}
  std::string take() { return std::move(out_); }

  void write(const Value& value, const Place& place) {
    if (place.depth > kMaxJsonDepth)
      throw ValueError("Cannot write JSON: expected at most ", kMaxJsonDepth,
                       " nested lists and dicts; received more at ", shortened(place.str()), ".");
    switch (value.kind()) {
      case Value::Kind::none: out_ += "null"; return;
      case Value::Kind::boolean: out_ += value.as_bool() ? "true" : "false"; return;
      case Value::Kind::integer: out_ += std::to_string(value.as_int()); return;
      case Value::Kind::real: number(value.as_number()); return;
      case Value::Kind::string: string(value.as_string(), place); return;
      case Value::Kind::list:
      case Value::Kind::tuple: list(value.as_list(), place); return;
      case Value::Kind::dict: dict(value.as_dict(), place); return;
      default:
        throw TypeError("Cannot write JSON: expected None, bool, int, float, str, list, tuple or dict at ", place.str(),
                        "; received ", value.repr(), " (", value.kind_name(), "). Serialize it to a dict first.");
    }
  }

 private:
  static std::string shortened(std::string place) {
    if (place.size() > 60) place.resize(60), place += "...";
    return place;
  }
  void number(double x) {
    out_ += std::isnan(x) ? "NaN" : std::isinf(x) ? (x < 0 ? "-Infinity" : "Infinity") : python_repr(x);
  }

  void unit(unsigned code) {
    static constexpr char hex[] = "0123456789abcdef";
    out_ += "\\u";
    for (int shift = 12; shift >= 0; shift -= 4) out_ += hex[code >> shift & 15];
  }

  void string(std::string_view s, const Place& place) {
    out_ += '"';
    for (size_t at = 0; at < s.size();) {
      size_t start = at;
      char32_t c = next_code_point(s, at);
      if (c == kInvalidCodePoint)
        throw ValueError("Cannot write JSON: expected UTF-8 text at ", place.str(), "; received the byte ",
                         static_cast<unsigned char>(s[start]), " at offset ", start, ".");
      switch (c) {
        case '"': out_ += "\\\""; break;
        case '\\': out_ += "\\\\"; break;
        case '\n': out_ += "\\n"; break;
        case '\r': out_ += "\\r"; break;
        case '\t': out_ += "\\t"; break;
        case '\f': out_ += "\\f"; break;
        case '\b': out_ += "\\b"; break;
        default:
          if (c >= ' ' && c <= '~') {
            out_ += static_cast<char>(c);
          } else if (c < 0x10000) {
            unit(c);
          } else {
            unit(0xD800 + ((c - 0x10000) >> 10));
            unit(0xDC00 + ((c - 0x10000) & 0x3FF));
          }
      }
    }
    out_ += '"';
  }

  void separate(bool first, int depth) {
    if (!first) out_ += indent_ < 0 ? ", " : ",";
    new_line(depth);
  }
  void new_line(int depth) {
    if (indent_ >= 0) out_ += '\n', out_.append(static_cast<size_t>(indent_) * depth, ' ');
  }

  void list(const List& items, const Place& place) {
    out_ += '[';
    for (size_t i = 0; i < items.size(); ++i) {
      separate(i == 0, place.depth + 1);
      write(items[i], {&place, nullptr, i, place.depth + 1});
    }
    if (!items.empty()) new_line(place.depth);
    out_ += ']';
  }

  void dict(const Dict& entries, const Place& place) {
    out_ += '{';
    bool first = true;
    for (const auto& [key, value] : entries) {
      separate(first, place.depth + 1);
      first = false;
      Place below{&place, &key, 0, place.depth + 1};
      string(key, below);
      out_ += ": ";
      write(value, below);
    }
    if (!first) new_line(place.depth);
    out_ += '}';
  }

  int indent_;
  std::string out_;
};

}  // namespace

std::string to_json(const Value& value, int indent) {
  JsonWriter writer(indent);
  writer.write(value, {});
  return writer.take();
}

}  // namespace lamina
