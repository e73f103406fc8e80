#include "backends/core/description.h"

#include <string_view>

namespace lamina {

namespace {

constexpr size_t kWidth = 88;

// `words` in lines of at most kWidth characters; those after the first are indented by `hanging` more.
void wrap(std::string& out, std::string_view words, size_t indent, size_t hanging = 0) {
  size_t column = indent;
  out.append(indent, ' ');
  for (bool first = true; !words.empty(); first = false) {
    const size_t space = words.find(' ');
    const std::string_view word = words.substr(0, space);
    words = space == std::string_view::npos ? std::string_view() : words.substr(space + 1);
    if (!first && column + 1 + word.size() > kWidth) {
      out += '\n';
      out.append(column = indent + hanging, ' ');
    } else if (!first) {
      out += ' ';
      ++column;
    }
    out += word;
    column += word.size();
  }
  out += '\n';
}

template <class F>
void each_line(std::string_view text, const F& f) {
  while (!text.empty()) {
    const size_t end = text.find('\n');
    f(text.substr(0, end));
    text = end == std::string_view::npos ? std::string_view() : text.substr(end + 1);
  }
}

void section(std::string& out, const char* title, std::string_view text, size_t hanging = 0) {
  if (text.empty()) return;
  out += '\n';
  out += title;
  out += ":\n";
  each_line(text, [&](std::string_view line) { wrap(out, line, 4, hanging); });
}

void arguments(std::string& out, const Documentation& of) {
  if (of.arguments.empty() && of.kind != Documentation::Kind::layer) return;
  out += "\nArgs:\n";
  for (const ArgumentDocumentation& a : of.arguments) {
    std::string line = (a.variadic ? "*" : "") + a.name + ": " + a.doc;
    if (!a.required && !a.variadic) line += " Defaults to `" + a.default_value + "`.";
    wrap(out, line, 4, 4);
  }
  if (of.kind == Documentation::Kind::layer) wrap(out, std::string("**kwargs: ") + kLayerArguments, 4, 4);
}

}  // namespace

std::string docstring(const Documentation& of) {
  std::string out;
  wrap(out, of.summary, 0);
  arguments(out, of);
  section(out, "Call arguments", of.doc.call, 4);
  section(out, "Input shape", of.doc.input);
  section(out, "Output shape", of.doc.output);
  section(out, "Returns", of.doc.returns);
  section(out, "Raises", of.doc.raises, 4);
  section(out, "Reference", of.doc.source);
  std::string_view example = of.doc.example;
  while (example.starts_with('\n')) example.remove_prefix(1);
  if (!example.empty()) {
    out += "\nExample:\n\n";
    each_line(example, [&](std::string_view line) {
      if (!line.empty()) out.append(4, ' ').append(line);
      out += '\n';
    });
  }
  return out;
}

}  // namespace lamina
