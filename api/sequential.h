#pragma once
// Keras' Sequential: a model that is a list of layers, each given what the one before it gives.
#include <unordered_map>

#include "api/model.h"

namespace lamina {

// A stack of layers. Built at once if the first layer knows its input shape, else on the first call.
class Sequential : public Model {
 public:
  explicit Sequential(LayerArgs args = {});
  Sequential(std::vector<LayerPtr> layers, LayerArgs args = {});
  std::string class_name() const override { return "Sequential"; }
  std::string module() const override { return "keras"; }
  std::string registered_name() const override { return ""; }
  Dict get_config() const override;
  Value get_build_config() const override;
  void build(const BuildShapes& shapes) override;
  using Model::build;
  Value call(const List& inputs, const CallContext& context) override;
  using Model::call;
  std::vector<LayerPtr> sublayers() const override { return stack_without_input(); }

  // Appends a layer. ValueError for one with the name of another in the stack, for a second InputLayer, and for a layer
  // that does not take what the stack gives. Without `rebuild` the model waits for maybe_rebuild() or its first call.
  void add(LayerPtr layer, bool rebuild = true);
  void pop(bool rebuild = true);                                 // removes the last layer; IndexError if there is none
  const std::vector<LayerPtr>& stack() const { return stack_; }  // the InputLayer included

  void maybe_rebuild();  // after add(layer, rebuild=false)

 private:
  std::vector<LayerPtr> stack_without_input() const;
  void build_stack(const Shape& batch_shape, std::optional<DType> dtype);
  void check_name(const Layer& layer);
  void check_names();
  std::vector<LayerPtr> stack_;
  std::unordered_map<std::string, const Layer*> named_;  // by the names that layers had when they came
};

}  // namespace lamina
