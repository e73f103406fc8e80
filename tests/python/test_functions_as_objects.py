"""Functions in the place of constraints, regularizers, initializers and activations: what layers and variables give
back, and what configs and files hold. Compared with Keras."""

import keras
import lamina
import numpy as np
import pytest

LIBRARIES = pytest.mark.parametrize("library", [lamina, keras], ids=["lamina", "keras"])


def half(w):
    return w * 0.5


def total(w):
    return (w * w).sum()


def twos(shape, dtype=None):
    return np.full(shape, 2.0)


for _library in (lamina, keras):
    for _f in (half, total, twos):
        _library.saving.register_keras_serializable(package="functions")(_f)

PLACES = [
    ("Dense", {"units": 2}, "kernel_constraint", half),
    ("Dense", {"units": 2}, "kernel_regularizer", total),
    ("Dense", {"units": 2}, "kernel_initializer", twos),
    ("Dense", {"units": 2}, "activation", half),
    ("Dense", {"units": 2}, "activity_regularizer", total),
    ("Embedding", {"input_dim": 3, "output_dim": 2}, "embeddings_constraint", half),
    ("BatchNormalization", {}, "gamma_constraint", half),
    ("LSTM", {"units": 2}, "recurrent_regularizer", total),
    ("Conv1D", {"filters": 2, "kernel_size": 1}, "bias_initializer", twos),
]


@pytest.mark.parametrize("name, arguments, place, f", PLACES)
def test_configs_name_the_function(name, arguments, place, f):
    configs = []
    for library in (lamina, keras):
        layer = getattr(library.layers, name)(**arguments, **{place: f})
        assert getattr(layer, place) is f
        configs.append(layer.get_config()[place])
        assert getattr(type(layer).from_config(layer.get_config()), place) is f
    assert configs[0] == configs[1]
    assert configs[0]["config"] == f"functions>{f.__name__}" and configs[0]["registered_name"] == "function"


@LIBRARIES
def test_variables_give_the_function_back(library):
    v = library.Variable(np.ones(2, "float32"))
    v.regularizer, v.constraint = total, half
    assert v.regularizer is total and v.constraint is half
    v.regularizer = library.regularizers.L1()
    assert isinstance(v.regularizer, library.regularizers.L1)
    v.regularizer = v.constraint = None
    assert v.regularizer is None and v.constraint is None
    for attribute in ("regularizer", "constraint"):
        with pytest.raises(ValueError, match=f"Invalid value for attribute `{attribute}`.*not callable"):
            setattr(v, attribute, "not callable")
    layer = library.layers.Dense(2, kernel_constraint=half, kernel_regularizer=total)
    layer.build((None, 3))
    assert layer.kernel.constraint is half and layer.kernel.regularizer is total


def model_of(library):
    layers = library.layers
    return library.Sequential(
        [library.Input((3,)), layers.Dense(2, None, True, twos, kernel_regularizer=total, kernel_constraint=half)]
    )


@pytest.mark.parametrize("writer", [lamina, keras], ids=["lamina", "keras"])
@pytest.mark.parametrize("ending", ["keras", "h5"])
def test_files(writer, ending, tmp_path):
    x, y = np.ones((4, 3), "float32"), np.zeros((4, 2), "float32")
    model_of(writer).save(tmp_path / f"a.{ending}")
    losses = []
    for library in (lamina, keras):
        model = library.models.load_model(tmp_path / f"a.{ending}")
        assert model.layers[0].kernel_constraint is half
        assert float(model.losses[0]) == pytest.approx(24.0)
        model.compile("sgd", "mse")
        losses += [model.train_on_batch(x, y), model.train_on_batch(x, y)]
    assert losses[:2] == pytest.approx(losses[2:])


@LIBRARIES
@pytest.mark.parametrize("value", [1.0, [1.0], np.ones(1), np.ones(1, "int32")], ids=str)
def test_what_a_function_gives_becomes_a_variables_value(library, value):
    shape = () if isinstance(value, float) else (1,)
    v = library.Variable(lambda *args, **kwargs: value, shape=shape, dtype="float32")
    assert v.dtype == "float32" and tuple(v.shape) == shape and np.all(np.asarray(v) == 1.0)


# ---- variables and tensors as numbers of Python ----
@LIBRARIES
def test_only_scalars_become_numbers(library):
    for x in (library.Variable(np.ones((2, 2), "float32")), library.ops.ones((2, 2))):
        for kind in (int, float):
            with pytest.raises(TypeError, match="Only scalar arrays can be converted to Python scalars"):
                kind(x)
    with pytest.raises(TypeError, match="cannot be used as a boolean"):
        bool(library.Variable(np.ones((2, 2), "float32")))
    assert (int(library.ops.ones((), "int32")), float(library.Variable(0.5))) == (1, 0.5)
    with pytest.raises(NotImplementedError, match="Iterating"):
        iter(library.KerasTensor((2, 3)))
    with pytest.raises(TypeError, match="`overwrite_with_gradient` must be a boolean"):
        library.Variable(1.0).overwrite_with_gradient = "true"


@LIBRARIES
def test_products_of_bytes_and_bools_stay_bytes(library):
    ops = library.ops
    a, b = ops.ones((2, 2), "int8"), ops.ones((2, 2), "bool")
    for product in (lambda x, y: ops.matmul(x, y), lambda x, y: ops.einsum("ij,jk->ik", x, y)):
        for x, y, dtype in ((a, b, "int8"), (b, a, "int8"), (a, a, "int32")):
            made = product(x, y)
            assert library.backend.standardize_dtype(made.dtype) == dtype
            np.testing.assert_array_equal(np.asarray(made), np.full((2, 2), 2))
