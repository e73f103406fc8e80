"""What `tensorflow` has where TensorFlow is not installed: for its names functions and classes of Lamina that mean the
same, or an AttributeError that says what there is for them."""

import importlib
import types

import lamina
from lamina.as_keras import renamed_ops

# The files of this folder that define a namespace's names ("" is tensorflow's own), beside those of renamed_ops.
_FILES = {
    "": ("arrays", "reductions", "training", "system"),
    "audio": ("files",),
    "autodiff": (),
    "autograph": ("system",),
    "autograph.experimental": ("system",),
    "bitwise": (),
    "compat": ("system",),
    "compat.v1": (),
    "compat.v1.logging": ("system",),
    "config": ("system",),
    "config.experimental": ("system",),
    "config.optimizer": ("system",),
    "data": ("pipelines",),
    "data.experimental": ("pipelines",),
    "debugging": ("system",),
    "distribute": ("training",),
    "distribute.cluster_resolver": ("training",),
    "dtypes": ("system", "arrays"),
    "errors": (),
    "experimental": (),
    "image": ("images",),
    "io": ("files", "records"),
    "io.gfile": ("files",),
    "linalg": ("reductions", "arrays"),
    "lookup": (),
    "math": ("reductions", "arrays"),
    "nn": ("nn",),
    "ragged": (),
    "random": ("draws",),
    "random.experimental": ("draws",),
    "saved_model": (),
    "signal": ("signal",),
    "sparse": ("records",),
    "strings": ("strings",),
    "summary": (),
    "sysconfig": (),
    "test": ("system",),
    "train": ("training", "records"),
    "version": (),
}
NAMESPACES = frozenset(_FILES) - {""}
_INNER = frozenset(
    ("path_of", "plain", "print_", "read_records", "sizes", "tensor")
)  # what the files help each other with

# Functions that TensorFlow, where it is installed, does itself whatever its arguments.
_OF_TENSORFLOW = frozenset(("function", "py_function", "numpy_function", "device", "is_tensor", "random.set_seed"))

# What means the same in Lamina's own modules.
_SAME = {
    "GradientTape": "GradientTape",
    "constant_initializer": "initializers.Constant",
    "data.AUTOTUNE": "data.AUTOTUNE",
    "data.Dataset": "data.Dataset",
    "data.INFINITE_CARDINALITY": "data.INFINITE_CARDINALITY",
    "data.UNKNOWN_CARDINALITY": "data.UNKNOWN_CARDINALITY",
    "data.experimental.AUTOTUNE": "data.AUTOTUNE",
    "initializers": "initializers",
    "losses": "losses",
    "metrics": "metrics",
    "ones_initializer": "initializers.Ones",
    "optimizers": "optimizers",
    "random_normal_initializer": "initializers.RandomNormal",
    "random_uniform_initializer": "initializers.RandomUniform",
    "zeros_initializer": "initializers.Zeros",
    "Tensor": "_lamina.TensorBase",
    "TensorSpec": "data.TensorSpec",
}
_DTYPES = (
    *("bfloat16", "bool", "float16", "float32", "float64", "int16", "int32", "int64", "int8", "string"),
    *("uint16", "uint32", "uint64", "uint8"),
)
_SHORT_DTYPES = {"double": "float64", "half": "float16"}
_ERRORS = {
    "AbortedError": RuntimeError,
    "FailedPreconditionError": RuntimeError,
    "InternalError": RuntimeError,
    "InvalidArgumentError": ValueError,
    "NotFoundError": OSError,
    "OpError": Exception,
    "OutOfRangeError": IndexError,
    "ResourceExhaustedError": MemoryError,
    "UnavailableError": ConnectionError,
    "UnimplementedError": NotImplementedError,
}
# What scripts ask TensorFlow for that there is no function for, and what to use. Names that keras.ops has are found.
_EQUIVALENTS = {
    "config": "keras.config, and the file lamina.json",
    "lookup.StaticHashTable": "keras.layers.StringLookup or keras.layers.IntegerLookup",
    "ragged.constant": "keras.utils.pad_sequences",
    "saved_model": "model.export(...)",
    "saved_model.load": "keras.models.load_model(...)",
    "saved_model.save": "model.save(...) or model.export(...)",
    "summary": "keras.callbacks.TensorBoard",
    "summary.create_file_writer": "keras.callbacks.TensorBoard",
    "summary.scalar": "keras.callbacks.TensorBoard",
}


class _Without(type):
    """A class of TensorFlow's that nothing here is of: isinstance() may ask, and calls say so."""

    def __call__(cls, *args, **kwargs):
        raise NotImplementedError(f"There are no objects of TensorFlow's {cls.__name__} here: tensors are dense.")


class RaggedTensor(metaclass=_Without):
    """Rows of different lengths."""


class SparseTensor(metaclass=_Without):
    """Values at places."""


class IndexedSlices(metaclass=_Without):
    """Rows at places."""


_CLASSES = {"RaggedTensor": RaggedTensor, "SparseTensor": SparseTensor, "IndexedSlices": IndexedSlices}
_CLASSES["sparse.SparseTensor"] = SparseTensor


class Namespace:
    """`tensorflow.nn` and the like: their names are looked up, too."""

    def __init__(self, path):
        self._path = path

    def __getattr__(self, name):
        if name.startswith("__"):
            raise AttributeError(name)
        return find(f"{self._path}.{name}")

    def __call__(self, *args, **kwargs):
        raise _error(self._path)


def find(path):
    """What there is for a name of TensorFlow's.

    Args:
        path: the name behind `tensorflow.`, as "math.reduce_mean".

    Raises:
        AttributeError: where there is nothing; it says what to use.
    """
    if path.startswith("__"):
        raise AttributeError(path)
    namespace, _, name = path.rpartition(".")
    if path in NAMESPACES:
        return Namespace(path)
    if path in _SAME:
        return _attribute(_SAME[path])
    if path in _CLASSES:
        return _CLASSES[path]
    if namespace in ("", "dtypes") and (name in _DTYPES or name in _SHORT_DTYPES):
        return importlib.import_module("lamina.as_keras.system").DType(_SHORT_DTYPES.get(name, name))
    if namespace == "errors" and name in _ERRORS:
        return _ERRORS[name]
    if path in ("newaxis", "version.VERSION"):
        return None if path == "newaxis" else lamina.version()
    if path == "print":
        return importlib.import_module("lamina.as_keras.files").print_
    found = renamed_ops.find(path)
    if found is None and namespace in _FILES:
        found = _defined(_FILES[namespace], name)
    if found is None:
        raise _error(path)
    return found


def knows(path):
    """Whether there is a function for a name of TensorFlow's.

    Args:
        path: the name behind `tensorflow.`.
    """
    namespace, _, name = path.rpartition(".")
    if renamed_ops.find(path) is not None:
        return True
    return isinstance(_defined(_FILES.get(namespace, ()), name), types.FunctionType) and path not in _OF_TENSORFLOW


def _defined(files, name):
    if name.startswith("_") or name in _INNER:
        return None
    for file in files:
        found = getattr(importlib.import_module(f"lamina.as_keras.{file}"), name, None)
        ours = getattr(found, "__module__", "").startswith("lamina.as_keras.")
        if ours and not isinstance(found, types.ModuleType):
            return found
    return None


def _attribute(dotted):
    found = lamina
    for part in dotted.split("."):
        found = getattr(found, part)
    return found


def _error(path):
    equivalent = _equivalent(path)
    hint = f"Use {equivalent}." if equivalent else "Keras' modules have no equivalent by that name."
    return AttributeError(
        f"tensorflow.{path} is TensorFlow's own, which is not installed; Lamina stands in for its `keras`, `data` and "
        f"functions on tensors. {hint}"
    )


def _equivalent(path):
    if path in _EQUIVALENTS:
        return _EQUIVALENTS[path]
    name = path.rpartition(".")[2]
    for candidate in (name, name.removeprefix("reduce_")):
        for module in (lamina.ops.image, lamina.ops.linalg, lamina.ops):
            if candidate in dir(module):
                return f"keras.{module.__name__.removeprefix('lamina.')}.{candidate}"
    return _EQUIVALENTS.get(path.partition(".")[0])
