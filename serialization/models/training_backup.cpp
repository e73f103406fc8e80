#include "serialization/models/training_backup.h"

#include <filesystem>

#include "serialization/formats/atomic_file.h"
#include "serialization/formats/json/json.h"
#include "serialization/models/weight_state.h"

namespace lamina {

namespace {

constexpr const char *kGroup = "training_state", *kText = "training_state/json", *kTensor = "tensor";
constexpr uint64_t kMostMetadata = 1 << 20;  // bytes

// The state as JSON: {"tensor": 3} stands for the dataset "3".
Value without_tensors(const Value& v, Tensors& tensors) {
  if (v.is_tensor()) {
    tensors.push_back(v.as_tensor());
    return Dict{{kTensor, static_cast<int64_t>(tensors.size()) - 1}};
  }
  if (v.is_dict()) {
    Dict out;
    for (const auto& [key, item] : v.as_dict()) out.set(key, without_tensors(item, tensors));
    return out;
  }
  if (!v.is_sequence()) return v;
  List out;
  for (const Value& item : v.as_list()) out.push_back(without_tensors(item, tensors));
  return out;
}

Value with_tensors(const Value& v, const Hdf5Reader& file) {
  if (v.is_dict()) {
    const Dict& d = v.as_dict();
    if (const Value* index = d.size() == 1 ? d.find(kTensor) : nullptr)
      return file.read(text(kGroup, "/", index->as_int()));
    Dict out;
    for (const auto& [key, item] : d) out.set(key, with_tensors(item, file));
    return out;
  }
  if (!v.is_sequence()) return v;
  List out;
  for (const Value& item : v.as_list()) out.push_back(with_tensors(item, file));
  return out;
}

Dict state_in(const Hdf5Reader& file) {
  const Tensor bytes = file.read(kText);
  if (bytes.dtype() != DType::uint8) throw ValueError("The state of the training in ", file.name(), " is damaged.");
  const std::string_view json(static_cast<const char*>(bytes.raw()), bytes.bytes());
  return with_tensors(parse_json(json, file.name() + ":" + kText), file).as_dict();
}

}  // namespace

void write_training_backup(const Model& model, const std::string& weights, const std::string& metadata) {
  const Dict state = model.training_state();
  Hdf5Writer file(weights);
  Hdf5Sink sink(file);
  save_variables(model, sink);
  Tensors tensors;
  const std::string json = to_json(without_tensors(state, tensors));
  Tensor bytes = Tensor::empty({static_cast<int64_t>(json.size())}, DType::uint8);
  std::copy(json.begin(), json.end(), bytes.mutable_data<uint8_t>());
  file.dataset(kText, bytes);
  for (size_t i = 0; i < tensors.size(); ++i) file.dataset(text(kGroup, "/", i), tensors[i]);
  file.finish();
  write_file(metadata, to_json(Dict{{"epoch", *state.find("epoch")}, {"batch", *state.find("batch")}}));
}

void read_training_backup(Model& model, const std::string& weights, const std::string& metadata) {
  Dict state;
  if (std::filesystem::exists(weights)) {
    const Hdf5Reader file(weights);
    if (file.contains(kText)) state = state_in(file);
    if (model.optimizer()) model.optimizer()->ensure_built(model.trainable_weights());
    Hdf5Source source(file);
    load_state(model, source, nullptr, false);
  }
  if (state.empty() && std::filesystem::exists(metadata)) {
    const Value told = parse_json(read_file(metadata, kMostMetadata), metadata);
    const Value* epoch = told.is_dict() ? told.as_dict().find("epoch") : nullptr;
    if (!epoch || !epoch->is_int()) throw ValueError("The file ", metadata, " names no epoch.");
    state.set("epoch", *epoch);
  }
  if (!state.empty()) model.resume(std::move(state));
}

}  // namespace lamina
