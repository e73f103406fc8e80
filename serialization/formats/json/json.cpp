// The reader; to_json is in json_writer.cpp. Written by hand because Keras' files are not strict JSON: libraries that
// keep to the standard refuse NaN and Infinity.
#include "serialization/formats/json/json.h"

#include <algorithm>
#include <charconv>
#include <iterator>
#include <limits>

#include "backends/core/error.h"
#include "serialization/formats/json/utf8.h"

namespace lamina {

namespace {

bool digit(char c) { return c >= '0' && c <= '9'; }
// A character of a string that stands for itself: ASCII, and neither a quote nor a backslash nor a control character.
bool is_plain(char c) { return c >= ' ' && c != '"' && c != '\\' && (c & 0x80) == 0; }

class JsonParser {
 public:
  JsonParser(std::string_view text, std::string_view what) : text_(text), what_(what) {}

  Value document() {
    if (text_.size() > kMaxJsonBytes)
      throw ValueError("Cannot parse ", what_, ": expected at most ", kMaxJsonBytes, " bytes; received ", text_.size(),
                       ".");
    Value out = value(0);
    space();
    if (at_ < text_.size()) fail("nothing after the end of the value");
    return out;
  }

 private:
  [[noreturn]] void fail(std::string_view expected) const { fail_at(at_, expected); }
  [[noreturn]] void fail_at(size_t offset, std::string_view expected, std::string found = "") const {
    size_t line = 1, column = 1;
    for (size_t i = 0; i < offset; ++i) {
      if (text_[i] == '\n')
        ++line, column = 1;
      else if ((text_[i] & 0xC0) != 0x80)
        ++column;
    }
    if (found.empty())
      found = offset >= text_.size() ? "the end of the text; it may have been cut off" : found_at(offset);
    throw ValueError("Cannot parse ", what_, ": line ", line, ", column ", column, ": expected ", expected,
                     "; received ", found, ".");
  }
  std::string found_at(size_t offset) const {
    std::string out = "'";
    for (size_t end = offset; end < text_.size() && end < offset + 20;) {
      size_t start = end;
      char32_t c = next_code_point(text_, end);
      if (c < ' ' || c == 0x7F || c == kInvalidCodePoint) {
        if (start == offset) return text("the byte ", static_cast<int>(static_cast<unsigned char>(text_[start])));
        break;
      }
      out.append(text_, start, end - start);
      if (std::string_view(",:]}[{\"").find(static_cast<char>(c)) != std::string_view::npos && c < 0x80) break;
    }
    return out + "'";
  }

  void space() {
    while (at_ < text_.size() && (text_[at_] == ' ' || text_[at_] == '\n' || text_[at_] == '\r' || text_[at_] == '\t'))
      ++at_;
  }
  char peek() const { return at_ < text_.size() ? text_[at_] : '\0'; }
  bool take(char c) {
    if (peek() != c || at_ >= text_.size()) return false;
    ++at_;
    return true;
  }
  bool take(std::string_view word) {
    if (text_.substr(at_, word.size()) != word) return false;
    at_ += word.size();
    return true;
  }

  Value value(int depth) {
    space();
    if (depth > kMaxJsonDepth) fail(text("at most ", kMaxJsonDepth, " nested lists and objects"));
    switch (peek()) {
      case '{': return object(depth);
      case '[': return array(depth);
      case '"': return string();
      case 't':
        if (take("true")) return true;
        break;
      case 'f':
        if (take("false")) return false;
        break;
      case 'n':
        if (take("null")) return nullptr;
        break;
      case 'N':
        if (take("NaN")) return std::numeric_limits<double>::quiet_NaN();
        break;
      case 'I':
        if (take("Infinity")) return std::numeric_limits<double>::infinity();
        break;
      case '-':
        if (take("-Infinity")) return -std::numeric_limits<double>::infinity();
        return number();
      default:
        if (digit(peek())) return number();
    }
    fail("a value (object, list, string, number, true, false, null, NaN or Infinity)");
  }

  // What an object or a list holds is gathered above what those around it hold, and moved out when all of it is there:
  // its place is taken once, of the right size.
  Value object(int depth) {
    const size_t first = entries_.size();
    ++at_;
    space();
    if (take('}')) return Dict();
    do {
      space();
      if (peek() != '"') fail("a key in double quotes");
      if (entries_.size() - first == kMaxJsonKeys) fail(text("at most ", kMaxJsonKeys, " keys in one object"));
      std::string key = string();
      space();
      if (!take(':')) fail(text("':' after the key \"", key, "\""));
      Value held = value(depth + 1);
      auto same = std::find_if(entries_.begin() + static_cast<ptrdiff_t>(first), entries_.end(),
                               [&](const Dict::Entry& e) { return e.first == key; });
      if (same == entries_.end())
        entries_.emplace_back(std::move(key), std::move(held));
      else
        same->second = std::move(held);  // the last one holds
      space();
    } while (take(','));
    if (!take('}')) fail("',' or '}' in an object");
    return Dict(moved_from(entries_, first));
  }

  Value array(int depth) {
    const size_t first = items_.size();
    ++at_;
    space();
    if (take(']')) return List();
    do {
      items_.push_back(value(depth + 1));
      space();
    } while (take(','));
    if (!take(']')) fail("',' or ']' in a list");
    return List(moved_from(items_, first));
  }

  template <class T>
  static std::vector<T> moved_from(std::vector<T>& stack, size_t first) {
    auto from = stack.begin() + static_cast<ptrdiff_t>(first);
    std::vector<T> out(std::make_move_iterator(from), std::make_move_iterator(stack.end()));
    stack.erase(from, stack.end());
    return out;
  }

  std::string string() {
    std::string out;
    size_t start = at_++;
    for (;;) {
      const size_t plain = at_;
      while (at_ < text_.size() && is_plain(text_[at_])) ++at_;
      out.append(text_, plain, at_ - plain);
      if (at_ >= text_.size())
        fail_at(start, "a string that ends in a double quote", "one that does not end; the text may have been cut off");
      char c = text_[at_];
      if (c == '"') return ++at_, out;
      if (c == '\\') {
        escape(out);
      } else if (static_cast<unsigned char>(c) < 0x20) {
        fail("an escape such as \\n in place of a control character in a string");
      } else {
        size_t from = at_;
        if (next_code_point(text_, at_) == kInvalidCodePoint) fail_at(from, "UTF-8 text in a string");
        out.append(text_, from, at_ - from);
      }
    }
  }

  void escape(std::string& out) {
    size_t start = at_++;
    switch (peek()) {
      case '"':
      case '\\':
      case '/': out += text_[at_++]; return;
      case 'n': out += '\n', ++at_; return;
      case 't': out += '\t', ++at_; return;
      case 'r': out += '\r', ++at_; return;
      case 'b': out += '\b', ++at_; return;
      case 'f': out += '\f', ++at_; return;
      case 'u': break;
      default: fail_at(start, "an escape: \\\" \\\\ \\/ \\b \\f \\n \\r \\t or \\uXXXX");
    }
    char32_t code = unit(start);
    if (code >= 0xD800 && code < 0xDC00 && text_.substr(at_, 2) == "\\u") {
      ++at_;
      char32_t low = unit(start);
      if (low >= 0xDC00 && low < 0xE000) return append_utf8(out, 0x10000 + ((code - 0xD800) << 10) + (low - 0xDC00));
    }
    if (code >= 0xD800 && code < 0xE000)
      fail_at(start, "surrogates \\uD8XX\\uDCXX in a pair", "half a pair, which is no character");
    append_utf8(out, code);
  }

  // The XXXX of \uXXXX; at_ is on the u.
  char32_t unit(size_t start) {
    unsigned code = 0;
    const char* from = text_.data() + at_ + 1;
    if (at_ + 5 > text_.size() || std::from_chars(from, from + 4, code, 16).ptr != from + 4)
      fail_at(start, "four hexadecimal digits after \\u");
    at_ += 5;
    return code;
  }

  void digits() {
    if (!digit(peek())) fail("a digit");
    while (digit(peek())) ++at_;
  }

  Value number() {
    size_t start = at_;
    bool whole = true;
    take("-");
    if (peek() == '0')
      ++at_;
    else
      digits();
    if (take(".")) digits(), whole = false;
    bool tiny = text_.substr(start, 3).starts_with("-0.") || text_.substr(start, 2) == "0.";
    if (peek() == 'e' || peek() == 'E') {
      ++at_, whole = false;
      tiny = peek() == '-';
      if (peek() == '-' || peek() == '+') ++at_;
      digits();
    }
    const char *from = text_.data() + start, *to = text_.data() + at_;
    if (int64_t exact; whole && std::from_chars(from, to, exact).ec == std::errc()) return exact;
    double real = 0;
    if (std::from_chars(from, to, real).ec == std::errc::result_out_of_range) {
      real = tiny ? 0 : std::numeric_limits<double>::infinity();
      if (*from == '-') real = -real;
    }
    return real;
  }

  std::string_view text_, what_;
  size_t at_ = 0;
  std::vector<Dict::Entry> entries_;
  std::vector<Value> items_;
};

}  // namespace

Value parse_json(std::string_view text, std::string_view what) { return JsonParser(text, what).document(); }

}  // namespace lamina
