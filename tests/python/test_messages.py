"""What is said when the API is misused: what was given, what was expected, where, and what to do. And all goes on working.

Files have a test of their own: test_files_messages.py.
"""
import json
import os
import pathlib
import subprocess
import sys
import warnings

import keras
import numpy as np
import pytest

import lamina


def ones(*shape):
    return np.ones(shape, "float32")


X, Y = ones(4, 6), ones(4, 2)
A, B, Z = ones(4, 3), ones(4, 4), ones(4, 1)


# ---- what is misused: how it is made, and that it still works ----
def uncompiled(k):
    return k.Sequential([k.Input((6,)), k.layers.Dense(4, activation="relu", name="hidden"), k.layers.Dense(2, name="out")], name="net")


def single(k):
    model = uncompiled(k)
    model.compile("sgd", "mse", metrics=["mae"])
    return model


def pair(k):
    """Two inputs, two outputs."""
    a, b = k.Input((3,), name="a"), k.Input((4,), name="b")
    h = k.layers.Concatenate(name="both")([a, b])
    model = k.Model([a, b], [k.layers.Dense(2, name="y")(h), k.layers.Dense(1, name="z")(h)], name="pair")
    model.compile("sgd", ["mse", "mse"])
    return model


def dense(k):
    layer = k.layers.Dense(3, name="d")
    layer(ones(2, 6))
    return layer


def fits(data):
    """The failed call changed no weight, and training goes on."""

    def works(model, before):
        for a, b in zip(before, model.get_weights(), strict=True):
            np.testing.assert_array_equal(a, b)
        losses = model.fit(*data, epochs=2, verbose=0).history["loss"]
        assert np.isfinite(losses).all() and losses[1] < losses[0]

    return works


def fits_compiled_anew(model, before):
    model.compile("sgd", "mse")
    fits((X, Y))(model, before)


def calls(layer, before):
    for a, b in zip(before, layer.get_weights(), strict=True):
        np.testing.assert_array_equal(a, b)
    assert layer(ones(5, 6)).shape == (5, 3)


def trained(k):
    """single(), in cases where a whole epoch has run before the error."""
    return single(k)


WORKS = {trained: lambda model, before: fits((X, Y))(model, model.get_weights()), uncompiled: fits_compiled_anew, single: fits((X, Y)), pair: fits(([A, B], [Y, Z])), dense: calls}


class Case:
    """A misuse of `made` (None, or a function of the library). `keras` is Keras' exception where that is another."""

    def __init__(self, name, made, call, error, words, keras=None):
        self.name, self.made, self.call, self.error, self.words, self.keras = name, made, call, error, words, keras or error


CASES = []


def case(name, call, error, *words, made=None, keras=None):
    CASES.append(Case(name, made, call, error, words, keras))


# ---- ops. Where JAX itself complains of shapes, Keras passes on its TypeError ----
case("matmul", lambda k: k.ops.matmul(ones(2, 3), ones(4, 5)), ValueError, "[matmul]", "x1.shape=(2, 3)", "x2.shape=(4, 5)", "must be equal", keras=TypeError)
case("add", lambda k: k.ops.add(ones(2, 3), ones(4)), ValueError, "[add]", "(2, 3) and (4,)", "broadcast")
case("add, symbolic", lambda k: k.ops.add(k.Input((3,)), k.Input((4,))), ValueError, "[add]", "(None, 3) and (None, 4)", "broadcast")
case("reshape", lambda k: k.ops.reshape(ones(2, 3), (4, 2)), ValueError, "[reshape]", "(2, 3) (6 elements)", "(4, 2) (8 elements)", keras=TypeError)
case("sum's axis", lambda k: k.ops.sum(ones(2, 3), axis=2), ValueError, "[sum]", "axis=2", "2 axes", "[-2, 2)")
case("concatenate", lambda k: k.ops.concatenate([ones(2, 3), ones(3, 2)], axis=0), ValueError, "[concatenate]", "(2, 3)", "(3, 2)", "must match except along axis 0", keras=TypeError)
case("stack", lambda k: k.ops.stack([ones(2, 3), ones(3, 2)]), ValueError, "[stack]", "same shape", "(2, 3) and (3, 2)")
case("transpose", lambda k: k.ops.transpose(ones(2, 3), (0, 0)), ValueError, "[transpose]", "[0, 0]", "(2, 3)", "once", keras=TypeError)
case("squeeze", lambda k: k.ops.squeeze(ones(2, 3), axis=0), ValueError, "[squeeze]", "axis=0", "(2, 3)")
case("split", lambda k: k.ops.split(ones(5, 2), 3, axis=0), ValueError, "[split]", "(5, 2)", "3 equal parts")
case("einsum", lambda k: k.ops.einsum("ij,jk->ik", ones(2, 3), ones(4, 5)), ValueError, "[einsum]", "'j'", "sizes 3 and 4")
case("einsum's operands", lambda k: k.ops.einsum("ij,jk->ik", ones(2, 3)), ValueError, "[einsum]", "2 operands", "received 1")
case("cast", lambda k: k.ops.cast(ones(2), "flaot32"), ValueError, "[cast]", "Invalid dtype: 'flaot32'", "float32")
case("misspelt argument of an op", lambda k: k.ops.sum(ones(2, 3), axes=1), TypeError, "sum()", "'axes'", "Did you mean 'axis'?")
case("missing argument of an op", lambda k: k.ops.relu(), TypeError, "relu()", "'x'")
case("misspelt op", lambda k: k.ops.rellu, AttributeError, "'rellu'", "Did you mean 'relu'?")
case("text for a tensor", lambda k: k.ops.add("a", ones(2)), TypeError, "[add]", "'a' (str)", "Expected a tensor")
case("ragged list", lambda k: k.ops.convert_to_tensor([[1, 2], [3]]), ValueError, "[convert_to_tensor]", "rectangular", "2 and 1")
case("array of objects", lambda k: k.ops.convert_to_tensor(np.array([object()])), TypeError, "object", "numbers or bools")
case("top_k", lambda k: k.ops.top_k(ones(2, 3), k=7), ValueError, "[top_k]", "k=7", "(2, 3)")
case("bits of floats", lambda k: k.ops.bitwise_and(ones(3), ones(3)), TypeError, "[bitwise_and]", "integers or bools", "float32")
case("too many indices", lambda k: k.ops.convert_to_tensor(ones(2, 3))[0, 0, 0], IndexError, "[get_item]", "2 axes", "3 were indexed")
case("truth of a symbolic tensor", lambda k: bool(k.Input((3,))), TypeError, "symbolic", "boolean")
case("values of a symbolic tensor", lambda k: np.asarray(k.Input((3,))), ValueError, "KerasTensor is symbolic", "NumPy array")
case("truth of a vector", lambda k: bool(k.ops.convert_to_tensor(ones(3))), ValueError, "more than one element", "any()")
case("seed", lambda k: k.random.uniform((2,), seed="x"), ValueError, "[random.uniform]", "`seed`", "integer", "SeedGenerator")
case("random seed", lambda k: k.utils.set_random_seed("a"), ValueError, "`seed`", "integer", "seed=a")

# ---- layers ----
case("units", lambda k: k.layers.Dense("16"), ValueError, "Dense", "`units`", "positive integer", "16")
case("no units", lambda k: k.layers.Dense(), TypeError, "Dense", "missing", "'units'")
case("misspelt argument of a layer", lambda k: k.layers.Dense(3, activaton="relu"), ValueError, "Dense", "'activaton'", "Did you mean 'activation'?")
case("misspelt activation", lambda k: k.layers.Dense(3, activation="rellu"), ValueError, "Dense", "`activation`", "'rellu'", "Did you mean 'relu'?")
case("misspelt initializer", lambda k: k.layers.Dense(3, kernel_initializer="he_nomal"), ValueError, "`kernel_initializer` of Dense", "Did you mean 'he_normal'?")
case("unknown regularizer", lambda k: k.layers.Dense(3, kernel_regularizer="l3"), ValueError, "`kernel_regularizer` of Dense", "'l3'", "Did you mean")
case("unknown constraint", lambda k: k.layers.Dense(3, kernel_constraint="maxnorm"), ValueError, "`kernel_constraint` of Dense", "Did you mean 'max_norm'?")
case("dtype of a layer", lambda k: k.layers.Dense(3, dtype="flot32"), ValueError, "'flot32'", "'mixed_float16'", "'float32'")
case("name with a slash", lambda k: k.layers.Dense(3, name="a/b"), ValueError, "`name`", "cannot contain character `/`", "a/b")
case("name of a model", lambda k: k.Sequential(name=5), ValueError, "`name`", "must be a string", "name=5")
case("misspelt layer", lambda k: k.layers.Denze, AttributeError, "'Denze'", "Did you mean 'Dense'?")
case("rate", lambda k: k.layers.Dropout(1.5), ValueError, "`rate`", "between 0 and 1", "rate=1.5")
case("permutation", lambda k: k.layers.Permute((1, 3)), ValueError, "`dims`", "Permute", "start from 1", "1, 3")
case("number of repeats", lambda k: k.layers.RepeatVector("a"), TypeError, "`n`", "integer", "str")
case("data format", lambda k: k.layers.Flatten(data_format="channels"), ValueError, "`data_format`", "'channels_last'", "channels")
case("total size", lambda k: k.layers.Reshape((4, 4), name="r")(ones(2, 3)), ValueError, "Reshape", "4, 4", "total size", "unchanged")
case("shapes to concatenate", lambda k: k.layers.Concatenate()([ones(2, 3), ones(3, 3, 1)]), ValueError, "`Concatenate`", "matching shapes", "[(2, 3), (3, 3, 1)]")
case("one tensor to merge", lambda k: k.layers.Add(name="s")(ones(2, 3)), ValueError, "merge layer", "list of")
case("dot products", lambda k: k.layers.Dot(axes=1)([ones(2, 3), ones(2, 4)]), ValueError, "3 (at axis 1) != 4 (at axis 1)", "(2, 3), (2, 4)")
case("sizes of an embedding", lambda k: k.layers.Embedding(0, 3), ValueError, "`input_dim`", "positive integer", "input_dim=0")
case("equation", lambda k: k.layers.EinsumDense("abc,cd-abd", output_shape=(None, 3))(ones(2, 3, 4)), ValueError, "'abc,cd-abd'", "[X],[Y]->[Z]")
case("mean without variance", lambda k: k.layers.Normalization(mean=1.0), ValueError, "both `mean` and `variance`", "mean=1.0", "variance=None")
case("no input shape", lambda k: k.Input(), ValueError, "You must pass a `shape` argument")
case("two input shapes", lambda k: k.Input(shape=(3,), batch_shape=(2, 3)), ValueError, "`shape` and `batch_shape`", "same time")
case("negative input shape", lambda k: k.Input((-3,)), ValueError, "(-3,)", "shape")
case("config of a layer", lambda k: k.layers.Dense.from_config({"units": 3, "unit": 4}), TypeError, "'Dense'", "'unit': 4", "Did you mean 'units'?")
case("unknown class", lambda k: k.layers.deserialize({"class_name": "Densee", "config": {"units": 3}}), TypeError, "'Densee'", "register_keras_serializable", "'Dense'")
case("rank", lambda k, d: d(ones(4)), ValueError, "min_ndim=2", "ndim=1", "(4,)", '"d"', made=dense)
case("width", lambda k, d: d(ones(2, 5)), ValueError, "axis -1", "value 6", "(2, 5)", '"d"', made=dense)
case("text for a layer's input", lambda k, d: d("abc"), ValueError, "Only input tensors", "abc", "'d' (Dense)", made=dense)
case("None for a layer's input", lambda k, d: d(None), ValueError, '"d"', "None", made=dense)
case("misspelt argument of a call", lambda k, d: d(ones(2, 6), trainig=True), TypeError, "'trainig'", "'d' (Dense)", made=dense)
case("number of weights", lambda k, d: d.set_weights([ones(6, 3)]), ValueError, "'d'", "length 1", "expecting 2", made=dense)
case("shape of a weight", lambda k, d: d.set_weights([ones(6, 2), ones(3)]), ValueError, "'d'", "(6, 3)", "(6, 2)", made=dense)
case("misspelt attribute", lambda k, d: d.kernal, AttributeError, "'Dense'", "'kernal'", made=dense)
case("no input yet", lambda k: k.layers.Dense(3, name="d").input, AttributeError, "The layer d", "never been called")
case("not built", lambda k: k.layers.Dense(3, name="d").count_params(), ValueError, "'d'", "isn't built", "layer.build(input_shape)")


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

# ---- models ----
case("fit before compile", lambda k, m: m.fit(X, Y, verbose=0), ValueError, "compile()", made=uncompiled)
case("evaluate before compile", lambda k, m: m.evaluate(X, Y, verbose=0), ValueError, "compile()", made=uncompiled)
case("train_on_batch before compile", lambda k, m: m.train_on_batch(X, Y), ValueError, "compile()", made=uncompiled)
case("misspelt optimizer", lambda k, m: m.compile("adm", "mse"), ValueError, "adm", "Did you mean 'adam'?", made=uncompiled)
case("number for an optimizer", lambda k, m: m.compile(5, "mse"), ValueError, "5", "identifier", "keras.optimizers", made=uncompiled)
case("misspelt loss", lambda k, m: (m.compile("sgd", "mea"), m.fit(X, Y, verbose=0)), ValueError, "mea", "Did you mean 'mae'?", made=uncompiled)
case("misspelt metric", lambda k, m: (m.compile("sgd", "mse", metrics=["accurcy"]), m.fit(X, Y, verbose=0)), ValueError, "accurcy", "Did you mean 'accuracy'?", made=uncompiled)
case("text for metrics", lambda k, m: m.compile("sgd", "mse", metrics="mae"), ValueError, "`metrics`", "list, tuple, or dict", "mae", made=uncompiled)
case("misspelt argument of compile", lambda k, m: m.compile("sgd", "mse", metric=["mae"]), TypeError, "compile()", "'metric'", "Did you mean 'metrics'?", made=uncompiled)
case("classes for a dense loss", lambda k, m: (m.compile("sgd", "categorical_crossentropy"), m.fit(X, np.zeros(4, int), verbose=0)), ValueError,
     "target.shape=(4,)", "output.shape=(4, 2)", "same shape", made=uncompiled)
case("one-hot for a sparse loss", lambda k, m: (m.compile("sgd", "sparse_categorical_crossentropy"), m.fit(X, Y, verbose=0)), ValueError,
     "target.shape=(4, 2)", "output.shape=(4, 2)", "up until the last dimension", made=uncompiled)
case("misspelt argument of fit", lambda k, m: m.fit(X, Y, epoch=3), TypeError, "fit()", "'epoch'", "Did you mean 'epochs'?", made=single)
case("misspelt argument of predict", lambda k, m: m.predict(X, batchsize=3), TypeError, "predict()", "'batchsize'", "Did you mean 'batch_size'?", made=single)
case("unknown argument of evaluate", lambda k, m: m.evaluate(X, Y, foo=3), ValueError, "not recognized", "'foo': 3", made=single)
case("width in a model's call", lambda k, m: m(ones(2, 5)), ValueError, "hidden", "Sequential", "axis -1", "value 6", "(2, 5)", made=single)
case("width in predict", lambda k, m: m.predict(ones(2, 5), verbose=0), ValueError, "hidden", "axis -1", "value 6", "(2, 5)", made=single)
case("width in fit", lambda k, m: m.fit(ones(4, 5), Y, verbose=0), ValueError, "hidden", "axis -1", "value 6", "(4, 5)", made=single)
case("width of the targets", lambda k, m: m.fit(X, ones(4, 3), verbose=0), ValueError, "mean_squared_error", "(4, 3)", "(4, 2)", made=single, keras=TypeError)
case("numbers of samples", lambda k, m: m.fit(X, ones(3, 2), verbose=0), ValueError, "cardinality", "same number of samples", "4", "3", made=single)
case("numbers of validation samples", lambda k, m: m.fit(X, Y, validation_data=(X, ones(3, 2)), verbose=0), ValueError, "cardinality", "4", "3", made=single)
case("epochs as text", lambda k, m: m.fit(X, Y, epochs="3", verbose=0), TypeError, "`epochs`", "integer", "'3' (of type str)", made=single)
case("batch size as text", lambda k, m: m.fit(X, Y, batch_size="8", verbose=0), TypeError, "`batch_size`", "integer", "'8' (of type str)", made=single)
case("batch size", lambda k, m: m.fit(X, Y, batch_size=-1, verbose=0), ValueError, "`batch_size`", "at least 1", "-1", made=single, keras=StopIteration)
case("generator and validation split", lambda k, m: m.fit(((X, Y) for _ in range(3)), validation_split=0.5, verbose=0), ValueError, "`validation_split`", "NumPy arrays", "generator", made=single)
case("generator and targets", lambda k, m: m.fit(((X, Y) for _ in range(3)), Y, verbose=0), ValueError, "generator", "`y`", "should not be passed", made=single)
case("batches of four", lambda k, m: m.fit(((1, 2, 3, 4) for _ in range(3)), verbose=0), ValueError, "(x, y, sample_weight)", "found", made=single)
case("two kinds of weights", lambda k, m: m.fit(X, Y, class_weight={0: 1.0}, sample_weight=ones(4), verbose=0), ValueError, "`class_weight` and `sample_weight`", made=single)
case("no data", lambda k, m: m.fit(verbose=0), ValueError, "`x` must be given", "PyDataset", made=single, keras=KeyError)
case("empty data", lambda k, m: m.fit(ones(0, 6), ones(0, 2), verbose=0), ValueError, "no batch", "at least one", made=single, keras=StopIteration)
case("callback", lambda k, m: m.fit(X, Y, callbacks=["EarlyStopping"], verbose=0), TypeError, "`callbacks`", "Callback instances", "'EarlyStopping'", made=single, keras=AttributeError)
case("unknown layer", lambda k, m: m.get_layer("hiden"), ValueError, "hiden", "Existing layers", "hidden", "out", made=single)
case("index of a layer", lambda k, m: m.get_layer(index=9), ValueError, "index 9", "2 layers", made=single)
case("a model's number of weights", lambda k, m: m.set_weights([]), ValueError, "'net'", "length 0", "expecting 4", made=single)
case("file ending", lambda k, m: m.save("m.pb"), ValueError, "m.pb", "`.keras`", made=single)
case("missing weights file", lambda k, m: m.load_weights("none.weights.h5"), FileNotFoundError, "none.weights.h5", made=single)
case("layers of a model", lambda k, m: setattr(m, "layers", []), AttributeError, "layers", "reserved", made=single)
case("export format", lambda k, m: m.export("m", format="foo"), ValueError, "format", "foo", "tf_saved_model", made=single)
case("number of inputs", lambda k, m: m.fit([A], [Y, Z], verbose=0), ValueError, '"pair"', "expects 2", "received 1 input", made=pair)
case("order of inputs", lambda k, m: m([B, A]), ValueError, "pair", "expected shape=(None, 3)", "(4, 4)", made=pair)
case("names of inputs", lambda k, m: m({"a": A, "c": B}), ValueError, 'Missing data for input "b"', "a", "c", made=pair)
case("number of outputs", lambda k, m: m.fit([A, B], [Y], verbose=0), ValueError, "y_true and y_pred have different structures", made=pair)
case("one target for two outputs", lambda k, m: m.fit([A, B], Y, verbose=0), ValueError, "y_true and y_pred have different structures", made=pair)
case("number of losses", lambda k, m: (m.compile("sgd", ["mse"] * 3), m.fit([A, B], [Y, Z], verbose=0)), KeyError, "`loss`", "(2,)")
case("names of losses", lambda k, m: (m.compile("sgd", {"y": "mse", "zz": "mse"}), m.fit([A, B], [Y, Z], verbose=0)), ValueError, "'y', 'z'", "'zz'")
case("number of loss weights", lambda k, m: (m.compile("sgd", ["mse", "mse"], loss_weights=[1.0]), m.fit([A, B], [Y, Z], verbose=0)), ValueError, "`loss_weights`", "2 losses", "1 weights")
case("names of metrics", lambda k, m: (m.compile("sgd", "mse", metrics={"zz": "mae"}), m.fit([A, B], [Y, Z], verbose=0)), ValueError, "`metrics`", "zz", "list")
case("two layers of a name", lambda k: k.Sequential([k.layers.Dense(2, name="a"), k.layers.Dense(2, name="a")]), ValueError, "unique names", "'a'", "`name`")
case("text for a layer", lambda k: k.Sequential(["Dense"]), ValueError, "Dense", "instances", "can be added to a Sequential")
case("shapes in a stack", lambda k: k.Sequential([k.Input((4,)), k.layers.Reshape((3, 3), name="r")]), ValueError, "Reshape", "total size", "3, 3")
case("shape of an open stack", lambda k: k.Sequential([k.layers.Dense(2)], name="open").output_shape, AttributeError, "'open'", "no defined output shape")
case("arrays for symbolic tensors", lambda k: k.Model(ones(2, 3), ones(2, 3)), ValueError, "`inputs`", "KerasTensors")
case("JSON of a model", lambda k: k.models.model_from_json("{"), ValueError, "line 1", "column 2")
case("missing file", lambda k: k.models.load_model("none.keras"), ValueError, "none.keras", "not found")
case("misspelt name", lambda k: k.Sequentail, AttributeError, "'Sequentail'", "Did you mean 'Sequential'?")


def disconnected(k):
    a, b = k.Input((3,), name="a"), k.Input((3,), name="b")
    return k.Model(a, k.layers.Add()([a, b]))


case("an input left out", disconnected, ValueError, "not connected to `inputs`")

# ---- losses, metrics, optimizers, and the rest ----
case("losses.get", lambda k: k.losses.get("mean_square_error"), ValueError, "loss", "mean_square_error", "Did you mean 'mean_squared_error'?")
case("losses.get a number", lambda k: k.losses.get(5), ValueError, "loss identifier", "5")
case("reduction", lambda k: k.losses.MeanSquaredError(reduction="avg"), ValueError, "`reduction`", "'sum_over_batch_size'", "avg")
case("misspelt argument of a loss", lambda k: k.losses.MeanSquaredError(reducton="sum"), TypeError, "MeanSquaredError", "'reducton'", "Did you mean 'reduction'?")
case("shapes for a loss", lambda k: k.losses.MeanSquaredError()(ones(2, 3), ones(2, 4)), ValueError, "mean_squared_error", "(2, 3) and (2, 4)", keras=TypeError)
case("metrics.get", lambda k: k.metrics.get("acuracy"), ValueError, "metric", "acuracy", "Did you mean 'accuracy'?")
case("thresholds", lambda k: k.metrics.AUC(num_thresholds=1), ValueError, "`num_thresholds`", "integer > 1", "num_thresholds=1")
case("curve", lambda k: k.metrics.AUC(curve="ROCC"), ValueError, "ROCC", "ROC", "PR")
case("class of an IoU", lambda k: k.metrics.IoU(num_classes=2, target_class_ids=[5]), ValueError, "5", "[0, 2)")
case("average", lambda k: k.metrics.F1Score(average="macr"), ValueError, "`average`", "'macro'", "macr")
case("optimizers.get", lambda k: k.optimizers.get("adm"), ValueError, "optimizer", "adm", "Did you mean 'adam'?")
case("momentum", lambda k: k.optimizers.SGD(momentum=2.0), ValueError, "`momentum`", "[0, 1]")
case("misspelt argument of an optimizer", lambda k: k.optimizers.Adam(learnin_rate=0.1), ValueError, "'learnin_rate'", "Did you mean 'learning_rate'?")
case("learning rate", lambda k: k.optimizers.Adam(learning_rate="a"), ValueError, "`learning_rate`", "float", "LearningRateSchedule", "a")
case("two limits", lambda k: k.optimizers.Adam(clipnorm=1.0, clipvalue=1.0), ValueError, "Only one of", "clipnorm=1.0", "clipvalue=1.0")
case("average's momentum", lambda k: k.optimizers.Adam(use_ema=True, ema_momentum=3.0), ValueError, "`ema_momentum`", "[0, 1]", "ema_momentum=3.0")
case("accumulation", lambda k: k.optimizers.Adam(gradient_accumulation_steps=1), ValueError, "`gradient_accumulation_steps`", ">= 2")
case("no gradients", lambda k: k.optimizers.SGD().apply([None], [k.Variable(ones(2))]), ValueError, "No gradients")
case("decay steps", lambda k: k.optimizers.schedules.ExponentialDecay(0.1, 0, 0.9), ValueError, "`decay_steps`", "> 0", "decay_steps=0")
case("boundaries", lambda k: k.optimizers.schedules.PiecewiseConstantDecay([1, 2], [0.1, 0.2]), ValueError, "1 less than", "[1, 2]", "[0.1, 0.2]")
case("initializers.get", lambda k: k.initializers.get("he_nomal"), ValueError, "initializer", "Did you mean 'he_normal'?")
case("scale", lambda k: k.initializers.VarianceScaling(scale=-1.0), ValueError, "`scale`", "positive", "scale=-1.0")
case("activations.get", lambda k: k.activations.get("rellu"), ValueError, "activation", "rellu", "Did you mean 'relu'?")
case("factor of a regularizer", lambda k: k.regularizers.L2(-1.0), ValueError, "l2", "non-negative", "l2=-1.0")
case("shape of a variable", lambda k: k.Variable(ones(3)).assign(ones(4)), ValueError, "variable.shape=(3,)", "value.shape=(4,)", "must match")
case("variable without shape", lambda k: k.Variable("zeros"), ValueError, "initializer", "`shape`", "shape=None")
case("floatx", lambda k: k.config.set_floatx("float31"), ValueError, "float31", "float32")
case("device", lambda k: k.device("tpu:0").__enter__(), ValueError, "'tpu:0'", "'cpu'", "'cuda:1'", keras=RuntimeError)
case("image data format", lambda k: k.config.set_image_data_format("channel_last"), ValueError, "`data_format`", "channels_last", "channel_last")
case("dtype policy", lambda k: k.config.set_dtype_policy("mixed_float15"), ValueError, "'mixed_float15'", "'mixed_float16'")
case("misspelt callback", lambda k: k.callbacks.EarlyStoping, AttributeError, "'EarlyStoping'", "Did you mean 'EarlyStopping'?")
case("misspelt argument of a callback", lambda k: k.callbacks.EarlyStopping(monitr="loss"), TypeError, "EarlyStopping", "'monitr'", "Did you mean 'monitor'?")
case("what to monitor", lambda k, m: m.fit(X, Y, verbose=0, callbacks=[k.callbacks.EarlyStopping(monitor="los")]), ValueError, "monitor=los", "mode='max'", "mode='min'", made=trained)
case("a schedule's result", lambda k, m: m.fit(X, Y, verbose=0, callbacks=[k.callbacks.LearningRateScheduler(lambda epoch: "a")]), ValueError, "`schedule`", "float", "a", made=single)
case("a checkpoint's ending", lambda k: k.callbacks.ModelCheckpoint("m.ckpt"), ValueError, "`.keras`", "m.ckpt")
case("how often to save", lambda k: k.callbacks.ModelCheckpoint("m.keras", save_freq="epochs"), ValueError, "save_freq", "epochs", "'epoch' or integer")
case("plateau's factor", lambda k: k.callbacks.ReduceLROnPlateau(factor=2.0), ValueError, "ReduceLROnPlateau", "factor >= 1.0", "2.0")


def raising(k, model):
    class Raises(k.callbacks.Callback):
        def on_epoch_begin(self, epoch, logs=None):
            raise KeyError("mine")

    model.fit(X, Y, verbose=0, callbacks=[Raises()])


case("a callback's own error", raising, KeyError, "mine", made=single)



def invoke(c, k):
    """The exception, and what to test afterwards: (object, its weights before)."""
    made = c.made
    if made is None and c.call.__code__.co_argcount == 2:
        made = pair
    object_ = made(k) if made else None
    before = object_.get_weights() if object_ is not None and c.made else None
    with pytest.raises(Exception) as caught:
        c.call(k, object_) if object_ is not None else c.call(k)
    return caught.value, object_, before


@pytest.mark.parametrize("c", CASES, ids=lambda c: c.name)
def test_message(c, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    error, object_, before = invoke(c, lamina)
    assert isinstance(error, c.error), f"{type(error).__name__}: {error}"
    for word in c.words:
        assert word in str(error), f"{word!r} is not in: {error}"
    if c.made:
        WORKS[c.made](object_, before)
    elif object_ is not None:  # compiled wrongly: compiled anew, it trains
        object_.compile("sgd", ["mse", "mse"])
        fits(([A, B], [Y, Z]))(object_, object_.get_weights())


@pytest.mark.parametrize("c", CASES, ids=lambda c: c.name)
def test_keras_raises_alike(c, tmp_path, monkeypatch):
    """Real Keras raises this kind of error for the same call, so that `except` clauses of scripts go on working."""
    monkeypatch.chdir(tmp_path)
    error, _, _ = invoke(c, keras)
    assert isinstance(error, c.keras), f"{type(error).__name__}: {error}"


def test_there_are_many_cases():
    assert len({c.name for c in CASES}) == len(CASES) >= 60


# ---- beside the table ----
def test_a_failed_batch_in_the_middle_of_an_epoch():
    """Steps before it count; the model goes on."""
    model = single(lamina)

    def batches():
        yield X, Y
        yield ones(4, 5), Y

    with pytest.raises(ValueError, match="axis -1"):
        model.fit(batches(), verbose=0)
    assert int(model.optimizer.iterations) == 1
    fits((X, Y))(model, model.get_weights())


def test_a_schedule_of_the_epoch_alone():
    model = single(lamina)
    model.fit(X, Y, epochs=3, verbose=0, callbacks=[lamina.callbacks.LearningRateScheduler(lambda epoch: 0.1 / (epoch + 1))])
    assert float(model.optimizer.learning_rate) == pytest.approx(0.1 / 3)


def test_a_type_error_inside_a_schedule_is_not_hidden():
    def schedule(epoch, rate):
        return rate + "a"

    with pytest.raises(TypeError, match="unsupported operand"):
        single(lamina).fit(X, Y, verbose=0, callbacks=[lamina.callbacks.LearningRateScheduler(schedule)])


def test_where_an_error_of_a_nested_call_happened():
    class Inner(lamina.layers.Layer):
        def call(self, x):
            return x + ones(7)

    class Outer(lamina.Model):
        def __init__(self):
            super().__init__(name="outer")
            self.inner = Inner(name="inner_layer")

        def call(self, x):
            return self.inner(x)

    with pytest.raises(ValueError) as caught:
        Outer()(ones(2, 3))
    assert str(caught.value).count("Exception encountered when calling") == 1
    assert "'inner_layer' (Inner)" in str(caught.value)


def test_errors_of_other_kinds_pass_unchanged():
    class Own(Exception):
        pass

    class Raises(lamina.layers.Layer):
        def call(self, x):
            raise Own("as it is", 5)

    with pytest.raises(Own) as caught:
        Raises()(ones(2, 3))
    assert caught.value.args == ("as it is", 5)


@pytest.mark.parametrize("share", [-0.1, 1, 1.5, "half"])
def test_validation_split(share):
    with pytest.raises(ValueError, match="`validation_split` must be a number from 0"):
        single(lamina).fit(X, Y, validation_split=share, verbose=0)


@pytest.mark.parametrize("call, words", [
    (lambda m: m.fit(X, Y, verbose="loud"), "`verbose` must be 'auto', 0 .*'loud'"),
    (lambda m: m.get_layer(5), r"get_layer\(index=5\)"),
    (lambda m: lamina.config.set_epsilon("a"), "epsilon must be a positive number. Received: 'a'"),
])
def test_values_of_the_wrong_type(call, words):
    with pytest.raises((ValueError, TypeError), match=words):
        call(single(lamina))


MODULES = ["", "activations", "callbacks", "config", "constraints", "initializers", "layers", "losses", "metrics", "models", "ops", "optimizers", "random", "regularizers", "saving", "utils"]


@pytest.mark.parametrize("module", MODULES)
def test_what_is_missing_is_an_attribute_error(module):
    """Every public name of Keras is there, or an AttributeError says not; never another error."""
    theirs, mine = (getattr(keras, module), getattr(lamina, module)) if module else (keras, lamina)
    for name in dir(theirs):
        if not name.startswith("_"):
            hasattr(mine, name)
    with pytest.raises(AttributeError, match="has no attribute 'nonsense'"):
        mine.nonsense


# ---- lamina.json ----
CONFIGS = [
    ('{"backend": "grap"}', ["lamina.json", '"backend"', '"graph" or "eager"', "'grap'"]),
    ('{"bakend": "graph"}', ["lamina.json", 'unknown key "bakend"', 'Did you mean "backend"?', "Known keys"]),
    ('{"backend": "graph"', ["Cannot parse lamina.json", "line 1", "received the end of the text"]),
    ('{"threads": -1}', ["lamina.json", '"threads"', "from 0", "1024", "-1"]),
    ('{"threads": "two"}', ["lamina.json", '"threads"', "a number of threads", "'two'"]),
    ('{"device": "cuda:99"}', ["lamina.json", '"device" is "cuda:99", but ', "CUDA", '"cpu"']),
    ('{"device": "tpu"}', ["lamina.json", '"device"', '"cpu", "cuda", "cuda:1"', "'tpu'"]),
    ('{"floatx": "int8"}', ["lamina.json", '"floatx"', '"float32"', "'int8'"]),
    ('{"epsilon": 0}', ["lamina.json", '"epsilon"', "a positive number", "received 0"]),
    ('{"lost_masks": "raise"}', ["lamina.json", '"lost_masks"', '"warn" or "error"', "'raise'"]),
    ('[1]', ["lamina.json", "expected an object", "received [1]"]),
]
USE = """
import pathlib, lamina
try:
    lamina.ops.ones((2,))
except ValueError as e:
    print(e)
pathlib.Path("lamina.json").write_text('{"backend": "eager"}')
print(lamina.ops.ones((2,)), lamina.config.engine())
"""


def use(folder, **variables):
    env = {k: v for k, v in os.environ.items() if not k.startswith("LAMINA_")}
    env |= {"PYTHONPATH": str(pathlib.Path(lamina._lamina.__file__).parents[1]), "HOME": str(folder), **variables}
    done = subprocess.run([sys.executable, "-c", USE], cwd=folder, env=env, capture_output=True, text=True)
    return done.stdout, done.stderr


@pytest.mark.parametrize("text, words", CONFIGS)
def test_config_files(tmp_path, text, words):
    """And once the file is mended, the same process goes on."""
    (tmp_path / "lamina.json").write_text(text)
    said, _ = use(tmp_path)
    for word in words:
        assert word in said, f"{word!r} is not in: {said}"
    assert said.endswith("eager\n")


def test_config_by_the_environment(tmp_path):
    (tmp_path / "lamina.json").write_text(json.dumps({"backend": "graph"}))
    said, _ = use(tmp_path, LAMINA_BACKEND="eagr")
    assert said.startswith('[ones] LAMINA_BACKEND: the value of "backend" must be "graph" or "eager", received \'eagr\'')
    said, _ = use(tmp_path, LAMINA_CONFIG="none.json")
    assert "LAMINA_CONFIG names none.json, which does not exist." in said


def test_a_mask_that_is_lost_where_that_is_an_error():
    x = np.array([[[1.0, 2.0], [0.0, 0.0]]], "float32")
    layers = lamina.layers
    model = lamina.Sequential([layers.Masking(), layers.Dense(2), layers.Flatten(name="flat")])
    assert lamina.config.lost_masks() == "warn"
    lamina.config.set_lost_masks("error")
    try:
        with pytest.raises(ValueError, match="Layer 'flat' .of type Flatten. was passed an input with a mask.*lost_masks"):
            model(x)
        layers.LSTM(2)(layers.Masking()(x))
        layers.GlobalAveragePooling1D()(layers.Masking()(x))
    finally:
        lamina.config.set_lost_masks("warn")
    with pytest.warns(UserWarning, match="was passed an input with a mask"):
        assert model(x).shape == (1, 4)
    with pytest.raises(ValueError, match="'warn' or 'error'. Received: 'raise'"):
        lamina.config.set_lost_masks("raise")


def test_a_mask_that_is_lost():
    inputs = lamina.Input((4, 3))
    masked = lamina.layers.Masking()(inputs)
    with pytest.warns(UserWarning, match="Layer 'flat' .of type Flatten. was passed an input with a mask attached to it. However, this layer does not support masking"):
        lamina.layers.Flatten(name="flat")(masked)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        lamina.layers.LSTM(3)(lamina.layers.Dropout(0.5)(masked))
        lamina.Model(inputs, lamina.layers.Dense(3)(masked))(masked)
