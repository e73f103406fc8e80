"""keras.Operation and keras.Function: configs, names, graphs of symbolic tensors that were made by hand."""

import json

import keras as theirs
import lamina
import numpy as np
import pytest
from lamina import ops

LIBRARIES = pytest.mark.parametrize("library", [lamina, theirs], ids=["lamina", "keras"])


def operations(library):
    class Affine(library.Operation):
        def __init__(self, alpha, *, beta=1.0, name=None):
            super().__init__(name=name)
            self.alpha, self.beta = alpha, beta

        def call(self, x):
            return self.alpha * x + self.beta

    class Nameless(library.Operation):
        def __init__(self, alpha, beta=(1, 2)):
            super().__init__()
            self.alpha = alpha

    class Anything(library.Operation):
        def __init__(self, alpha, **kwargs):
            super().__init__(**kwargs)

    class Positional(library.Operation):
        def __init__(self, alpha, *rest, name=None):
            super().__init__(name=name)

    class Written(library.Operation):
        def __init__(self, alpha, name=None):
            super().__init__(name=name)
            self.alpha = alpha

        def get_config(self):
            return {**super().get_config(), "alpha": self.alpha}

    return Affine, Nameless, Anything, Positional, Written


@LIBRARIES
def test_config_is_the_arguments_of_the_constructor(library):
    affine, nameless, anything, positional, written = operations(library)
    assert affine(2.0, name="a").get_config() == {"name": "a", "alpha": 2.0, "beta": 1.0}
    made = affine(0.5)
    assert made.get_config() == {"name": made.name, "alpha": 0.5, "beta": 1.0}
    assert nameless([1, "x"]).get_config() == {"alpha": [1, "x"], "beta": (1, 2)}
    assert anything(1, name="b").get_config() == {"name": "b", "alpha": 1}
    assert written(3, name="c").get_config() == {"name": "c", "alpha": 3}
    for made in (affine(2.0), anything(1, name="b"), written(3), positional(4)):
        again = type(made).from_config(made.get_config())
        assert again.get_config() == made.get_config() and again.name == made.name
    for made in (affine(object()), positional(1, 2), nameless(np.ones(2))):
        with pytest.raises(NotImplementedError, match="get_config"):
            made.get_config()
    with pytest.raises(TypeError, match="Error when deserializing class 'Affine'"):
        affine.from_config({"gamma": 1})


@LIBRARIES
def test_names(library):
    affine = operations(library)[0]
    assert affine(1, name="of_my_own").name == "of_my_own" and affine(1).name.startswith("affine")
    for name in ("a/b", 3):
        with pytest.raises(ValueError, match="must be a string and cannot contain character `/`"):
            affine(1, name=name)


@LIBRARIES
def test_calls_are_counted_and_remembered(library):
    class Sum(library.Operation):
        def call(self, x, y, z=None):
            return x + 2 * y + 3 * z

        def compute_output_spec(self, x, y, z=None):
            return library.KerasTensor(x.shape, x.dtype)

    x, y, z = (library.KerasTensor((2, 3), name=n) for n in "xyz")
    op = Sum()
    first = op(x, y=y, z=z)
    op(z, x, y)
    assert len(op._inbound_nodes) == 2 and op.output == first and op.input == [x, y, z]
    one = np.ones((2, 3), "float32")
    np.testing.assert_allclose(np.asarray(op(one, library.ops.ones((2, 3)), z=one)), 6 * one)


@LIBRARIES
def test_what_cannot_be_inferred_says_so(library):
    class Broken(library.Operation):
        def call(self, x):
            raise ValueError("no such thing")

    with pytest.raises(ValueError, match="Could not automatically infer(.|\n)*no such thing"):
        Broken()(library.KerasTensor((2,)))


@LIBRARIES
def test_the_mode_of_quantization_chooses_the_method(library):
    class Doubled(library.Operation):
        def call(self, x):
            return x

        def quantized_call(self, x):
            return x * 2

    op = Doubled()
    assert float(op(library.ops.ones(()))) == 1
    op.quantization_mode = "mine"
    assert float(op(library.ops.ones(()))) == 2
    plain = operations(library)[0](2.0)
    plain.quantization_mode = "mine"
    with pytest.raises(NotImplementedError):
        plain(library.ops.ones(()))


def test_operations_in_files(engine, tmp_path):
    affine = operations(lamina)[0]
    x = lamina.Input((3,))
    model = lamina.Model(x, affine(3.0, beta=0.5)(x))
    one = np.ones((2, 3), "float32")
    model.save(tmp_path / "model.keras")
    again = lamina.models.load_model(tmp_path / "model.keras", custom_objects={"Affine": affine})
    for m in (model, again):
        np.testing.assert_allclose(np.asarray(m(one)), 3.5 * one)


@LIBRARIES
def test_functions_of_tensors_made_by_hand(library):
    x1, x2 = library.KerasTensor((2, 3)), library.KerasTensor((2, 3))
    total = library.ops.add(x1, x2)
    f = library.Function({"a": x1, "b": x2}, [total * 3, total**2], name="f")
    one = np.ones((2, 3), "float32")
    three, square = f({"a": one, "b": one})
    np.testing.assert_allclose(np.asarray(three), 6 * one)
    np.testing.assert_allclose(np.asarray(square), 4 * one)
    y1, y2 = library.KerasTensor((2, 3)), library.KerasTensor((2, 3))
    outputs = f({"a": y1, "b": y2})
    assert [o.shape for o in outputs] == [(2, 3), (2, 3)]
    nested = library.Function([y1, y2], outputs)  # a function within one
    np.testing.assert_allclose(np.asarray(nested([one, one])[1]), 4 * one)
    with pytest.raises(ValueError, match="invalid input structure"):
        f([one, one])
    with pytest.raises(ValueError, match="incompatible inputs"):
        f({"a": one[:1], "b": one})


@LIBRARIES
def test_functions_infer_shapes(library):
    x = library.KerasTensor((None, 3))
    f = library.Function(x, x**2)
    assert f.compute_output_spec(library.KerasTensor((4, 3))).shape == (4, 3)
    assert f.compute_output_shape((None, 3)) == (None, 3)
    assert f(library.KerasTensor((5, 3))).shape == (5, 3)


@LIBRARIES
def test_functions_that_begin_within_a_graph(library):
    x = library.Input((3,), name="x")
    b = x * 2 + 1
    f = library.Function(b, b**2)
    assert [type(o).__name__ for o in f.operations if "power" in o.name] and not any(
        "add" in o.name for o in f.operations
    )
    np.testing.assert_allclose(np.asarray(f(np.full((2, 3), 3, "float32"))), np.full((2, 3), 9))
    with pytest.raises(ValueError, match="not connected"):
        library.Function(library.Input((2,)), library.Input((2,)) + 1)


def test_models_of_tensors_made_by_hand(engine):
    library = lamina  # Keras takes such inputs of functions alone
    x = library.KerasTensor((None, 3), name="mine")
    model = library.Model(x, library.layers.Dense(2, kernel_initializer="ones")(x) + 1)
    np.testing.assert_allclose(np.asarray(model(np.ones((4, 3), "float32"))), np.full((4, 2), 4))
    assert model.layers[0].name == "mineCLONE" and json.loads(model.to_json())


def test_one_of_several_outputs_as_input(engine):
    parts = ops.split(lamina.Input((4,)), 2, axis=1)
    model = lamina.Model(parts[1], parts[1] * 2)
    np.testing.assert_array_equal(np.asarray(model(np.ones((3, 2), "float32"))), np.full((3, 2), 2))
