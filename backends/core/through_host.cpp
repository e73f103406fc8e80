#include "backends/core/through_host.h"

#include "backends/core/buffer.h"

namespace lamina {

BoundKernel bind_through_host(const KernelRequest& r) {
  BoundKernel host = bind_kernel(Device::cpu, r);
  auto lay_out = [](std::span<const TensorSpec> specs, size_t& end) {
    std::vector<std::pair<size_t, size_t>> places;  // offset and size
    for (const TensorSpec& s : specs) {
      const size_t bytes = bytes_of(s);
      places.emplace_back(end, bytes);
      end += (bytes + 63) / 64 * 64;
    }
    return places;
  };
  size_t end = 0;
  const auto inputs = lay_out(r.inputs, end), outputs = lay_out(r.outputs, end);
  BoundKernel k;
  k.name = "through_host";
  k.recordable = false;
  for (size_t i = 0; i < inputs.size(); ++i)  // all inputs have been read before an output is written
    for (size_t o = 0; o < outputs.size(); ++o)
      if (inputs[i].second == outputs[o].second) k.sharing.emplace_back(i, o);
  k.run = [run = std::move(host.run), inputs, outputs, scratch_at = end, total = end + host.scratch_bytes + 64,
           device = r.device](const void* const* in, void* const* out, void*) {
    DeviceDriver& driver = driver_of(device);
    const BufferPtr memory = allocate(total);
    char* base = static_cast<char*>(memory->data());
    std::vector<const void*> from;
    std::vector<void*> to;
    for (size_t i = 0; i < inputs.size(); ++i) {
      if (inputs[i].second) driver.download(base + inputs[i].first, in[i], inputs[i].second);
      from.push_back(base + inputs[i].first);
    }
    for (const auto& [offset, bytes] : outputs) to.push_back(base + offset);
    run(from.data(), to.data(), base + scratch_at);
    for (size_t i = 0; i < outputs.size(); ++i)
      if (outputs[i].second) driver.upload(out[i], base + outputs[i].first, outputs[i].second);
  };
  return k;
}

}  // namespace lamina
