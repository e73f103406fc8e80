"""`import lamina.as_keras`: from here on `import keras`, `from keras.layers import Dense` and `tensorflow.keras` mean
Lamina, in this process. `python -m lamina script.py` runs a script so.

Import it before anything that imports Keras. Where TensorFlow is not installed, `import tensorflow` gives a module that
has `keras`, `data.Dataset`, `GradientTape`, `function`, the names of dtypes and some of `strings`; what else a script
asks it for is an AttributeError that names the equivalent.
"""

import importlib
import importlib.abc
import importlib.machinery
import importlib.util
import sys
import types
import warnings

import lamina
from lamina._core import host_strings

_TENSORFLOW = "tensorflow"
# What scripts ask TensorFlow for, and what there is for it. Names that keras.ops has are found there.
_EQUIVALENTS = {
    "Variable": "keras.Variable",
    "clip_by_value": "keras.ops.clip",
    "concat": "keras.ops.concatenate",
    "config": "keras.config, and the file lamina.json",
    "constant": "keras.ops.convert_to_tensor",
    "data": "lamina.data.Dataset",
    "device": "keras.device",
    "gather": "keras.ops.take",
    "image": "keras.ops.image",
    "io.decode_image": "keras.utils.load_img",
    "io.decode_jpeg": "keras.utils.load_img",
    "io.decode_png": "keras.utils.load_img",
    "io.read_file": "open(path, 'rb').read()",
    "linalg": "keras.ops.linalg",
    "map_fn": "keras.ops.map",
    "math.reduce_mean": "keras.ops.mean",
    "math.reduce_std": "keras.ops.std",
    "math.reduce_variance": "keras.ops.var",
    "nn": "keras.ops.nn",
    "nn.sigmoid_cross_entropy_with_logits": "keras.ops.binary_crossentropy(..., from_logits=True)",
    "nn.softmax_cross_entropy_with_logits": "keras.ops.categorical_crossentropy(..., from_logits=True)",
    "nn.sparse_softmax_cross_entropy_with_logits": "keras.ops.sparse_categorical_crossentropy(..., from_logits=True)",
    "random": "keras.random",
    "range": "keras.ops.arange",
    "saved_model": "model.export(...)",
    "stop_gradient": "keras.ops.stop_gradient",
    "summary": "keras.callbacks.TensorBoard",
    "train.Checkpoint": "model.save_weights(...)",
}

# What means the same here, by TensorFlow's name.
_SAME = {
    "GradientTape": "GradientTape",
    "data.AUTOTUNE": "data.AUTOTUNE",
    "data.Dataset": "data.Dataset",
    "data.INFINITE_CARDINALITY": "data.INFINITE_CARDINALITY",
    "data.UNKNOWN_CARDINALITY": "data.UNKNOWN_CARDINALITY",
    "data.experimental.AUTOTUNE": "data.AUTOTUNE",
    "random.set_seed": "utils.set_random_seed",
}
_STRINGS = frozenset(f"strings.{name}" for name in ("length", "lower", "regex_replace", "strip", "upper"))
_DTYPES = (
    *("bfloat16", "bool", "float16", "float32", "float64", "int16", "int32", "int64", "int8", "string"),
    *("uint16", "uint32", "uint64", "uint8"),
)


def install():
    """Makes the names mean Lamina. Once is enough; importing this module does it.

    Raises:
        ImportError: if `keras` was imported before: objects of two libraries do not mix.
    """
    other = sys.modules.get("keras")
    if other is not None and other is not lamina:
        raise ImportError(
            "Keras was imported before lamina.as_keras, and what it defined stays Keras' own. Import lamina.as_keras "
            "first, or run the script with `python -m lamina`."
        )
    if not any(isinstance(finder, _Finder) for finder in sys.meta_path):
        sys.meta_path.insert(0, _Finder())
    sys.modules["keras"] = lamina
    if _TENSORFLOW in sys.modules:
        sys.modules[_TENSORFLOW].keras = lamina


class _Finder(importlib.abc.MetaPathFinder):
    def find_spec(self, fullname, path=None, target=None):
        for prefix in ("keras.src", "keras", f"{_TENSORFLOW}.keras"):  # inner modules by the names of the public ones
            if fullname == prefix or fullname.startswith(prefix + "."):
                ours = "lamina" + fullname[len(prefix) :]
                return importlib.machinery.ModuleSpec(fullname, _Alias(ours), is_package=True)
        if _stands_in() and (inner := fullname.removeprefix(f"{_TENSORFLOW}.")) in _NAMESPACES:
            return importlib.machinery.ModuleSpec(fullname, _Inner(inner), is_package=True)
        if fullname != _TENSORFLOW:
            return None
        installed = self._installed()
        loader = _StandIn() if installed is None else _WithKeras(installed.loader)
        if installed is None:
            return importlib.machinery.ModuleSpec(fullname, loader, is_package=True)
        installed.loader = loader
        return installed

    def _installed(self):
        """TensorFlow's own spec, or None."""
        for finder in sys.meta_path:
            if finder is not self and (spec := finder.find_spec(_TENSORFLOW, None)) is not None:
                return spec
        return None


class _Alias(importlib.abc.Loader):
    """One of our modules under another name."""

    def __init__(self, ours):
        self.ours = ours

    def create_module(self, spec):
        return None

    def exec_module(self, module):
        try:
            found = importlib.import_module(self.ours)
        except ModuleNotFoundError as error:
            if not self.ours.startswith(str(error.name)):
                raise
            found = _attribute(self.ours)  # `import keras.applications.resnet50` of what is a module by attribute alone
            if not isinstance(found, types.ModuleType):
                raise ModuleNotFoundError(
                    f"No module named '{module.__name__}': it stands for {self.ours}, which Lamina has not. Of Keras' "
                    "inner modules (keras.src) there are those that are public, too.",
                    name=module.__name__,
                ) from None
        sys.modules[module.__name__] = found  # what the import gives: the module itself, not a copy


def _attribute(dotted):
    found = lamina
    for part in dotted.split(".")[1:]:
        found = getattr(found, part, None)
    return found


class _WithKeras(importlib.abc.Loader):
    """TensorFlow itself, with our `keras`."""

    def __init__(self, loader):
        self.loader = loader

    def create_module(self, spec):
        return self.loader.create_module(spec)

    def exec_module(self, module):
        self.loader.exec_module(module)
        module.keras = lamina
        if hasattr(module, "GradientTape"):
            module.GradientTape = _tape_of_both(module.GradientTape)
        if hasattr(module, "config"):
            module.config.run_functions_eagerly(True)  # its tracer cannot look into our models
            warnings.filterwarnings("ignore", "Even though the `tf.config.experimental_run_functions_eagerly`")

    def __getattr__(self, name):
        return getattr(self.loader, name)


def _tape_of_both(theirs):
    """TensorFlow's tape that records our ops, too, and gives the gradients of variables and tensors of ours."""

    class GradientTape(theirs):
        def __enter__(self):
            self._ours = lamina.GradientTape()
            self._ours.__enter__()
            return super().__enter__()

        def __exit__(self, *error):
            self._ours.__exit__(*error)
            return super().__exit__(*error)

        def watch(self, tensor):
            if not _is_ours(tensor):
                super().watch(tensor)

        def gradient(self, target, sources, output_gradients=None, **options):
            if _is_ours(target):
                return self._ours.gradient(target, sources, output_gradients)
            return super().gradient(target, sources, output_gradients, **options)

    return GradientTape


def _is_ours(structure):
    ours = (lamina._lamina.TensorBase, lamina._lamina.VariableCore)
    return any(isinstance(x, ours) for x in lamina.tree.flatten(structure))


class _StandIn(importlib.abc.Loader):
    """A module `tensorflow` that has `keras` and what means the same, and says of all else what there is for it."""

    def create_module(self, spec):
        return None

    def exec_module(self, module):
        module.keras = lamina
        module.__version__ = lamina.__version__
        module.__getattr__ = lambda name: _missing(name)


class _Inner(importlib.abc.Loader):
    """`import tensorflow.data` and the like: a module with the names of a namespace."""

    def __init__(self, path):
        self.path = path

    def create_module(self, spec):
        return None

    def exec_module(self, module):
        module.__getattr__ = lambda name: _missing(f"{self.path}.{name}")


def _stands_in():
    spec = getattr(sys.modules.get(_TENSORFLOW), "__spec__", None)
    return isinstance(getattr(spec, "loader", None), _StandIn)


class _Namespace:
    """`tensorflow.nn` and the like: their names are looked up, too."""

    def __init__(self, path):
        self._path = path

    def __getattr__(self, name):
        if name.startswith("__"):
            raise AttributeError(name)
        return _missing(f"{self._path}.{name}")

    def __call__(self, *args, **kwargs):
        raise _error(self._path)


_NAMESPACES = frozenset(
    [
        "compat",
        "compat.v1",
        "config",
        "config.experimental",
        "data",
        "data.experimental",
        "image",
        "io",
        "linalg",
        "math",
        "nn",
        "random",
        "saved_model",
        "sparse",
        "strings",
        "summary",
        "train",
    ]
)


def _missing(path):
    if path.startswith("__"):
        raise AttributeError(path)
    if path in _NAMESPACES:
        return _Namespace(path)
    if path in _SAME:
        return _attribute(f"lamina.{_SAME[path]}")
    if path in _DTYPES:
        return path
    if path in _STRINGS:
        return getattr(host_strings, path.removeprefix("strings."))
    if path == "Tensor":
        return lamina._lamina.TensorBase
    if path == "function":
        return _function
    raise _error(path)


def _function(func=None, **options):
    """keras.function as a decorator with TensorFlow's options, which concern its own compiler."""
    return lamina.function(func) if func is not None else _function


def _error(path):
    equivalent = _equivalent(path)
    hint = f"Use {equivalent}." if equivalent else "Keras' modules have no equivalent by that name."
    return AttributeError(
        f"tensorflow.{path} is TensorFlow's own, which is not installed; Lamina stands in for its `keras` and "
        f"`data.Dataset` alone. {hint}"
    )


def _equivalent(path):
    if path in _EQUIVALENTS:
        return _EQUIVALENTS[path]
    name = path.rpartition(".")[2]
    for candidate in (name, name.removeprefix("reduce_")):
        if path.startswith("random.") and candidate in dir(lamina.random):
            return f"keras.random.{candidate}"
        for module in (lamina.ops.image, lamina.ops.linalg, lamina.ops):
            if candidate in dir(module):
                return f"keras.{module.__name__.removeprefix('lamina.')}.{candidate}"
    return _EQUIVALENTS.get(name)


install()
