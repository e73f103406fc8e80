"""A model of one drawn layer in Lamina and in Keras: the same outputs, gradients, new statistics and files in both
directions."""

import contextlib
import pathlib
import tempfile
from unittest import mock

import jax
import keras
import lamina
import numpy as np
from layer_in_model import on


def without_initial_weights():
    """Keras' weights begin at zero: they are replaced anyway, and drawing them takes JAX longer than all else."""
    zeros = lambda self, shape, dtype=None, **kwargs: np.zeros(shape, "float32")
    names = ("VarianceScaling", "Orthogonal", "RandomUniform")
    patches = contextlib.ExitStack()
    for name in names:
        patches.enter_context(mock.patch.object(getattr(keras.initializers, name), "__call__", zeros))
    return patches


def close(found, expected, rtol, atol):
    """Equal up to `rtol` of each number and `atol` of the largest (of one, where all are smaller)."""
    expected = np.asarray(expected)
    largest = max(1.0, np.abs(expected).max(initial=0.0))
    np.testing.assert_allclose(np.asarray(found), expected, rtol=rtol, atol=atol * largest)


def same_outputs(found, expected):
    for one, other in zip(keras.tree.flatten(found), keras.tree.flatten(expected), strict=True):
        close(one, other, rtol=1e-4, atol=1e-5)


def random_weights(model):
    """Of both signs where they are trained; what is not trained are moving means and variances, and those are
    positive."""
    random = np.random.default_rng(5)
    trained = {id(weight) for weight in model.trainable_weights}
    draw = lambda weight: (
        random.standard_normal(weight.shape) * 0.5 if id(weight) in trained else random.uniform(0.5, 1.5, weight.shape)
    )
    return [draw(weight).astype("float32") for weight in model.weights]


def compiled(function):
    """With next to no optimization: these run once or twice, and compilation is what takes the time."""
    return jax.jit(function, compiler_options={"xla_backend_optimization_level": 0})


def keras_outputs(model, inputs):
    values = [
        [variable.value for variable in variables]
        for variables in (model.trainable_variables, model.non_trainable_variables)
    ]
    return compiled(lambda values, inputs: model.stateless_call(*values, inputs)[0])(values, inputs)


def keras_gradients(model, inputs, targets):
    """Of the sum of outputs times targets with respect to the trained weights and the inputs that are numbers; and what
    training makes of the other weights."""
    others = [variable.value for variable in model.non_trainable_variables]
    numbers, masks = split(inputs)

    def loss(weights, numbers):
        outputs, others_then = model.stateless_call(weights, others, together(numbers, masks), training=True)
        return sum(
            (output * target).sum() for output, target in zip(keras.tree.flatten(outputs), targets, strict=True)
        ), others_then

    (weights, numbers), others_then = compiled(jax.grad(loss, (0, 1), has_aux=True))(
        [variable.value for variable in model.trainable_variables], numbers
    )
    statistics = {id(weight) for weight in model.non_trainable_weights}  # and no states of random generators
    return [*weights, *numbers], [
        value for variable, value in zip(model.non_trainable_variables, others_then) if id(variable) in statistics
    ]


def lamina_gradients(model, inputs, targets):
    numbers, masks = split([lamina.ops.convert_to_tensor(array) for array in inputs])

    def gradients(*numbers):
        with lamina.GradientTape() as tape:
            for tensor in numbers:
                tape.watch(tensor)
            outputs = lamina.tree.flatten(model(together(numbers, masks), training=True))
            total = sum(lamina.ops.sum(output * target) for output, target in zip(outputs, targets, strict=True))
        return tape.gradient(total, [*model.trainable_weights, *numbers])

    return lamina.function(gradients)(*numbers)  # compiled on the graph engine, the plain function on the other


def split(inputs):
    """The inputs that are numbers come first, the masks last."""
    count = sum("bool" not in str(array.dtype) for array in inputs)
    return list(inputs[:count]), list(inputs[count:])


def together(numbers, masks):
    inputs = [*numbers, *masks]
    return inputs[0] if len(inputs) == 1 else inputs


def check_configuration(engine, build, inputs):
    """`build(k)` makes the model of library `k`; `inputs` are arrays of numbers, then of masks."""
    with on(engine), without_initial_weights(), tempfile.TemporaryDirectory() as folder:
        theirs, mine = build(keras), build(lamina)
        assert [tuple(weight.shape) for weight in mine.weights] == [tuple(weight.shape) for weight in theirs.weights]
        start = random_weights(theirs)
        theirs.set_weights(start)
        mine.set_weights(start)
        whole = together(inputs, [])
        expected = keras_outputs(theirs, whole)
        # Against what came out: the shape that Keras foretells for the scores of attention is wrong where there are
        # more keys than queries.
        assert [tuple(output.shape)[1:] for output in lamina.tree.flatten(mine.outputs)] == [
            output.shape[1:] for output in keras.tree.flatten(expected)
        ]
        same_outputs(mine(whole), expected)
        same_outputs(mine.predict(whole, verbose=0), expected)

        folder = pathlib.Path(folder)
        theirs.save(folder / "theirs.keras")
        same_outputs(lamina.models.load_model(folder / "theirs.keras").predict(whole, verbose=0), expected)
        mine.save(folder / "mine.keras")
        same_outputs(keras_outputs(keras.models.load_model(folder / "mine.keras"), whole), expected)

        targets = [
            np.random.default_rng(9).standard_normal(output.shape).astype("float32")
            for output in keras.tree.flatten(expected)
        ]
        gradients, statistics = keras_gradients(theirs, inputs, targets)
        for found, wanted in zip(lamina_gradients(mine, inputs, targets), gradients, strict=True):
            # What an output does not depend on has no gradient here, zeros in JAX.
            close(np.zeros(wanted.shape) if found is None else found, wanted, rtol=1e-3, atol=1e-4)
        for weight, wanted in zip(mine.non_trainable_weights, statistics, strict=True):
            close(weight, wanted, rtol=1e-4, atol=1e-5)
