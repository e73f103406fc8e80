#pragma once
// text(a, b, ...) joins printable pieces into a std::string; cheaper to compile than streams.
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace lamina {

// What text() and errors write for a value: numbers as Python prints them, True and False, lists in brackets. A class
// of
// your own joins by an append_text() in its namespace.
void append_text(std::string& out, std::string_view piece);
inline void append_text(std::string& out, const char* piece) { append_text(out, std::string_view(piece)); }
inline void append_text(std::string& out, const std::string& piece) { append_text(out, std::string_view(piece)); }
inline void append_text(std::string& out, char piece) { out += piece; }
inline void append_text(std::string& out, bool piece) { out += piece ? "True" : "False"; }
void append_text(std::string& out, double piece);  // shortest form that reads back equal
inline void append_text(std::string& out, float piece) { append_text(out, static_cast<double>(piece)); }
inline void append_text(std::string& out, int piece) { out += std::to_string(piece); }
inline void append_text(std::string& out, long piece) { out += std::to_string(piece); }
inline void append_text(std::string& out, long long piece) { out += std::to_string(piece); }
inline void append_text(std::string& out, unsigned piece) { out += std::to_string(piece); }
inline void append_text(std::string& out, unsigned long piece) { out += std::to_string(piece); }
inline void append_text(std::string& out, unsigned long long piece) { out += std::to_string(piece); }

// [a, b, ...]
template <class T>
void append_text(std::string& out, const std::vector<T>& items) {
  out += '[';
  for (size_t i = 0; i < items.size(); ++i) {
    if (i) out += ", ";
    append_text(out, items[i]);
  }
  out += ']';
}

// The pieces one after the other, as append_text() writes each.
template <class... Parts>
std::string text(const Parts&... parts) {
  std::string out;
  (append_text(out, parts), ...);
  return out;
}

// The items with `separator` between them.
std::string join(const std::vector<std::string>& items, std::string_view separator);
// 'Conv2D' -> 'conv2d', 'PReLU' -> 'p_re_lu': Keras' rule for names and file paths.
std::string snake_case(std::string_view class_name);

}  // namespace lamina
