#pragma once
#include "layers/rnn/rnn.h"

namespace lamina {

// Arguments of Bidirectional, with Keras' names and defaults.
struct BidirectionalArgs {
  Value layer;
  std::optional<std::string> merge_mode = "concat";
  Value weights, backward_layer;
  void fields(Fields& f);
};

// Two recurrence layers over the same sequences, one from each end.
class BidirectionalLayer final : public LayerWith<BidirectionalArgs> {
 public:
  explicit BidirectionalLayer(BidirectionalArgs a = {}, LayerArgs base = {});
  std::string class_name() const override { return "Bidirectional"; }
  std::vector<std::string> call_arguments() const override { return {"sequences", "initial_state"}; }
  bool call_takes_mask() const override { return true; }
  bool call_takes_training() const override { return true; }
  Dict get_config() const override;
  using LayerWith::build;
  using LayerWith::call;
  void build(const BuildShapes& shapes) override;
  Value call(const List& inputs, const CallContext& context) override;
  Value compute_mask(const Value& inputs, const Value& mask) override;
  Value compute_output_shape(const BuildShapes& shapes) override;
  const std::shared_ptr<RnnLayer>& forward_layer() const { return forward_; }
  const std::shared_ptr<RnnLayer>& backward_layer() const { return backward_; }
  void reset_state();

 private:
  std::shared_ptr<RnnLayer> forward_, backward_;
};

}  // namespace lamina
