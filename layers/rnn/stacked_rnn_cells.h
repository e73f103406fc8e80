#pragma once
#include "layers/rnn/cell.h"

namespace lamina {

// Arguments of StackedRNNCells.
struct StackedRNNCellsArgs {
  Value cells;
  void fields(Fields& f) { f("cells", cells, "The cells, from the one that sees the inputs upwards.").required(); }
};

// Several cells as one: each takes the one before's output.
class StackedRNNCellsLayer final : public LayerWith<StackedRNNCellsArgs>, public CellInterface {
 public:
  explicit StackedRNNCellsLayer(StackedRNNCellsArgs a = {}, LayerArgs base = {});
  std::string class_name() const override { return "StackedRNNCells"; }
  std::vector<std::string> call_arguments() const override { return {"inputs", "states"}; }
  bool call_takes_training() const override { return true; }
  Dict get_config() const override;
  using LayerWith::build;
  using LayerWith::call;
  void build(const BuildShapes& shapes) override;
  Value call(const List& inputs, const CallContext& context) override;

  Value state_size() const override;
  Value output_size() const override;
  Value initial_state(const Value& batch) override;
  void begin_pass(const Tensor& x, const Value& state, bool training) override;
  void end_pass() override;
  const std::vector<LayerPtr>& cells() const { return cells_; }

 private:
  std::vector<LayerPtr> cells_;
};

}  // namespace lamina
