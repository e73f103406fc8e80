// The C++ types of Keras' classes (include/lamina): each makes an object of its class, with the class' own defaults.
#include <gtest/gtest.h>

#include "lamina/lamina.h"
#include "serialization/objects/object_config.h"

namespace lamina {
namespace {

// Stands for a required argument of any type.
struct Anything {
  template <class T>
  operator RequiredArgument<T>() const {
    if constexpr (std::same_as<T, Sizes>)
      return Sizes(2);
    else if constexpr (std::same_as<T, std::string>)
      return std::string("x");
    else if constexpr (std::same_as<T, Value>)
      return Value(2);
    else if constexpr (std::is_arithmetic_v<T>)
      return T{1};
    else
      return T{};
  }
};

template <class A>
A with_required() {
  if constexpr (std::default_initializable<A>)
    return A{};
  else if constexpr (std::is_constructible_v<A, Anything>)
    return A{Anything{}};
  else if constexpr (std::is_constructible_v<A, Anything, Anything>)
    return A{Anything{}, Anything{}};
  else
    return A{Anything{}, Anything{}, Anything{}};
}

template <class T>
constexpr bool is_required = false;
template <class T>
constexpr bool is_required<RequiredArgument<T>> = true;

struct Row {
  const char* module;
  const char* name;
  bool all_defaults;
  std::function<ObjectPtr()> typed;
  std::function<Dict()> required;  // the arguments that have no default
};

template <class T, class A>
Row row() {
  Row out{A::kModule, A::kName, std::default_initializable<A>, {}, {}};
  out.typed = [] { return ObjectPtr(T(with_required<A>())); };
  out.required = [] {
    Dict given;
    with_required<A>().each([&]<class V>(const char* name, const V& value) {
      if constexpr (is_required<V>) given.set(name, argument_value(value));
    });
    return given;
  };
  return out;
}

const std::vector<Row>& rows() {
  static const std::vector<Row> all = {
#define LAMINA_TYPE(T) row<T, T##Args>(),
#include "types/all_types.inc"
#undef LAMINA_TYPE
  };
  return all;
}

// Both ways to the same object, or both refuse for the same reason.
std::string made_by(const std::function<ObjectPtr()>& make) {
  try {
    const ObjectPtr object = make();
    Dict config = object->get_config();
    config.erase("name");
    config.erase("seed");  // which may be drawn
    return serialize_value(Value(config)).repr();
  } catch (const Error& e) { return e.what(); }
}

TEST(Types, MakeTheirClassesWithTheClassesDefaults) {
  std::vector<std::string> refused;  // with defaults alone
  for (const Row& row : rows()) {
    SCOPED_TRACE(text(row.module, ".", row.name));
    const ClassInfo* info = find_class(row.name, row.module);
    ASSERT_TRUE(info);
    const std::string typed = made_by(row.typed);
    const std::string plain = made_by([&] { return info->make(row.required()); });
    EXPECT_TRUE(typed == plain || (typed.front() != '{' && typed.ends_with(plain))) << typed << "\n" << plain;
    if (row.all_defaults && typed.front() != '{') refused.push_back(row.name);
  }
  EXPECT_EQ(refused, (std::vector<std::string>{"CategoryEncoding", "Discretization", "InputLayer"}));
}

TEST(Types, EveryClassHasOne) {
  std::set<std::string> typed;
  for (const Row& row : rows()) typed.insert(text(row.module, ".", row.name));
  for (const ClassInfo* info : registered_classes()) {
    if (info->module == "keras.models" || info->module == "keras.quantizers" || info->module == "keras.random" ||
        info->module.starts_with("keras.src"))
      continue;
    EXPECT_TRUE(typed.contains(info->module + "." + info->name)) << info->module << "." << info->name;
  }
}

TEST(Types, ArgumentsReachTheObject) {
  layers::LSTM lstm({.units = 3, .return_sequences = true}, {.name = "encoder", .trainable = false});
  EXPECT_EQ(lstm->name(), "encoder");
  EXPECT_FALSE(lstm->trainable());
  EXPECT_EQ(lstm(ops::zeros(Shape{2, 5, 4})).shape(), Shape({2, 5, 3}));
  layers::Conv2D conv({.filters = 2, .kernel_size = {3, 1}, .strides = 2, .activation = "relu"});
  EXPECT_EQ(conv->get_config().at("kernel_size").repr(), "(3, 1)");
  EXPECT_EQ(conv->get_config().at("strides").repr(), "(2, 2)");
  layers::Dense dense({.units = 2,
                       .kernel_initializer = initializers::Constant({.value = 2.0}),
                       .kernel_regularizer = regularizers::L2({.l2 = 0.5}),
                       .kernel_constraint = constraints::NonNeg()});
  EXPECT_EQ(dense(Tensor::of<float>({1, 2}, {1, 2})).at(0), 6);
  optimizers::Adam adam({.learning_rate = optimizers::schedules::ExponentialDecay(
                             {.initial_learning_rate = 0.5, .decay_steps = 10, .decay_rate = 0.9})});
  EXPECT_EQ(adam->get_config().at("learning_rate").as_dict().at("class_name").as_string(), "ExponentialDecay");
  EXPECT_EQ(layers::Dense({.units = 1})->name().substr(0, 5), "dense");
  EXPECT_NE(layers::Dense({.units = 1})->name(), layers::Dense({.units = 1})->name());
}

TEST(Types, RefusalsNameTheClass) {
  try {
    layers::Dense({.units = 0});
    FAIL();
  } catch (const ValueError& e) { EXPECT_NE(std::string(e.what()).find("Dense"), std::string::npos) << e.what(); }
  EXPECT_THROW(losses::MeanSquaredError({.reduction = "total"}), ValueError);
}

}  // namespace
}  // namespace lamina
