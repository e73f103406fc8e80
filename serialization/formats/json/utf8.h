#pragma once
// UTF-8, one code point at a time.
#include <cstdint>
#include <string>
#include <string_view>

namespace lamina {

inline constexpr char32_t kInvalidCodePoint = 0xFFFFFFFF;

// The code point that starts at text[at]; `at` moves behind it. kInvalidCodePoint (and `at` moves by one byte) where
// the bytes are no UTF-8: stray, cut off, overlong, a surrogate, or above U+10FFFF.
inline char32_t next_code_point(std::string_view text, size_t& at) {
  auto first = static_cast<unsigned char>(text[at++]);
  if (first < 0x80) return first;
  int more = first >= 0xF0 ? 3 : first >= 0xE0 ? 2 : 1;
  if (first < 0xC2 || first > 0xF4 || at + more > text.size()) return kInvalidCodePoint;
  char32_t code = first & (0x3F >> more);
  for (int i = 0; i < more; ++i) {
    auto next = static_cast<unsigned char>(text[at + i]);
    if ((next & 0xC0) != 0x80) return kInvalidCodePoint;
    code = code << 6 | (next & 0x3F);
  }
  constexpr char32_t least[] = {0, 0x80, 0x800, 0x10000};
  if (code < least[more] || code > 0x10FFFF || (code >= 0xD800 && code < 0xE000)) return kInvalidCodePoint;
  at += more;
  return code;
}

// Whether the bytes are well-formed UTF-8 (RFC 3629).
inline bool is_utf8(std::string_view text) {
  for (size_t at = 0; at < text.size();)
    if (next_code_point(text, at) == kInvalidCodePoint) return false;
  return true;
}

// The UTF-8 bytes of a code point up to 0x10FFFF.
inline void append_utf8(std::string& out, char32_t code) {
  auto tail = [&](int shift) { out += static_cast<char>(0x80 | (code >> shift & 0x3F)); };
  if (code < 0x80) {
    out += static_cast<char>(code);
  } else if (code < 0x800) {
    out += static_cast<char>(0xC0 | code >> 6), tail(0);
  } else if (code < 0x10000) {
    out += static_cast<char>(0xE0 | code >> 12), tail(6), tail(0);
  } else {
    out += static_cast<char>(0xF0 | code >> 18), tail(12), tail(6), tail(0);
  }
}

// The text with '?' in place of each byte that is no UTF-8.
inline std::string valid_utf8(std::string_view text) {
  std::string out;
  for (size_t at = 0; at < text.size();) {
    const size_t start = at;
    if (next_code_point(text, at) == kInvalidCodePoint)
      out += '?';
    else
      out.append(text, start, at - start);
  }
  return out;
}

}  // namespace lamina
