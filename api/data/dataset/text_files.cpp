#include "api/data/dataset/text_files.h"

#include <cerrno>
#include <fstream>
#include <system_error>

namespace lamina {

namespace {

std::string text_of(const std::string& path, std::optional<int64_t> most_bytes) {
  errno = 0;
  std::ifstream in(path, std::ios::binary);
  std::string out;
  constexpr std::streamsize kPart = 1 << 16;
  const int64_t most = most_bytes.value_or(INT64_MAX);
  while (in && static_cast<int64_t>(out.size()) < most) {
    const size_t before = out.size();
    const auto part = std::min<int64_t>(kPart, most - static_cast<int64_t>(before));
    out.resize(before + static_cast<size_t>(part));
    in.read(out.data() + before, part);
    out.resize(before + static_cast<size_t>(in.gcount()));
  }
  if (!in.is_open() || in.bad())
    throw IOError("Cannot read the text file '", path, "': ", std::system_category().message(errno), ".");
  return out;
}

}  // namespace

Dataset read_texts(const Dataset& numbers, std::vector<std::string> paths, std::optional<int64_t> most_bytes,
                   int workers) {
  auto read = [paths = std::move(paths), most_bytes](List element, const Dict&) -> Value {
    const int64_t number = element[0].as_int();
    if (number < 0 || number >= static_cast<int64_t>(paths.size()))
      throw IndexError("There is no file ", number, " among ", paths.size(), ".");
    element[0] = Tensor::of({text_of(paths[static_cast<size_t>(number)], most_bytes)}, Shape{});
    return element.size() == 1 ? element[0] : Value::tuple(std::move(element));
  };
  return numbers.map(std::dynamic_pointer_cast<Callable>(make_callable("read_text", std::move(read))), workers);
}

}  // namespace lamina
