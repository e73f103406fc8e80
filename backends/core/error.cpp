#include "backends/core/error.h"

#include <algorithm>

namespace lamina {

bool Error::happened_in(ErrorFrame::Kind kind) const noexcept {
  return std::any_of(frames_.begin(), frames_.end(), [kind](const ErrorFrame& f) { return f.kind == kind; });
}

void Error::add(ErrorFrame frame) {
  using Kind = ErrorFrame::Kind;
  frames_.push_back(std::move(frame));
  // The op: up to the first layer, the innermost public op, or else the innermost primitive.
  const ErrorFrame *op = nullptr, *primitive = nullptr;
  for (const ErrorFrame& f : frames_) {
    if (f.kind == Kind::layer && (op || primitive)) break;
    if (f.kind == Kind::op && !op) op = &f;
    if (f.kind == Kind::primitive && !op && !primitive) primitive = &f;
  }
  text_ = message();
  if (primitive) text_ += primitive->note;
  if (op || primitive) text_ = text("[", (op ? op : primitive)->name, "] ", text_);
  bool in_layer = false;
  for (const ErrorFrame& f : frames_) switch (f.kind) {
      case Kind::primitive:
      case Kind::op: break;
      case Kind::layer:
        if (!in_layer) text_ = text("Exception encountered when calling ", f.name, ". ", text_);
        in_layer = true;
        break;
      case Kind::argument:
        text_ = text("Invalid value for argument `", f.name, "` of ", f.note, ". ", text_, " Received: ", f.name, "=",
                     f.received);
        break;
      case Kind::object: text_ = text("Could not make a ", f.name, " from its config: ", text_); break;
    }
}

}  // namespace lamina
