#include "backends/core/tensor.h"

#include "backends/core/autodiff.h"
#include "backends/core/pooled.h"

namespace lamina {

TensorNode::~TensorNode() {
  if (producer) release_producer(std::move(producer));
}

size_t bytes_of(const Shape& shape, DType dtype) {
  const int64_t count = shape.elements();
  if (count < 0) throw ValueError("A tensor of unknown shape ", shape, " has no size in memory.");
  size_t bytes;
  if (__builtin_mul_overflow(static_cast<size_t>(count), size_of(dtype), &bytes) || bytes > PTRDIFF_MAX)
    throw ValueError("A tensor of shape ", shape, " and dtype ", dtype, " is larger than a computer's memory can be.");
  return bytes;
}

void Tensor::undefined() { throw ValueError("A tensor is needed here, but there is none (an undefined tensor)."); }

Tensor Tensor::empty(const Shape& shape, DType dtype) {
  Tensor out = on(allocate(bytes_of(shape, dtype)), shape, dtype);
  if (dtype == DType::string && out.bytes()) std::memset(out.mutable_raw(), 0, out.bytes());
  return out;
}

Tensor Tensor::of(std::vector<std::string> values, const Shape& shape) {
  if (shape.elements() != static_cast<int64_t>(values.size()))
    throw ValueError("A tensor of shape ", shape, " takes ", shape.elements(), " strings, received ", values.size(),
                     ".");
  Tensor out = empty(shape, DType::string);
  const auto pool = std::make_shared<const std::vector<std::string>>(std::move(values));
  out.node()->buffer->keep_text(std::make_shared<const TextOwners>(TextOwners{pool}));
  Text* to = out.mutable_data<Text>();
  for (const std::string& s : *pool) *to++ = Text(s);
  return out;
}

Tensor Tensor::empty_on(Device device, const Shape& shape, DType dtype) {
  return on(allocate(bytes_of(shape, dtype), device), shape, dtype);
}

Tensor Tensor::on(BufferPtr buffer, const Shape& shape, DType dtype) {
  auto node = make_pooled<TensorNode>(shape, dtype);
  node->buffer = std::move(buffer);
  return Tensor(std::move(node));
}

Tensor Tensor::from_bytes(const void* bytes, const Shape& shape, DType dtype) {
  Tensor out = empty(shape, dtype);
  if (out.bytes()) std::memcpy(out.mutable_raw(), bytes, out.bytes());
  return out;
}

Tensor Tensor::spec_only(const Shape& shape, DType dtype) { return Tensor(make_pooled<TensorNode>(shape, dtype)); }

Tensor Tensor::scalar_of(double value, DType dtype) {
  Tensor out = empty({}, dtype);
  with_dtype(dtype, [&](auto zero) {
    using T = decltype(zero);
    if constexpr (std::is_same_v<T, bool>)
      *out.mutable_data<T>() = value != 0;
    else if constexpr (std::is_same_v<T, Half> || std::is_same_v<T, BFloat16>)
      *out.mutable_data<T>() = T(static_cast<float>(value));
    else if constexpr (std::is_unsigned_v<T>)
      *out.mutable_data<T>() = value < 0 ? static_cast<T>(static_cast<int64_t>(value)) : static_cast<T>(value);
    else
      *out.mutable_data<T>() = static_cast<T>(value);
  });
  return out;
}

bool Tensor::symbolic() const { return known().notes && node_->notes->symbolic; }

const void* Tensor::raw() const {
  if (!node_) throw RuntimeError("An undefined tensor has no data.");
  if (!node_->buffer) {
    if (traced())
      throw RuntimeError(
          "The values of a tensor (", spec(),
          ") were asked for while a function is being traced into a graph. "
          "Use ops on it instead, or run eagerly (compile(run_eagerly=True), or \"backend\": \"eager\").");
    throw RuntimeError("A symbolic tensor (", spec(),
                       ") has no values. Build a model from it and call that with data.");
  }
  if (node_->buffer->device().is_host()) [[likely]]
    return node_->buffer->data();
  return copy_on(Device::cpu, node_->buffer)->data();
}

void* Tensor::mutable_raw() const {
  raw();
  if (!node_->buffer->device().is_host())
    throw RuntimeError("A tensor on ", node_->buffer->device(), " cannot be written to from the host.");
  node_->buffer->changing();
  return node_->buffer->data();
}

double Tensor::at(int64_t flat) const {
  if (flat < 0 || flat >= size())
    throw IndexError("element ", flat, " is out of range for a tensor of shape ", shape(), ".");
  return with_dtype(dtype(), [&](auto zero) -> double {
    using T = decltype(zero);
    T value = data<T>()[flat];
    if constexpr (std::is_same_v<T, Half> || std::is_same_v<T, BFloat16>)
      return static_cast<float>(value);
    else
      return static_cast<double>(value);
  });
}

std::string_view Tensor::text_at(int64_t flat) const {
  if (flat < 0 || flat >= size())
    throw IndexError("element ", flat, " is out of range for a tensor of shape ", shape(), ".");
  return data<Text>()[flat].view();
}

std::vector<std::string> Tensor::strings() const {
  std::vector<std::string> out;
  const Text* from = data<Text>();
  const int64_t count = size();
  out.reserve(static_cast<size_t>(count));
  for (int64_t i = 0; i < count; ++i) out.emplace_back(from[i].view());
  return out;
}

void keep_text(const Tensor& to, const Tensor& from) {
  if (to.dtype() == DType::string && from.dtype() == DType::string && from.has_data())
    to.node()->buffer->keep_text(from.node()->buffer->text());
}

double Tensor::item() const {
  if (size() != 1)
    throw ValueError("Only a tensor with one element converts to a number, this one has shape ", shape(), ".");
  return at(0);
}

Tensor Tensor::mask() const { return known().notes ? node_->notes->mask : Tensor(); }
void Tensor::set_mask(const Tensor& mask) const {
  if (mask.defined() || known().notes) notes().mask = mask;
}
TensorNotes& Tensor::notes() const {
  if (!known().notes) node_->notes = std::make_unique<TensorNotes>();
  return *node_->notes;
}

namespace {
void print_values(std::string& out, const Tensor& t, int axis, int64_t& flat) {
  if (axis == t.rank() && t.dtype() == DType::string) {
    ((out += '\'') += t.text_at(flat++)) += '\'';
    return;
  }
  if (axis == t.rank()) {
    double v = t.at(flat++);
    if (t.dtype() == DType::boolean)
      append_text(out, v != 0);
    else if (is_float(t.dtype()))
      append_text(out, v);
    else
      append_text(out, static_cast<long long>(v));
    return;
  }
  out += '[';
  for (int64_t i = 0; i < t.shape()[axis]; ++i) {
    if (i) out += ", ";
    print_values(out, t, axis + 1, flat);
  }
  out += ']';
}
}  // namespace

std::string Tensor::str() const {
  if (!node_) return "Tensor(undefined)";
  std::string out = text("Tensor(shape=", shape(), ", dtype=", dtype());
  if (has_data() && size() <= 64) {
    out += ", values=";
    int64_t flat = 0;
    print_values(out, *this, 0, flat);
  }
  return out + ")";
}

}  // namespace lamina
