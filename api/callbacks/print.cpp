// Where texts for people go.
#include <cstdio>
#include <cstdlib>
#include <map>

#include "api/callbacks/callback.h"

namespace lamina {

namespace {

std::function<void(const std::string&)>& printer() {
  static std::function<void(const std::string&)> f;
  return f;
}

// Whether the environment asks for UTF-8; without a word about characters it is taken for granted.
bool utf8_locale() {
  for (const char* name : {"LC_ALL", "LC_CTYPE", "LANG"})
    if (const char* v = std::getenv(name); v && *v) {
      std::string locale = v;
      for (char& c : locale) c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
      return locale.find("utf-8") != std::string::npos || locale.find("utf8") != std::string::npos;
    }
  return true;
}

}  // namespace

void set_print_function(std::function<void(const std::string&)> f) { printer() = std::move(f); }

void print_text(const std::string& s) {
  if (printer()) return printer()(s);
  const std::string out = utf8_locale() ? s : ascii_text(s);
  std::fwrite(out.data(), 1, out.size(), stdout);
  std::fflush(stdout);
}

std::string ascii_text(const std::string& utf8) {
  static const std::map<std::string, char> kPlain = {{"\u2501", '='}, {"\u2500", '-'}, {"\u2503", '|'},
                                                     {"\u2502", '|'}, {"\u2026", '.'}, {"\u2022", '*'}};
  std::string out;
  for (size_t i = 0; i < utf8.size();) {
    size_t end = i + 1;
    while (end < utf8.size() && (utf8[end] & 0xC0) == 0x80) ++end;
    const std::string character = utf8.substr(i, end - i);
    auto found = kPlain.find(character);
    const bool box = character.size() == 3 && character >= "\u2504" && character <= "\u257f";  // corners and crossings
    out += character.size() == 1 ? character[0] : found != kPlain.end() ? found->second : box ? '+' : '?';
    i = end;
  }
  return out;
}

}  // namespace lamina
