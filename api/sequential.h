#pragma once
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

  void add(LayerPtr layer,
           bool rebuild = true);  // ValueError on a duplicate name or a layer after the model was built wrongly
  void pop(bool rebuild = true);
  const std::vector<LayerPtr>& stack() const { return stack_; }  // the InputLayer included

  void maybe_rebuild();  // after add(layer, rebuild=false)

 private:
  std::vector<LayerPtr> stack_without_input() const;
  void build_stack(const Shape& batch_shape, std::optional<DType> dtype);
  std::vector<LayerPtr> stack_;
};

}  // namespace lamina
