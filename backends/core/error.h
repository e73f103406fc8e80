#pragma once
// The one exception family. Every user mistake is an Error whose text says what was given, what was expected, where,
// and what to do. Bindings map the kind to the builtin exception that Keras raises there (ValueError, TypeError, ...).
#include <stdexcept>
#include <string>

#include "backends/core/text.h"

namespace lamina {

enum class ErrorKind {
  value,
  type,
  index,
  key,
  attribute,
  io,
  memory,
  unsupported,
  runtime,
  stop_iteration,
  overflow,
  recursion
};

class Error : public std::runtime_error {
 public:
  Error(ErrorKind kind, const std::string& message) : std::runtime_error(message), kind_(kind) {}
  ErrorKind kind() const noexcept { return kind_; }

 private:
  ErrorKind kind_;
};

// Each takes any mix of printable pieces: throw ValueError("expected ", 3, " axes, received ", shape).
#define LAMINA_ERROR_TYPE(NAME, KIND)                                                \
  class NAME : public Error {                                                        \
   public:                                                                           \
    template <class... Parts>                                                        \
    explicit NAME(const Parts&... parts) : Error(ErrorKind::KIND, text(parts...)) {} \
  };
LAMINA_ERROR_TYPE(ValueError, value)
LAMINA_ERROR_TYPE(TypeError, type)
LAMINA_ERROR_TYPE(IndexError, index)
LAMINA_ERROR_TYPE(KeyError, key)
LAMINA_ERROR_TYPE(AttributeError, attribute)
LAMINA_ERROR_TYPE(IOError, io)
LAMINA_ERROR_TYPE(MemoryError, memory)
LAMINA_ERROR_TYPE(UnsupportedError, unsupported)
LAMINA_ERROR_TYPE(RuntimeError, runtime)
LAMINA_ERROR_TYPE(StopIteration, stop_iteration)
LAMINA_ERROR_TYPE(OverflowError, overflow)    // a number that does not fit where it goes
LAMINA_ERROR_TYPE(RecursionError, recursion)  // calls or structures that nest too deeply, or contain themselves
#undef LAMINA_ERROR_TYPE

// The candidate closest in spelling to `given` (edit distance at most a third of its length), or "".
std::string nearest_name(const std::string& given, const std::vector<std::string>& candidates);

}  // namespace lamina
