// ConvLSTM1D, ConvLSTM2D, ConvLSTM3D: an LSTM whose products are convolutions (Shi et al., 2015, without peepholes).
#include "backends/core/engine.h"
#include "backends/ops/primitives.h"
#include "backends/ops/public/ops.h"
#include "layers/activation_argument.h"
#include "layers/convolutional/axis_sizes.h"
#include "layers/rnn/rnn.h"
#include "layers/rnn/rnn_loop.h"
#include "layers/seed_source.h"

namespace lamina {

namespace {

constexpr int kGates = 4;  // input, forget, candidate, output

struct ConvLstmCellArgs {
  int64_t rank = 0;  // spatial axes
  int64_t filters = 0;
  AxisSizes kernel_size, strides = 1;
  std::string padding = "valid";
  ops::DataFormat data_format;
  AxisSizes dilation_rate = 1;
  Activation activation = "tanh", recurrent_activation = "sigmoid";
  bool use_bias = true;
  InitializerRef kernel_initializer, recurrent_initializer, bias_initializer;
  bool unit_forget_bias = true;
  RegularizerRef kernel_regularizer, recurrent_regularizer, bias_regularizer;
  ConstraintRef kernel_constraint, recurrent_constraint, bias_constraint;
  double dropout = 0, recurrent_dropout = 0;
  Value seed;

  void fields(Fields& f) {
    f("rank", rank, "Number of spatial axes.").required().hidden();
    fields_of_layer(f);
  }
  void fields_of_layer(Fields& f) {
    f("filters", filters, "Number of filters: the channels of the output and of the states.").required();
    f("kernel_size", kernel_size, "Size of the window, one integer or one per spatial axis.").required();
    f("strides", strides, "Steps of the window over the inputs.");
    f("padding", padding, "\"valid\" (none) or \"same\" (ceil(size / stride) places), of the inputs' convolution.");
    f("data_format", data_format, "\"channels_last\" or \"channels_first\"; None: the global setting.");
    f("dilation_rate", dilation_rate, "Steps between the places of the window over the inputs.");
    f("activation", activation, "Function of the candidate state and of the output.");
    f("recurrent_activation", recurrent_activation, "Function of the gates.");
    f("use_bias", use_bias, "Whether to add a bias.");
    f("kernel_initializer", kernel_initializer, "Initializer of the inputs' kernel.").shown("glorot_uniform");
    f("recurrent_initializer", recurrent_initializer, "Initializer of the state's kernel.").shown("orthogonal");
    f("bias_initializer", bias_initializer, "Initializer of the bias.").shown("zeros");
    f("unit_forget_bias", unit_forget_bias, "Whether the forget gate's bias starts at 1.");
    f("kernel_regularizer", kernel_regularizer, "Penalty on the inputs' kernel.");
    f("recurrent_regularizer", recurrent_regularizer, "Penalty on the state's kernel.");
    f("bias_regularizer", bias_regularizer, "Penalty on the bias.");
    f("kernel_constraint", kernel_constraint, "Projection of the inputs' kernel after each update.");
    f("recurrent_constraint", recurrent_constraint, "Projection of the state's kernel after each update.");
    f("bias_constraint", bias_constraint, "Projection of the bias after each update.");
    f("dropout", dropout, "Share of the inputs to drop in training, the same at every step.");
    f("recurrent_dropout", recurrent_dropout, "Share of the state to drop in training, the same at every step.");
    f("seed", seed, "An int or a SeedGenerator for dropout.");
  }
};

// One step: inputs (batch, spatial..., channels), states h and c (batch, places..., filters); or with channels in
// front.
class ConvLstmCell final : public Layer, public CellInterface {
 public:
  using Args = ConvLstmCellArgs;
  explicit ConvLstmCell(Args a = {}, LayerArgs base = {})
      : Layer(std::move(base)), args(std::move(a)), rank_(static_cast<int>(args.rank)) {
    const int rank = rank_;
    if (rank < 1 || rank > 3)
      throw ValueError("Rank ", rank, " convolutions are not implemented, expected 1 to 3. Received: rank=", rank);
    if (args.filters <= 0)
      throw ValueError("Invalid value for argument `filters`. Expected a strictly positive value. Received filters=",
                       args.filters, ".");
    args.kernel_size.standardize(rank, "kernel_size");
    args.strides.standardize(rank, "strides");
    args.dilation_rate.standardize(rank, "dilation_rate");
    standardize_padding(args.padding);
    standardize_data_format(args.data_format);
    auto largest = [&](const AxisSizes& sizes, const char* name) { return std::ranges::max(sizes.sizes(rank, name)); };
    if (largest(args.strides, "strides") > 1 && largest(args.dilation_rate, "dilation_rate") > 1)
      throw ValueError(
          "Specifying `strides > 1` is not compatible with `dilation_rate > 1`. Give one of them as 1. Received: "
          "strides=",
          args.strides.value().repr(), ", dilation_rate=", args.dilation_rate.value().repr(), ".");
    if (!args.kernel_initializer) args.kernel_initializer = "glorot_uniform";
    if (!args.recurrent_initializer) args.recurrent_initializer = "orthogonal";
    if (!args.bias_initializer) args.bias_initializer = "zeros";
    args.dropout = std::clamp(args.dropout, 0.0, 1.0);
    args.recurrent_dropout = std::clamp(args.recurrent_dropout, 0.0, 1.0);
    source_ = make_seed_source(*this, args.seed);
  }
  std::string class_name() const override { return "ConvLSTMCell"; }
  Dict get_config() const override {
    Dict config = Layer::get_config();
    write_fields(config, args);
    return config;
  }
  bool set_argument(const std::string& name, const Value& value) override {
    if (!set_field(class_name(), name, value, [this](Fields& f) { args.fields(f); })) return false;
    note_change();
    return true;
  }
  std::vector<std::string> call_arguments() const override { return {"inputs", "states"}; }
  bool call_takes_training() const override { return true; }

  using Layer::build;
  using Layer::call;
  void build(const BuildShapes& shapes) override {
    const Shape x = shapes.first().as_shape();
    if (x.rank() != rank_ + 2)
      throw ValueError("The ", describe(), " takes steps of ", rank_ + 2, " axes (batch, ", rank_,
                       " spatial, channels), received shape ", x, ".");
    input_ = x;
    const int64_t channels = x[channel_axis()];
    for (int i = 1; i < x.rank(); ++i)
      if (i != channel_axis() && x[i] < 0)
        throw ValueError(
            "ConvLSTM layers only support static input shapes for the spatial dimension. Received invalid input shape: "
            "input_shape=",
            x);
    if (channels < 0)
      throw ValueError("The channel dimension of the inputs to ", describe(), " must be known. Found input shape ", x,
                       ".");
    Shape kernel{args.kernel_size.sizes(rank_, "kernel_size")};
    kernel.push_back(channels);
    kernel.push_back(multiply_sizes(kGates, args.filters));
    Shape recurrent = kernel;
    recurrent[rank_] = args.filters;
    input_convolution(Tensor::spec_only(x, compute_dtype()),
                      Tensor::spec_only(kernel, compute_dtype()));  // fits, or says why not
    kernel_ = add_weight("kernel", kernel,
                         {.initializer = args.kernel_initializer,
                          .regularizer = args.kernel_regularizer,
                          .constraint = args.kernel_constraint});
    recurrent_kernel_ = add_weight("recurrent_kernel", recurrent,
                                   {.initializer = args.recurrent_initializer,
                                    .regularizer = args.recurrent_regularizer,
                                    .constraint = args.recurrent_constraint});
    if (!args.use_bias) return;
    bias_ = add_weight("bias", {multiply_sizes(kGates, args.filters)},
                       {.initializer = args.unit_forget_bias ? unit_forget_bias(args.bias_initializer, args.filters)
                                                             : args.bias_initializer,
                        .regularizer = args.bias_regularizer,
                        .constraint = args.bias_constraint});
  }

  // (output, [h, c])
  Value call(const List& inputs, const CallContext& context) override {
    List states;
    if (inputs.size() > 1 && inputs[1].is_sequence()) states = inputs[1].as_list();
    if (states.size() != 2)
      throw ValueError("A ConvLSTMCell takes its inputs and a list of 2 states, received ", states.size(), ".");
    const Tensor x = inputs[0].as_tensor(), h = states[0].as_tensor();
    if (in_pass_) return advance(input_part(x), states);
    if (context.training) {
      dropout_mask(x, false), dropout_mask(h, true);
      return advance(input_part(x), states);
    }
    CellMasks kept = std::exchange(masks_, {}), kept_recurrent = std::exchange(recurrent_masks_, {});
    Value out = advance(input_part(x), states);
    masks_ = std::move(kept), recurrent_masks_ = std::move(kept_recurrent);
    return out;
  }

  Value state_size() const override { return List{args.filters, args.filters}; }
  Value initial_state(const Value& batch) override {
    Shape shape = output_shape();
    shape[0] = batch.is_none() ? Shape::kUnknown : batch.as_int();
    Tensor zeros = prim::full(shape, 0, compute_dtype());
    return List{zeros, zeros};
  }
  void begin_pass(const Tensor& x, const Value& state, bool training) override {
    end_pass();
    if (!training) return;
    in_pass_ = true;
    if (args.dropout > 0 && args.dropout < 1) masks_ = dropout_masks(x, args.dropout);
    const Tensor h = (state.is_sequence() ? state.as_list()[0] : state).as_tensor();
    if (args.recurrent_dropout > 0 && args.recurrent_dropout < 1)
      recurrent_masks_ = dropout_masks(h, args.recurrent_dropout);
  }
  void end_pass() override {
    masks_.clear();
    recurrent_masks_.clear();
    in_pass_ = false;
  }
  Value dropout_mask(const Tensor& like, bool recurrent) override {
    const double rate = recurrent ? args.recurrent_dropout : args.dropout;
    if (rate <= 0 || rate >= 1) return {};
    CellMasks& masks = recurrent ? recurrent_masks_ : masks_;
    if (!masks.fit(like)) masks = dropout_masks(like, rate);
    return masks.value();
  }
  void reset_dropout_mask(bool recurrent) override { (recurrent ? recurrent_masks_ : masks_).clear(); }

  // Of one step, once built; the batch is unknown.
  Shape output_shape() const {
    Shape kernel = kernel_.shape();
    kernel[rank_ + 1] = args.filters;
    Shape out =
        input_convolution(Tensor::spec_only(input_, compute_dtype()), Tensor::spec_only(kernel, compute_dtype()))
            .shape();
    out[0] = Shape::kUnknown;
    return out;
  }
  // convolution(x, kernel) + bias of all gates. x: one step, or the steps of all rows one after the other.
  Tensor input_part(const Tensor& x) const {
    Tensor z;
    if (masks_.empty()) {
      z = input_convolution(x, kernel_.value());
    } else {
      Tensors parts;
      for (int g = 0; g < kGates; ++g)
        parts.push_back(input_convolution(ops::multiply(x, repeated(masks_[static_cast<size_t>(g)], x)),
                                          gate(kernel_.value(), rank_ + 1, g)));
      z = prim::concat(parts, channel_axis());
    }
    if (!bias_.defined()) return z;
    Shape along = Shape::of_rank(z.rank(), 1);
    along[channel_axis()] = bias_.shape()[0];
    return ops::add(z, prim::reshape(bias_.value(), along));
  }
  Value advance(const Tensor& z, const List& states) const {
    const Tensor h = states[0].as_tensor(), c = states[1].as_tensor();
    Tensor all;
    if (recurrent_masks_.empty()) {
      all = ops::add(z, recurrent_convolution(h, recurrent_kernel_.value()));
    } else {
      Tensors parts;
      for (int g = 0; g < kGates; ++g)
        parts.push_back(recurrent_convolution(ops::multiply(h, recurrent_masks_[static_cast<size_t>(g)]),
                                              gate(recurrent_kernel_.value(), rank_ + 1, g)));
      all = ops::add(z, prim::concat(parts, channel_axis()));
    }
    const Activation &inner = args.recurrent_activation, &outer = args.activation;
    auto part = [&](int g) { return gate(all, channel_axis(), g); };
    Tensor fresh = ops::add(ops::multiply(inner(part(1)), c), ops::multiply(inner(part(0)), outer(part(2))));
    Tensor y = ops::multiply(inner(part(3)), outer(fresh));
    return Value::tuple({y, List{y, fresh}});
  }

  ConvLstmCellArgs args;

 private:
  bool channels_last() const { return ops::channels_last(args.data_format); }
  int channel_axis() const { return channels_last() ? rank_ + 1 : 1; }
  Tensor input_convolution(const Tensor& x, const Tensor& kernel) const {
    return ops::conv(x, kernel, args.strides.sizes(rank_, "strides"), args.padding, args.data_format,
                     args.dilation_rate.sizes(rank_, "dilation_rate"));
  }
  Tensor recurrent_convolution(const Tensor& h, const Tensor& kernel) const {
    const ops::Sizes one(static_cast<size_t>(rank_), 1);
    return ops::conv(h, kernel, one, "same", args.data_format, one);
  }
  Tensor gate(const Tensor& all, int axis, int g) const {
    return prim::slice_axis(all, axis, g * args.filters, (g + 1) * args.filters);
  }
  Tensors dropout_masks(const Tensor& like, double rate) const {
    Tensors out;
    for (int g = 0; g < kGates; ++g)
      out.push_back(like.shape().known() ? random::dropout(prim::full(like.shape(), 1, like.dtype()), rate, {}, source_)
                                         : Tensor::spec_only(like.shape(), like.dtype()));
    return out;
  }
  // The mask of a row for all the steps of that row that x holds one after the other.
  static Tensor repeated(const Tensor& mask, const Tensor& x) {
    const int64_t rows = mask.shape()[0], all = x.shape()[0];
    if (rows == all || rows <= 0 || all < 0) return mask;
    Shape spread = mask.shape();
    spread.insert(1, all / rows);
    return prim::reshape(prim::broadcast_to(prim::expand_dims(mask, 1), spread), x.shape());
  }

  const int rank_;
  Shape input_;
  Value source_;  // of random numbers
  Variable kernel_, recurrent_kernel_, bias_;
  CellMasks masks_, recurrent_masks_;  // one per gate
  bool in_pass_ = false;
};

struct ConvLstmArgs {
  ConvLstmCellArgs cell;
  RnnFlags flags;
  void fields(Fields& f) {
    cell.fields_of_layer(f);
    flags.fields(f);
  }
};

// Input (batch, steps, spatial..., channels), output (batch, places..., filters), or (batch, steps, places..., filters)
// with return_sequences; channels in front of the spatial axes with data_format="channels_first".
template <int kRank>
class ConvLstmLayer final : public RnnLayer {
 public:
  using Args = ConvLstmArgs;
  explicit ConvLstmLayer(Args a = {}, LayerArgs base = {}) : RnnLayer(std::move(base)), args_(std::move(a)) {
    const LayerArgs& mine = layer_args();
    args_.cell.rank = kRank;
    set_cell(std::make_shared<ConvLstmCell>(args_.cell, LayerArgs{.name = "conv_lstm_cell", .dtype = mine.dtype}));
    InputSpec spec;
    spec.ndim = kRank + 3;
    input_spec_ = {spec};
  }
  std::string class_name() const override { return text("ConvLSTM", kRank, "D"); }
  RnnFlags& flags() override { return args_.flags; }
  Dict get_config() const override {
    Dict config = Layer::get_config();
    if (!config.contains("activity_regularizer")) config.set("activity_regularizer", Value());
    Args args = args_;
    args.cell = own().args;
    write_fields(config, args);
    return config;
  }
  bool set_argument(const std::string& name, const Value& value) override {
    if (!set_field(class_name(), name, value, [this](Fields& f) { own().args.fields_of_layer(f); }) &&
        !set_field(class_name(), name, value, [this](Fields& f) { args_.fields(f); }))
      return false;
    note_change();
    return true;
  }
  Value compute_output_shape(const BuildShapes& shapes) override {
    const Shape sequences = shapes.first().as_shape();
    Shape step = sequences;
    step.erase(1);
    const ConvLstmCellArgs& a = own().args;
    Shape kernel{a.kernel_size.sizes(kRank, "kernel_size")};
    kernel.push_back(step.rank() == kRank + 2 ? step[ops::channels_last(a.data_format) ? kRank + 1 : 1]
                                              : Shape::kUnknown);
    kernel.push_back(a.filters);
    const Shape state = ops::conv(Tensor::spec_only(step, DType::float32), Tensor::spec_only(kernel, DType::float32),
                                  a.strides.sizes(kRank, "strides"), a.padding, a.data_format,
                                  a.dilation_rate.sizes(kRank, "dilation_rate"))
                            .shape();
    Shape output = state;
    if (flags().return_sequences) output.insert(1, sequences[1]);
    if (!flags().return_state) return output;
    return Value::tuple({output, state, state});
  }

 protected:
  // The inputs' convolution of all steps at once; only the states' stays in the loop.
  Result inner_loop(const Tensor& sequences, const Value& states, const Tensor& mask, bool training) override {
    if (sequences.shape_only()) return RnnLayer::inner_loop(sequences, states, mask, training);
    ConvLstmCell& cell = own();
    AutocastScope autocast(
        cell.autocast() && is_float(cell.compute_dtype()) ? std::optional<DType>(cell.compute_dtype()) : std::nullopt);
    const Shape shape = sequences.shape();
    Shape rows = shape;
    rows.erase(1);
    rows[0] = shape[0] * shape[1];
    Tensor z = cell.input_part(prim::reshape(prim::cast(sequences, cell.compute_dtype()), rows));
    Shape steps = z.shape();
    steps[0] = shape[0];
    steps.insert(1, shape[1]);
    const RnnFlags& f = flags();
    RnnLoopResult out = rnn_loop(
        [&](const Tensor& at, const Value& s) {
          Value step = cell.advance(at, s.as_list());
          return std::pair(step.as_list()[0].as_tensor(), step.as_list()[1]);
        },
        prim::reshape(z, steps), states, mask,
        {.go_backwards = f.go_backwards, .zero_output_for_mask = f.zeroes_masked(), .unrolled_masks = f.unroll});
    return {out.last, out.outputs, out.states};
  }

 private:
  ConvLstmCell& own() const { return static_cast<ConvLstmCell&>(*cell()); }
  Args args_;
};

LAMINA_LAYER(ConvLstmCell, "ConvLSTMCell", "One step of a ConvLSTM.",
             Doc{.call = about::cell_call,
                 .input = "A tensor (batch, ..., channels) of one step.",
                 .output = "A tensor (batch, ..., filters) and the list of the two new states.",
                 .source = "Shi et al., \"Convolutional LSTM Network\" (2015)."});
using ConvLSTM1DLayer = ConvLstmLayer<1>;
using ConvLSTM2DLayer = ConvLstmLayer<2>;
using ConvLSTM3DLayer = ConvLstmLayer<3>;
LAMINA_LAYER(ConvLSTM1DLayer, "ConvLSTM1D", "An LSTM over sequences of rows, such as several sensors' over time.",
             Doc{.call = about::recurrent_call,
                 .input = "A tensor (batch, time, steps, channels).",
                 .output = "A tensor (batch, steps, filters); with `return_sequences` (batch, time, steps, filters). "
                           "`return_state` adds the two states.",
                 .source = "Shi et al., \"Convolutional LSTM Network\" (2015).",
                 .example = R"py(
>>> keras.layers.ConvLSTM1D(4, 3)(keras.ops.ones((1, 2, 6, 3))).shape
(1, 4, 4))py"});
LAMINA_LAYER(ConvLSTM2DLayer, "ConvLSTM2D", "An LSTM over sequences of images, such as a video's.",
             Doc{.call = about::recurrent_call,
                 .input = "A tensor (batch, time, rows, columns, channels).",
                 .output = "A tensor (batch, rows, columns, filters); with `return_sequences` (batch, time, rows, "
                           "columns, filters). `return_state` adds the two states.",
                 .source = "Shi et al., \"Convolutional LSTM Network\" (2015).",
                 .example = R"py(
>>> keras.layers.ConvLSTM2D(4, 3)(keras.ops.ones((1, 2, 6, 6, 3))).shape
(1, 4, 4, 4))py"});
LAMINA_LAYER(ConvLSTM3DLayer, "ConvLSTM3D", "An LSTM over sequences of volumes.",
             Doc{.call = about::recurrent_call,
                 .input = "A tensor (batch, time, depth, rows, columns, channels).",
                 .output = "A tensor (batch, depth, rows, columns, filters); with `return_sequences` an axis of time "
                           "after the batch. `return_state` adds the two states.",
                 .source = "Shi et al., \"Convolutional LSTM Network\" (2015).",
                 .example = R"py(
>>> keras.layers.ConvLSTM3D(2, 2)(keras.ops.ones((1, 2, 3, 3, 3, 1))).shape
(1, 2, 2, 2, 2))py"});

}  // namespace
}  // namespace lamina
