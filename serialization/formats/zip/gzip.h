#pragma once
#include <string>
#include <string_view>

namespace lamina {

// The bytes as a gzip file (RFC 1952) without a name or a date: equal calls give equal files. RuntimeError without
// memory.
std::string gzip(std::string_view bytes);

}  // namespace lamina
