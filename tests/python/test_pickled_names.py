"""Pickles name public modules: where a thing is defined may change."""

import pickle
import pickletools
import zipfile

import lamina
import numpy as np
import pytest


def pickled_modules(data):
    """The modules in a pickle of protocol 2, which names each in an opcode of its own."""
    return {argument.split(" ")[0] for opcode, argument, _ in pickletools.genops(data) if opcode.name == "GLOBAL"}


def model():
    made = lamina.Sequential([lamina.Input((3,)), lamina.layers.Dense(2, activation="relu")])
    made.compile("adam", "mse")
    return made


def metric():
    made = lamina.metrics.MeanSquaredError()
    made.update_state(np.ones((2, 2)), np.zeros((2, 2)))
    return made


def built_layer():
    made = lamina.layers.Dense(2)
    made.build((None, 3))
    return made


OBJECTS = {
    "tensor": lambda: lamina.ops.ones((2,)),
    "variable": lambda: lamina.Variable([1.0, 2.0]),
    "layer": lambda: lamina.layers.Dense(2),
    "built layer": built_layer,
    "model": model,
    "optimizer": lambda: lamina.optimizers.Adam(0.1),
    "loss": lamina.losses.MeanSquaredError,
    "metric": metric,
    "initializer": lambda: lamina.initializers.HeNormal(seed=1),
    "regularizer": lambda: lamina.regularizers.L2(0.1),
    "constraint": lambda: lamina.constraints.MaxNorm(2),
    "schedule": lambda: lamina.optimizers.schedules.ExponentialDecay(0.1, 10, 0.5),
    "policy": lambda: lamina.DTypePolicy("mixed_float16"),
    "seed generator": lambda: lamina.random.SeedGenerator(3),
    "callback": lambda: lamina.callbacks.EarlyStopping(patience=3),
    "history": lamina.callbacks.History,
    "input spec": lambda: lamina.InputSpec(ndim=2),
    "PyDataset": lambda: lamina.utils.PyDataset(workers=2),
}
FUNCTIONS = [
    lamina.ops.add,
    lamina.random.normal,
    lamina.losses.mse,
    lamina.activations.relu,
    lamina.activations.get,
    lamina.initializers.get,
    lamina.layers.add,
    lamina.layers.serialize,
    lamina.losses.deserialize,
    lamina.tree.flatten,
    lamina.utils.clear_session,
    lamina.saving.load_model,
    lamina.saving.register_keras_serializable,
    lamina.config.enable_unsafe_deserialization,
    lamina.value_and_grad,
    lamina.Model,
    lamina.Layer,
    lamina.layers.Dense,
    lamina.optimizers.Muon,
    lamina.GradientTape,
]


@pytest.mark.parametrize("name", OBJECTS)
def test_objects(name):
    data = pickle.dumps(OBJECTS[name](), protocol=2)
    inner = sorted(m for m in pickled_modules(data) if m.startswith("lamina") and "._" in m)
    assert not inner
    assert type(pickle.loads(data)) is type(OBJECTS[name]())


@pytest.mark.parametrize("item", FUNCTIONS, ids=lambda item: item.__qualname__)
def test_functions_and_classes(item):
    data = pickle.dumps(item, protocol=2)
    assert not [m for m in pickled_modules(data) if "._" in m]
    assert pickle.loads(data) is item


def test_files_name_no_module_of_the_package(tmp_path):
    path = tmp_path / "model.keras"
    model().save(path)
    with zipfile.ZipFile(path) as archive:
        config = archive.read("config.json").decode()
    assert '"module": "keras' in config
    assert "lamina" not in config
