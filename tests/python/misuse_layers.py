"""Misuses of layers."""

from misuse import case, dense, ones

case("units", lambda k: k.layers.Dense("16"), ValueError, "Dense", "`units`", "positive integer", "16")
case("no units", lambda k: k.layers.Dense(), TypeError, "Dense", "missing", "'units'")
case(
    "misspelt argument of a layer",
    lambda k: k.layers.Dense(3, activaton="relu"),
    ValueError,
    "Dense",
    "'activaton'",
    "Did you mean 'activation'?",
)
case(
    "misspelt activation",
    lambda k: k.layers.Dense(3, activation="rellu"),
    ValueError,
    "Dense",
    "`activation`",
    "'rellu'",
    "Did you mean 'relu'?",
)
case(
    "misspelt initializer",
    lambda k: k.layers.Dense(3, kernel_initializer="he_nomal"),
    ValueError,
    "`kernel_initializer` of Dense",
    "Did you mean 'he_normal'?",
)
case(
    "unknown regularizer",
    lambda k: k.layers.Dense(3, kernel_regularizer="l3"),
    ValueError,
    "`kernel_regularizer` of Dense",
    "'l3'",
    "Did you mean",
)
case(
    "unknown constraint",
    lambda k: k.layers.Dense(3, kernel_constraint="maxnorm"),
    ValueError,
    "`kernel_constraint` of Dense",
    "Did you mean 'max_norm'?",
)
case(
    "dtype of a layer",
    lambda k: k.layers.Dense(3, dtype="flot32"),
    ValueError,
    "'flot32'",
    "'mixed_float16'",
    "'float32'",
)
case(
    "name with a slash",
    lambda k: k.layers.Dense(3, name="a/b"),
    ValueError,
    "`name`",
    "cannot contain character `/`",
    "a/b",
)
case("name of a model", lambda k: k.Sequential(name=5), ValueError, "`name`", "must be a string", "name=5")
case("misspelt layer", lambda k: k.layers.Denze, AttributeError, "'Denze'", "Did you mean 'Dense'?")
case("rate", lambda k: k.layers.Dropout(1.5), ValueError, "`rate`", "between 0 and 1", "rate=1.5")
case("permutation", lambda k: k.layers.Permute((1, 3)), ValueError, "`dims`", "Permute", "start from 1", "1, 3")
case("number of repeats", lambda k: k.layers.RepeatVector("a"), TypeError, "`n`", "integer", "str")
case(
    "data format",
    lambda k: k.layers.Flatten(data_format="channels"),
    ValueError,
    "`data_format`",
    "'channels_last'",
    "channels",
)
case(
    "total size",
    lambda k: k.layers.Reshape((4, 4), name="r")(ones(2, 3)),
    ValueError,
    "Reshape",
    "4, 4",
    "total size",
    "unchanged",
)
case(
    "shapes to concatenate",
    lambda k: k.layers.Concatenate()([ones(2, 3), ones(3, 3, 1)]),
    ValueError,
    "`Concatenate`",
    "matching shapes",
    "[(2, 3), (3, 3, 1)]",
)
case("one tensor to merge", lambda k: k.layers.Add(name="s")(ones(2, 3)), ValueError, "merge layer", "list of")
case(
    "dot products",
    lambda k: k.layers.Dot(axes=1)([ones(2, 3), ones(2, 4)]),
    ValueError,
    "3 (at axis 1) != 4 (at axis 1)",
    "(2, 3), (2, 4)",
)
case(
    "sizes of an embedding",
    lambda k: k.layers.Embedding(0, 3),
    ValueError,
    "`input_dim`",
    "positive integer",
    "input_dim=0",
)
case(
    "equation",
    lambda k: k.layers.EinsumDense("abc,cd-abd", output_shape=(None, 3))(ones(2, 3, 4)),
    ValueError,
    "'abc,cd-abd'",
    "[X],[Y]->[Z]",
)
case(
    "mean without variance",
    lambda k: k.layers.Normalization(mean=1.0),
    ValueError,
    "both `mean` and `variance`",
    "mean=1.0",
    "variance=None",
)
case(
    "an encoding of no categories",
    lambda k: k.layers.CategoryEncoding(0),
    ValueError,
    "`num_tokens`",
    ">= 1",
    "num_tokens=0",
)
case(
    "bins and their boundaries",
    lambda k: k.layers.Discretization([1.0], 3),
    ValueError,
    "Both `num_bins` and `bin_boundaries`",
    "`num_bins=3`",
)
case("no input shape", lambda k: k.Input(), ValueError, "You must pass a `shape` argument")
case(
    "two input shapes",
    lambda k: k.Input(shape=(3,), batch_shape=(2, 3)),
    ValueError,
    "`shape` and `batch_shape`",
    "same time",
)
case("negative input shape", lambda k: k.Input((-3,)), ValueError, "(-3,)", "shape")
case(
    "config of a layer",
    lambda k: k.layers.Dense.from_config({"units": 3, "unit": 4}),
    TypeError,
    "'Dense'",
    "'unit': 4",
    "Did you mean 'units'?",
)
case(
    "unknown class",
    lambda k: k.layers.deserialize({"class_name": "Densee", "config": {"units": 3}}),
    TypeError,
    "'Densee'",
    "register_keras_serializable",
    "'Dense'",
)
case("rank", lambda k, d: d(ones(4)), ValueError, "min_ndim=2", "ndim=1", "(4,)", '"d"', made=dense)
case("width", lambda k, d: d(ones(2, 5)), ValueError, "axis -1", "value 6", "(2, 5)", '"d"', made=dense)
case(
    "text for a layer's input",
    lambda k, d: d("abc"),
    ValueError,
    "Only input tensors",
    "abc",
    "'d' (Dense)",
    made=dense,
)
case("None for a layer's input", lambda k, d: d(None), ValueError, '"d"', "None", made=dense)
case(
    "misspelt argument of a call",
    lambda k, d: d(ones(2, 6), trainig=True),
    TypeError,
    "'trainig'",
    "'d' (Dense)",
    made=dense,
)
case(
    "number of weights",
    lambda k, d: d.set_weights([ones(6, 3)]),
    ValueError,
    "'d'",
    "length 1",
    "expecting 2",
    made=dense,
)
case(
    "shape of a weight",
    lambda k, d: d.set_weights([ones(6, 2), ones(3)]),
    ValueError,
    "'d'",
    "(6, 3)",
    "(6, 2)",
    made=dense,
)
case("misspelt attribute", lambda k, d: d.kernal, AttributeError, "'Dense'", "'kernal'", made=dense)
case("no input yet", lambda k: k.layers.Dense(3, name="d").input, AttributeError, "The layer d", "never been called")
case(
    "not built",
    lambda k: k.layers.Dense(3, name="d").count_params(),
    ValueError,
    "'d'",
    "isn't built",
    "layer.build(input_shape)",
)


def forgot_super(k):
    class Forgetful(k.layers.Layer):
        def __init__(self):
            self.units = 3

        def call(self, x):
            return x

    return Forgetful()(ones(2, 3))


def no_call(k):
    class Silent(k.layers.Layer):
        pass

    return Silent()(ones(2, 3))


def wrong_inside(k):
    class Inner(k.layers.Layer):
        def call(self, x):
            return k.ops.sum(x, axis=5)

    return k.Sequential([Inner(name="inner_layer")])(ones(2, 3))


def own_error(k):
    class Picky(k.layers.Layer):
        def call(self, x):
            raise ValueError("only blue inputs")

    return Picky(name="picky_layer")(ones(2, 3))


def weight_by_name(k):
    class Weighted(k.layers.Layer):
        def build(self, shape):
            self.w = self.add_weight("w", (2,))

    return Weighted().build((2, 3))


case("forgotten super().__init__()", forgot_super, RuntimeError, "'Forgetful'", "super().__init__()", "first statement")
case("layer without call", no_call, NotImplementedError, "Silent", "`call`")
case("error in a layer's call", wrong_inside, ValueError, "Inner", "axis", "5", "Exception encountered when calling")
case("a layer's own error", own_error, ValueError, "Picky", "only blue inputs")
case("add_weight by position", weight_by_name, ValueError, "add_weight", "keyword argument", "name='w'")
