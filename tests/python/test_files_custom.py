"""Users' classes in files: written once against the Keras API, made with keras and with lamina, files in both
directions."""

import types
import warnings

import h5py
import keras
import lamina
import numpy as np
import pytest

RNG = np.random.default_rng(2)
X = RNG.standard_normal((8, 3)).astype("float32")
Y = RNG.standard_normal((8, 2)).astype("float32")


def define(k):
    """The same classes on either library."""
    register = k.saving.register_keras_serializable("files_custom")

    @register
    class Block(k.layers.Layer):
        """Own variables made out of order, sublayers in every kind of container, an alias and a metric."""

        def __init__(self, units=3, **kwargs):
            super().__init__(**kwargs)
            self.units = units
            self.counter = self.add_weight(
                shape=(), initializer="zeros", dtype="int32", trainable=False, name="counter"
            )
            self.many = [k.layers.Dense(units), k.layers.Dense(units), "text", 3, (k.layers.Dense(units), [])]
            self.by_name = {"z": k.layers.Dense(units), "a": k.layers.LayerNormalization()}
            self._hidden = k.layers.Dense(units)
            self.zoo = k.layers.Dense(units)
            self.alias = self.zoo
            self.scale = self.add_weight(shape=(units,), initializer="ones", name="scale")

        def build(self, shape):
            inner = (*shape[:-1], self.units)
            self.many[0].build(shape)
            for layer in (self.many[1], self.many[4][0], self.by_name["z"], self.by_name["a"], self._hidden, self.zoo):
                layer.build(inner)

        def call(self, x):
            x = self.many[4][0](self.many[1](self.many[0](x)))
            x = self.by_name["a"](self.by_name["z"](x))
            return self.zoo(self._hidden(x)) * self.scale

        def get_config(self):
            return {**super().get_config(), "units": self.units}

    @register
    class Packed(k.layers.Layer):
        """Stores its state in its own way, and a file."""

        def __init__(self, words=(), **kwargs):
            super().__init__(**kwargs)
            self.words = list(words)

        def build(self, shape):
            self.kernel = self.add_weight(shape=(shape[-1], 2), name="kernel")
            self.total = self.add_weight(shape=(2,), initializer="ones", name="total")

        def call(self, x):
            return k.ops.matmul(x, self.kernel) * self.total

        def save_own_variables(self, store):
            super().save_own_variables(store)
            del store["1"]
            store["packed"] = k.ops.convert_to_numpy(self.total) * 10
            store["note"] = np.arange(3, dtype="int64")

        def load_own_variables(self, store):
            assert set(store.keys()) == {"0", "packed", "note"} and "packed" in store and len(store) == 3
            np.testing.assert_array_equal(store["note"], np.arange(3))
            self.kernel.assign(store["0"])
            self.total.assign(store["packed"] / 10)

        def save_assets(self, folder):
            with open(f"{folder}/words.txt", "w") as f:
                f.write("\n".join(self.words))

        def load_assets(self, folder):
            with open(f"{folder}/words.txt") as f:
                self.words = f.read().split("\n")

    @register
    class Net(k.Model):
        def __init__(self, width=3, **kwargs):
            super().__init__(**kwargs)
            self.width = width
            self.block = Block(width)
            self.tail = Packed(words=["a", "b"])  # sorts after "layers": stored there
            self.offset = self.add_weight(shape=(2,), initializer="ones", name="offset")

        def call(self, x, training=False):
            return self.tail(self.block(x)) + self.offset

        def get_config(self):
            return {"name": self.name, "width": self.width}

    @register
    class Shapeless(k.layers.Layer):
        """What build() needs is in the build config."""

        def build(self, shape):
            self.make(shape[-1])

        def make(self, size):
            self.w = self.add_weight(shape=(size,), initializer="ones", name="w")
            self.size = size
            self.built = True

        def call(self, x):
            return x * self.w

        def get_build_config(self):
            return {"size": self.size}

        def build_from_config(self, config):
            self.make(config["size"])

    @register
    class Recompiled(k.Sequential):
        def get_compile_config(self):
            return {"speed": 0.5}

        def compile_from_config(self, config):
            self.compile(k.optimizers.SGD(momentum=config["speed"]), "mse")

    @register
    class Count(k.metrics.Metric):
        def __init__(self, name="count", **kwargs):
            super().__init__(name=name, **kwargs)
            self.n = self.add_weight(shape=(), initializer="zeros", name="n")

        def update_state(self, y_true, y_pred, sample_weight=None):
            self.n.assign_add(1.0)

        def result(self):
            return k.ops.convert_to_tensor(self.n)

        def save_own_variables(self, store):
            store["n"] = self.n

        def load_own_variables(self, store):
            self.n.assign(store["n"])

    @register
    class Counted(k.layers.Layer):
        def __init__(self, **kwargs):
            super().__init__(**kwargs)
            self.count = Count()
            self.plain = k.metrics.Mean(name="plain")  # metrics without a method of their own have no place in files

        def call(self, x):
            return x

    @register
    class Decay(k.optimizers.Optimizer):
        def __init__(self, learning_rate=0.1, name="decay", **kwargs):
            super().__init__(learning_rate=learning_rate, name=name, **kwargs)

        def build(self, variables):
            if not self.built:
                super().build(variables)
                self.last = [self.add_variable_from_reference(v, "last") for v in variables]

        def update_step(self, gradient, variable, learning_rate):
            self.assign(
                self.last[self._get_variable_index(variable)] if hasattr(self, "_get_variable_index") else self.last[0],
                gradient,
            )
            self.assign_sub(variable, gradient * k.ops.cast(learning_rate, variable.dtype))

        def save_own_variables(self, store):
            super().save_own_variables(store)
            store["marker"] = np.float32(2.5)

        def load_own_variables(self, store):
            self.marker = float(store["marker"])
            names = store.keys()  # Keras' stores have keys() but cannot be iterated over
            super().load_own_variables({key: store[key] for key in names if key != "marker"})

    return types.SimpleNamespace(
        Block=Block,
        Packed=Packed,
        Net=Net,
        Shapeless=Shapeless,
        Recompiled=Recompiled,
        Count=Count,
        Counted=Counted,
        Decay=Decay,
    )


THEIRS, MINE = define(keras), define(lamina)
LIBRARIES = {"keras": (keras, THEIRS), "lamina": (lamina, MINE)}
DIRECTIONS = pytest.mark.parametrize("source,target", [("keras", "lamina"), ("lamina", "keras"), ("lamina", "lamina")])


def paths(file):
    out = {}
    with h5py.File(file) as f:
        f.visititems(
            lambda name, o: out.update({name: o.shape if isinstance(o, h5py.Dataset) else o.attrs.get("name", "")})
        )
    return out


def net(library):
    model = LIBRARIES[library][1].Net(name="net")
    model(X)
    return model


def functional(library):
    k, own = LIBRARIES[library]
    i = k.Input((3,), name="i")
    x = own.Block(3, name="block")(i)
    return k.Model(i, own.Packed(words=["x", "y"], name="packed")(own.Shapeless(name="shapeless")(x)), name="f")


@pytest.mark.parametrize("build", [net, functional])
def test_places_are_keras_own(tmp_path, build):
    for library in LIBRARIES:
        build(library).save_weights(tmp_path / f"{library}.weights.h5")
    theirs, mine = paths(tmp_path / "keras.weights.h5"), paths(tmp_path / "lamina.weights.h5")
    names = {p for p in theirs if p.endswith("vars")}  # instance names count up per library
    assert theirs.keys() == mine.keys()
    assert {p: s for p, s in theirs.items() if p not in names} == {p: s for p, s in mine.items() if p not in names}
    assert any("container" in p for p in theirs) and any("packed" in p for p in theirs)


@DIRECTIONS
@pytest.mark.parametrize("build", [net, functional])
def test_models_move(tmp_path, source, target, build):
    model = build(source)
    model.set_weights([RNG.standard_normal(w.shape).astype(w.dtype) for w in model.get_weights()])
    model.save(tmp_path / "m.keras")
    packed = [l for l in model.layers if type(l).__name__ == "Packed"][0]
    packed.words[0] = "not what the file says"
    other = LIBRARIES[target][0].models.load_model(tmp_path / "m.keras")
    np.testing.assert_allclose(other.predict(X, verbose=0), model.predict(X, verbose=0), rtol=1e-4, atol=1e-5)
    loaded = [l for l in other.layers if type(l).__name__ == "Packed"][0]
    assert loaded.words == (["a", "b"] if build is net else ["x", "y"])
    model.save_weights(tmp_path / "w.weights.h5")
    build(target).load_weights(tmp_path / "w.weights.h5")


@DIRECTIONS
def test_as_a_folder(tmp_path, source, target):
    model = functional(source)
    model.save(tmp_path / "folder", zipped=False)
    other = LIBRARIES[target][0].models.load_model(tmp_path / "folder")
    np.testing.assert_allclose(other.predict(X, verbose=0), model.predict(X, verbose=0), rtol=1e-4, atol=1e-5)
    assert other.get_layer("packed").words == ["x", "y"]


@DIRECTIONS
def test_compile_configs(tmp_path, source, target):
    k, own = LIBRARIES[source]
    model = own.Recompiled([k.Input((3,)), k.layers.Dense(2)])
    model.compile("adam", "mse")
    model.save(tmp_path / "m.keras")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # Adam's variables in the file, none for SGD
        other = LIBRARIES[target][0].models.load_model(tmp_path / "m.keras")
    assert (
        type(other).__name__ == "Recompiled"
        and type(other.optimizer).__name__ == "SGD"
        and other.optimizer.get_config()["momentum"] == 0.5
    )


@DIRECTIONS
def test_metrics_and_optimizers(tmp_path, source, target):
    def build(library):
        k, own = LIBRARIES[library]
        model = k.Sequential([k.Input((3,)), own.Counted(name="counted"), k.layers.Dense(2, use_bias=False, name="d")])
        model.compile(own.Decay(0.01), "mse")
        return model

    model = build(source)
    model.fit(X, Y, epochs=1, verbose=0)
    model.get_layer("counted").count.n.assign(5.0)
    model.save(tmp_path / "m.keras")
    other = LIBRARIES[target][0].models.load_model(tmp_path / "m.keras")
    assert float(np.asarray(other.get_layer("counted").count.n)) == 5
    assert other.optimizer.marker == 2.5 and type(other.optimizer).__name__ == "Decay"
    for a, b in zip(model.optimizer.variables, other.optimizer.variables, strict=True):
        np.testing.assert_allclose(np.asarray(a), np.asarray(b), rtol=1e-6)


def test_what_a_class_raises_is_told(tmp_path):
    model = functional("lamina")
    model.save_weights(tmp_path / "w.weights.h5")
    with h5py.File(tmp_path / "w.weights.h5", "a") as f:
        del f["layers/packed/vars/packed"]
    before = [w.copy() for w in model.get_weights()]
    with pytest.raises(
        ValueError,
        match=(
            r"A total of 1 objects could not be loaded. Example error message for object <Packed name=packed, "
            r"built=True>:\n\nAssertionError"
        ),
    ):
        model.load_weights(tmp_path / "w.weights.h5")
    with pytest.warns(UserWarning, match="A total of 1 objects could not be loaded"):
        model.load_weights(tmp_path / "w.weights.h5", skip_mismatch=True)
    for a, b in zip(before, model.get_weights()):
        np.testing.assert_array_equal(a, b)


def test_an_unknown_class_is_told_how_to_register(tmp_path):
    class Local(lamina.layers.Layer):
        def call(self, x):
            return x

    model = lamina.Sequential([lamina.Input((3,)), Local(name="local")])
    model.save(tmp_path / "m.keras")
    with pytest.raises(
        TypeError,
        match=(
            r"Could not locate class 'Local'. Make sure custom classes and functions are decorated with "
            r"`@keras.saving.register_keras_serializable\(\)`"
        ),
    ):
        lamina.models.load_model(tmp_path / "m.keras")
    assert type(lamina.models.load_model(tmp_path / "m.keras", custom_objects={"Local": Local}).layers[0]) is Local


def test_variables_of_bfloat16_and_bools_reach_the_class(tmp_path):
    seen = {}

    class Mixed(lamina.layers.Layer):
        def build(self, shape):
            self.b = self.add_weight(shape=(2,), initializer="ones", dtype="bfloat16", name="b")
            self.flag = self.add_weight(shape=(2,), initializer="zeros", dtype="bool", trainable=False, name="flag")

        def call(self, x):
            return x

        def load_own_variables(self, store):
            seen.update({k: np.asarray(v) for k, v in store.items()})
            super().load_own_variables(store)

    model = lamina.Sequential([lamina.Input((3,)), Mixed(name="mixed")])
    model.save_weights(tmp_path / "w.weights.h5")
    model.load_weights(tmp_path / "w.weights.h5")
    assert str(seen["0"].dtype) == "bfloat16" and seen["1"].dtype == bool
    assert seen["0"].astype("float32").tolist() == [1, 1]


@lamina.saving.register_keras_serializable()
class AnyKeywords(lamina.Model):
    def __init__(self, units=4, **others):
        super().__init__(**others)
        self.units = units
        self.dense = lamina.layers.Dense(units)

    def call(self, x):
        return self.dense(x)


def test_keywords_of_any_name(tmp_path):
    x = np.ones((2, 3), "float32")
    model = AnyKeywords(5, name="mine")
    before = np.asarray(model(x))
    model.save(tmp_path / "m.keras")
    again = lamina.models.load_model(tmp_path / "m.keras")
    assert (again.units, again.name) == (5, "mine")
    np.testing.assert_array_equal(np.asarray(again(x)), before)


def test_a_class_with_the_name_of_a_built_in_one():
    """It is not meant by a config of the built-in one."""

    @lamina.saving.register_keras_serializable()
    class Dense(lamina.layers.Layer):
        pass

    try:
        config = lamina.saving.serialize_keras_object(lamina.layers.Dense(1))
        assert isinstance(lamina.saving.deserialize_keras_object(config), lamina.layers.Dense)
        assert isinstance(lamina.saving.deserialize_keras_object(lamina.saving.serialize_keras_object(Dense())), Dense)
        for name in ("builtins.eval", "my_pkg>Dense"):
            with pytest.raises(ValueError, match="resolved to a Keras built-in"):
                lamina.saving.deserialize_keras_object({**config, "registered_name": name})
    finally:
        lamina.saving.get_custom_objects().pop("Custom>Dense")


@pytest.mark.parametrize("library", [lamina, keras], ids=["lamina", "keras"])
def test_plain_values_as_configs(library):
    save, load = library.saving.serialize_keras_object, library.saving.deserialize_keras_object
    for value in ("é".encode(), slice(None, 20, 1), slice(1, None, None), ...):
        assert load(save(value)) == value
    stops = load(save(slice(None, np.array([0, 1]), 1)))
    np.testing.assert_array_equal(stops.stop, [0, 1])
    tensor = load(save(library.KerasTensor((2, None), "int32")))
    assert tensor.shape == (2, None) and tensor.dtype == "int32"


def test_descriptions_of_other_libraries_tensors():
    bad = {"class_name": "__typespec__", "config": "neither a list nor a tuple"}
    with pytest.raises(TypeError, match="Expected 'config' to be a list or a tuple"):
        lamina.saving.deserialize_keras_object(bad)
    with pytest.raises(ValueError, match="TensorFlow"):
        lamina.saving.deserialize_keras_object({**bad, "config": [[None], "float32"], "spec_name": "TensorSpec"})


def test_classes_that_cannot_be_made_again(tmp_path):
    @lamina.saving.register_keras_serializable(package="here")
    class Factor:
        def __init__(self, factor):
            self.factor = factor

        def __call__(self, x):
            return x * self.factor

        def get_config(self):
            return {"factor": self.factor}

    @lamina.saving.register_keras_serializable(package="here")
    class Around(lamina.layers.Layer):
        def __init__(self, inner, **kwargs):
            super().__init__(**kwargs)
            self.inner = inner

        def get_config(self):
            return {**super().get_config(), "inner": self.inner}

        def call(self, x):
            return self.inner(x)

    x = lamina.Input((4,))
    lamina.Model(x, lamina.layers.Dense(1, activation=Factor(0.5))(x)).save(tmp_path / "factor.keras")
    with pytest.raises(TypeError, match="Unable to reconstruct an instance of 'Factor'"):
        lamina.models.load_model(tmp_path / "factor.keras")
    lamina.Model(x, Around(lamina.layers.Dense(1))(x)).save(tmp_path / "around.keras")
    with pytest.raises(TypeError, match="explicitly deserialized"):
        lamina.models.load_model(tmp_path / "around.keras")
