"""Misuses of models."""

import numpy as np
from misuse import A, B, X, Y, Z, case, ones, pair, single, uncompiled

case("fit before compile", lambda k, m: m.fit(X, Y, verbose=0), ValueError, "compile()", made=uncompiled)
case("evaluate before compile", lambda k, m: m.evaluate(X, Y, verbose=0), ValueError, "compile()", made=uncompiled)
case("train_on_batch before compile", lambda k, m: m.train_on_batch(X, Y), ValueError, "compile()", made=uncompiled)
case(
    "misspelt optimizer",
    lambda k, m: m.compile("adm", "mse"),
    ValueError,
    "adm",
    "Did you mean 'adam'?",
    made=uncompiled,
)
case(
    "number for an optimizer",
    lambda k, m: m.compile(5, "mse"),
    ValueError,
    "5",
    "identifier",
    "keras.optimizers",
    made=uncompiled,
)
case(
    "misspelt loss",
    lambda k, m: (m.compile("sgd", "mea"), m.fit(X, Y, verbose=0)),
    ValueError,
    "mea",
    "Did you mean 'mae'?",
    made=uncompiled,
)
case(
    "misspelt metric",
    lambda k, m: (m.compile("sgd", "mse", metrics=["accurcy"]), m.fit(X, Y, verbose=0)),
    ValueError,
    "accurcy",
    "Did you mean 'accuracy'?",
    made=uncompiled,
)
case(
    "text for metrics",
    lambda k, m: m.compile("sgd", "mse", metrics="mae"),
    ValueError,
    "`metrics`",
    "list, tuple, or dict",
    "mae",
    made=uncompiled,
)
case(
    "misspelt argument of compile",
    lambda k, m: m.compile("sgd", "mse", metric=["mae"]),
    TypeError,
    "compile()",
    "'metric'",
    "Did you mean 'metrics'?",
    made=uncompiled,
)
case(
    "classes for a dense loss",
    lambda k, m: (m.compile("sgd", "categorical_crossentropy"), m.fit(X, np.zeros(4, int), verbose=0)),
    ValueError,
    "target.shape=(4,)",
    "output.shape=(4, 2)",
    "same shape",
    made=uncompiled,
)
case(
    "one-hot for a sparse loss",
    lambda k, m: (m.compile("sgd", "sparse_categorical_crossentropy"), m.fit(X, Y, verbose=0)),
    ValueError,
    "target.shape=(4, 2)",
    "output.shape=(4, 2)",
    "up until the last dimension",
    made=uncompiled,
)
case(
    "misspelt argument of fit",
    lambda k, m: m.fit(X, Y, epoch=3),
    TypeError,
    "fit()",
    "'epoch'",
    "Did you mean 'epochs'?",
    made=single,
)
case(
    "misspelt argument of predict",
    lambda k, m: m.predict(X, batchsize=3),
    TypeError,
    "predict()",
    "'batchsize'",
    "Did you mean 'batch_size'?",
    made=single,
)
case(
    "unknown argument of evaluate",
    lambda k, m: m.evaluate(X, Y, foo=3),
    ValueError,
    "not recognized",
    "'foo': 3",
    made=single,
)
case(
    "width in a model's call",
    lambda k, m: m(ones(2, 5)),
    ValueError,
    "hidden",
    "Sequential",
    "axis -1",
    "value 6",
    "(2, 5)",
    made=single,
)
case(
    "width in predict",
    lambda k, m: m.predict(ones(2, 5), verbose=0),
    ValueError,
    "hidden",
    "axis -1",
    "value 6",
    "(2, 5)",
    made=single,
)
case(
    "width in fit",
    lambda k, m: m.fit(ones(4, 5), Y, verbose=0),
    ValueError,
    "hidden",
    "axis -1",
    "value 6",
    "(4, 5)",
    made=single,
)
case(
    "width of the targets",
    lambda k, m: m.fit(X, ones(4, 3), verbose=0),
    ValueError,
    "mean_squared_error",
    "(4, 3)",
    "(4, 2)",
    made=single,
    keras=TypeError,
)
case(
    "numbers of samples",
    lambda k, m: m.fit(X, ones(3, 2), verbose=0),
    ValueError,
    "cardinality",
    "same number of samples",
    "4",
    "3",
    made=single,
)
case(
    "numbers of validation samples",
    lambda k, m: m.fit(X, Y, validation_data=(X, ones(3, 2)), verbose=0),
    ValueError,
    "cardinality",
    "4",
    "3",
    made=single,
)
case(
    "epochs as text",
    lambda k, m: m.fit(X, Y, epochs="3", verbose=0),
    TypeError,
    "`epochs`",
    "integer",
    "'3' (of type str)",
    made=single,
)
case(
    "batch size as text",
    lambda k, m: m.fit(X, Y, batch_size="8", verbose=0),
    TypeError,
    "`batch_size`",
    "integer",
    "'8' (of type str)",
    made=single,
)
case(
    "batch size",
    lambda k, m: m.fit(X, Y, batch_size=-1, verbose=0),
    ValueError,
    "`batch_size`",
    "at least 1",
    "-1",
    made=single,
    keras=StopIteration,
)
case(
    "generator and validation split",
    lambda k, m: m.fit(((X, Y) for _ in range(3)), validation_split=0.5, verbose=0),
    ValueError,
    "`validation_split`",
    "NumPy arrays",
    "generator",
    made=single,
)
case(
    "generator and targets",
    lambda k, m: m.fit(((X, Y) for _ in range(3)), Y, verbose=0),
    ValueError,
    "generator",
    "`y`",
    "should not be passed",
    made=single,
)
case(
    "batches of four",
    lambda k, m: m.fit(((1, 2, 3, 4) for _ in range(3)), verbose=0),
    ValueError,
    "(x, y, sample_weight)",
    "found",
    made=single,
)
case(
    "two kinds of weights",
    lambda k, m: m.fit(X, Y, class_weight={0: 1.0}, sample_weight=ones(4), verbose=0),
    ValueError,
    "`class_weight` and `sample_weight`",
    made=single,
)
case(
    "no data", lambda k, m: m.fit(verbose=0), ValueError, "`x` must be given", "PyDataset", made=single, keras=KeyError
)
case(
    "empty data",
    lambda k, m: m.fit(ones(0, 6), ones(0, 2), verbose=0),
    ValueError,
    "no batch",
    "at least one",
    made=single,
    keras=StopIteration,
)
case(
    "callback",
    lambda k, m: m.fit(X, Y, callbacks=["EarlyStopping"], verbose=0),
    TypeError,
    "`callbacks`",
    "Callback instances",
    "'EarlyStopping'",
    made=single,
    keras=AttributeError,
)
case(
    "unknown layer",
    lambda k, m: m.get_layer("hiden"),
    ValueError,
    "hiden",
    "Existing layers",
    "hidden",
    "out",
    made=single,
)
case("index of a layer", lambda k, m: m.get_layer(index=9), ValueError, "index 9", "2 layers", made=single)
case(
    "a model's number of weights",
    lambda k, m: m.set_weights([]),
    ValueError,
    "'net'",
    "length 0",
    "expecting 4",
    made=single,
)
case("file ending", lambda k, m: m.save("m.pb"), ValueError, "m.pb", "`.keras`", made=single)
case(
    "missing weights file",
    lambda k, m: m.load_weights("none.weights.h5"),
    FileNotFoundError,
    "none.weights.h5",
    made=single,
)
case("layers of a model", lambda k, m: setattr(m, "layers", []), AttributeError, "layers", "reserved", made=single)
case(
    "export format",
    lambda k, m: m.export("m", format="foo"),
    ValueError,
    "format",
    "foo",
    "tf_saved_model",
    made=single,
)
case(
    "number of inputs",
    lambda k, m: m.fit([A], [Y, Z], verbose=0),
    ValueError,
    '"pair"',
    "expects 2",
    "received 1 input",
    made=pair,
)
case("order of inputs", lambda k, m: m([B, A]), ValueError, "pair", "expected shape=(None, 3)", "(4, 4)", made=pair)
case("names of inputs", lambda k, m: m({"a": A, "c": B}), ValueError, 'Missing data for input "b"', "a", "c", made=pair)
case(
    "number of outputs",
    lambda k, m: m.fit([A, B], [Y], verbose=0),
    ValueError,
    "y_true and y_pred have different structures",
    made=pair,
)
case(
    "one target for two outputs",
    lambda k, m: m.fit([A, B], Y, verbose=0),
    ValueError,
    "y_true and y_pred have different structures",
    made=pair,
)
case(
    "number of losses",
    lambda k, m: (m.compile("sgd", ["mse"] * 3), m.fit([A, B], [Y, Z], verbose=0)),
    KeyError,
    "`loss`",
    "(2,)",
)
case(
    "names of losses",
    lambda k, m: (m.compile("sgd", {"y": "mse", "zz": "mse"}), m.fit([A, B], [Y, Z], verbose=0)),
    ValueError,
    "'y', 'z'",
    "'zz'",
)
case(
    "number of loss weights",
    lambda k, m: (m.compile("sgd", ["mse", "mse"], loss_weights=[1.0]), m.fit([A, B], [Y, Z], verbose=0)),
    ValueError,
    "`loss_weights`",
    "2 losses",
    "1 weights",
)
case(
    "names of metrics",
    lambda k, m: (m.compile("sgd", "mse", metrics={"zz": "mae"}), m.fit([A, B], [Y, Z], verbose=0)),
    ValueError,
    "`metrics`",
    "zz",
    "list",
)
case(
    "two layers of a name",
    lambda k: k.Sequential([k.layers.Dense(2, name="a"), k.layers.Dense(2, name="a")]),
    ValueError,
    "unique names",
    "'a'",
    "`name`",
)
case(
    "text for a layer",
    lambda k: k.Sequential(["Dense"]),
    ValueError,
    "Dense",
    "instances",
    "can be added to a Sequential",
)
case(
    "shapes in a stack",
    lambda k: k.Sequential([k.Input((4,)), k.layers.Reshape((3, 3), name="r")]),
    ValueError,
    "Reshape",
    "total size",
    "3, 3",
)
case(
    "shape of an open stack",
    lambda k: k.Sequential([k.layers.Dense(2)], name="open").output_shape,
    AttributeError,
    "'open'",
    "no defined output shape",
)
case("arrays for symbolic tensors", lambda k: k.Model(ones(2, 3), ones(2, 3)), ValueError, "`inputs`", "KerasTensors")
case("JSON of a model", lambda k: k.models.model_from_json("{"), ValueError, "line 1", "column 2")
case("missing file", lambda k: k.models.load_model("none.keras"), ValueError, "none.keras", "not found")
case("misspelt name", lambda k: k.Sequentail, AttributeError, "'Sequentail'", "Did you mean 'Sequential'?")


def disconnected(k):
    a, b = k.Input((3,), name="a"), k.Input((3,), name="b")
    return k.Model(a, k.layers.Add()([a, b]))


case("an input left out", disconnected, ValueError, "not connected to `inputs`")
