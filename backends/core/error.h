#pragma once
// The one exception family. Every user mistake is an Error whose text says what was given, what was expected, where,
// and what to do. Bindings map the kind to the builtin exception that Keras raises there (ValueError, TypeError, ...).
#include <stdexcept>
#include <string>
#include <vector>

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

// Where an error happened. Whoever knows adds a frame while the error passes by, and throws on (`throw;`), so that the
// error keeps its class.
struct ErrorFrame {
  enum class Kind : uint8_t {
    primitive,  // name: the op's; note: its inputs
    op,         // name: the public op's
    layer,      // name: how the layer is described
    argument,   // name: the argument's; note: its owner; received: the value
    object,     // name: the class that a config asks for
  };
  Kind kind;
  std::string name, note = {}, received = {};
};

// The base of all errors: a kind, which bindings translate to their own exceptions, and the frames that were added on
// its way.
class Error : public std::runtime_error {
 public:
  Error(ErrorKind kind, const std::string& message) : std::runtime_error(message), kind_(kind), text_(message) {}
  ErrorKind kind() const noexcept { return kind_; }
  // The message with its frames. Of ops and of layers the innermost is named; a public op stands for its primitives.
  const char* what() const noexcept override { return text_.c_str(); }
  const char* message() const noexcept { return std::runtime_error::what(); }  // without frames
  const std::vector<ErrorFrame>& frames() const noexcept { return frames_; }   // the innermost first
  bool happened_in(ErrorFrame::Kind kind) const noexcept;
  void add(ErrorFrame frame);

 private:
  ErrorKind kind_;
  std::vector<ErrorFrame> frames_;
  std::string text_;
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
