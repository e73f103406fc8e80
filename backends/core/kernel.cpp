#include "backends/core/kernel.h"

#include "backends/core/through_host.h"

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <map>
#include <mutex>
#include <shared_mutex>

namespace lamina {

namespace {

struct Candidate {
  std::string_view name;
  int rank;
  Bind bind;
};
using Table = std::map<std::pair<DeviceKind, std::string>, std::vector<Candidate>, std::less<>>;

std::shared_mutex table_mutex;  // a device's library may be loaded, and register its kernels, at any time

Table& table() {
  static Table instance;
  return instance;
}

bool verbose() {
  static const bool on = [] {
    const char* value = std::getenv("LAMINA_VERBOSE");
    return value && std::string_view(value).find("dispatch") != std::string_view::npos;
  }();
  return on;
}

const std::vector<Candidate>& candidates(DeviceKind device, const Primitive& op) {
  static const std::vector<Candidate> none;
  std::shared_lock<std::shared_mutex> lock(table_mutex);
  auto found = table().find(std::pair(device, std::string(op.name())));
  if (found == table().end() && device == DeviceKind::cpu)
    throw UnsupportedError("The primitive ", op.name(), " has no kernel.");
  return found == table().end() ? none : found->second;
}

}  // namespace

KernelRegistration::KernelRegistration(DeviceKind device, std::string_view primitive, std::string_view name, int rank,
                                       Bind bind) {
  std::unique_lock<std::shared_mutex> lock(table_mutex);
  auto& list = table()[{device, std::string(primitive)}];
  auto place = std::find_if(list.begin(), list.end(), [&](const Candidate& c) { return c.rank > rank; });
  list.insert(place, {name, rank, bind});
}

void detail::wrong_class(const Primitive& op) {
  throw RuntimeError("A kernel that is registered for ", op.name(), " takes an op of another class.");
}

BoundKernel bind_kernel(Device device, const KernelRequest& asked) {
  const KernelRequest request{asked.op, asked.inputs, asked.outputs, {}, asked.steady, device};
  std::vector<std::pair<std::string_view, std::string>> refusals;
  auto told = [&] {
    std::string out;
    for (const auto& [name, why] : refusals) out += text("; ", name, " declined: ", why);
    return out;
  };
  for (const auto& candidate : candidates(device.kind, request.op)) {
    request.declined.clear();
    BoundKernel kernel = candidate.bind(request);
    if (kernel.run) {
      kernel.name = candidate.name;
      if (verbose())
        std::fprintf(stderr, "lamina dispatch: %s -> %s%s\n", request.op.key().c_str(),
                     std::string(candidate.name).c_str(), told().c_str());
      return kernel;
    }
    refusals.emplace_back(candidate.name, std::move(request.declined));
  }
  if (!device.is_host()) {
    BoundKernel kernel = bind_through_host(request);
    if (verbose())
      std::fprintf(stderr, "lamina dispatch: %s -> %s%s\n", request.op.key().c_str(), std::string(kernel.name).c_str(),
                   told().c_str());
    return kernel;
  }
  std::string specs;
  for (const auto& s : request.inputs) specs += text(specs.empty() ? "" : ", ", s);
  throw UnsupportedError("No kernel for ", request.op.key(), " on ", device, " takes (", specs, ")", told(), ".");
}

BoundKernel bind_kernel_named(Device device, std::string_view name, const KernelRequest& request) {
  for (const auto& candidate : candidates(device.kind, request.op))
    if (candidate.name == name) return candidate.bind(request);
  return request.decline("no such candidate");
}

std::vector<KernelInfo> registered_kernels() {
  std::vector<KernelInfo> out;
  std::shared_lock<std::shared_mutex> lock(table_mutex);
  for (const auto& [where, list] : table())
    for (const auto& c : list) out.push_back({where.first, where.second, std::string(c.name), c.rank});
  return out;
}

}  // namespace lamina
