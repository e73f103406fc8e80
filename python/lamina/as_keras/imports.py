"""The imports that `import lamina.as_keras` redirects: `keras`, `tensorflow.keras`, and `tensorflow` where it is not
installed."""

import importlib
import importlib.abc
import importlib.machinery
import importlib.util
import sys
import types
import warnings

import lamina
from lamina.as_keras import dispatch, tensor_methods
from lamina.as_keras import tensorflow as stand_in

_TENSORFLOW = "tensorflow"


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
        if _stands_in() and (inner := fullname.removeprefix(f"{_TENSORFLOW}.")) in stand_in.NAMESPACES:
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
            tape = module.GradientTape = _tape_of_both(module.GradientTape)
            dispatch.keep_from_conversion(module, lambda: tape.opened > 0)
        dispatch.install(module)
        if hasattr(module, "config"):
            module.config.run_functions_eagerly(True)  # its tracer cannot look into our models
            warnings.filterwarnings("ignore", "Even though the `tf.config.experimental_run_functions_eagerly`")

    def __getattr__(self, name):
        return getattr(self.loader, name)


def _tape_of_both(theirs):
    """TensorFlow's tape that records our ops, too, and gives the gradients of variables and tensors of ours."""

    class GradientTape(theirs):
        opened = 0

        def __enter__(self):
            GradientTape.opened += 1
            self._ours = lamina.GradientTape()
            self._ours.__enter__()
            return super().__enter__()

        def __exit__(self, *error):
            GradientTape.opened -= 1
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
        module.__version__ = lamina.version()
        tensor_methods.install()
        module.__getattr__ = stand_in.find


class _Inner(importlib.abc.Loader):
    """`import tensorflow.data` and the like: a module with the names of a namespace."""

    def __init__(self, path):
        self.path = path

    def create_module(self, spec):
        return None

    def exec_module(self, module):
        module.__getattr__ = lambda name: stand_in.find(f"{self.path}.{name}")


def _stands_in():
    spec = getattr(sys.modules.get(_TENSORFLOW), "__spec__", None)
    return isinstance(getattr(spec, "loader", None), _StandIn)
