"""tf.Variable, tf.function, tf.Module, tf.train.Checkpoint, tf.distribute and their kin by Lamina's parts, for scripts
where TensorFlow is not installed."""

import contextlib
import functools
import glob
import os
import re
import threading

import numpy as np

import lamina
from lamina import _lamina, ops
from lamina._core.compiled_function import OfEachInstance
from lamina.as_keras.arrays import tensor


class _AnyVariable(type(lamina.Variable)):
    def __instancecheck__(cls, x):
        return isinstance(x, lamina.Variable)


class Variable(lamina.Variable, metaclass=_AnyVariable):
    """keras.Variable with TensorFlow's arguments."""

    def __init__(self, initial_value=None, trainable=True, validate_shape=True, dtype=None, name=None, **options):
        options.pop("shape", None)  # the value has one
        unknown = set(options) - {"caching_device", "import_scope", "constraint", "synchronization", "aggregation"}
        if unknown or initial_value is None:
            problem = f"the argument `{unknown.pop()}`" if unknown else "no initial value"
            raise TypeError(
                f"tf.Variable() takes `initial_value`, `trainable`, `dtype` and `name`. Received {problem}."
            )
        value = tensor(initial_value() if callable(initial_value) else initial_value, dtype)
        name = None if name is None else re.sub(r"[/:]", "_", name)
        trainable = bool(trainable) and "float" in value.dtype
        super().__init__(value, dtype=value.dtype, trainable=trainable, autocast=False, name=name)

    def read_value(self):
        """The value now."""
        return self.value

    def __getitem__(self, index):
        """A part; `variable[index].assign(value)` sets it."""
        part = super().__getitem__(index)
        _last.part = (part, self, index)
        return part


_last = threading.local()


def assign_part(part, value):
    """Sets the part of a variable that was asked for last, which is `part`.

    Args:
        part: the tensor.
        value: what it becomes.

    Raises:
        AttributeError: where it is no such part.
    """
    found, variable, index = getattr(_last, "part", (None, None, None))
    if found is not part:
        raise AttributeError("A tensor does not change. Assign to the variable: variable.assign(value).")
    variable.assign(variable.value.at[index].set(value))
    return variable


class TensorShape(tuple):
    """The sizes of axes; None where a size is not known."""

    def __new__(cls, dims):
        """Sizes out of a list of them."""
        return super().__new__(cls, [None if n is None else int(n) for n in dims])

    def as_list(self):
        """The sizes as a list."""
        return list(self)

    @property
    def rank(self):
        """The number of axes."""
        return len(self)

    def is_fully_defined(self):
        """Whether all sizes are known."""
        return None not in self


class Function(OfEachInstance):
    """A function that is compiled; where its Python code asks tensors for their values it runs op by op."""

    def __init__(self, f):
        functools.update_wrapper(self, f)
        super().__init__(f)
        self.python_function = f
        self._compiled = lamina.function(f)
        self._by_ops = False

    def __call__(self, *args, **kwargs):
        if not self._by_ops:
            try:
                return self._compiled(*args, **kwargs)
            except (NotImplementedError, RuntimeError, TypeError, ValueError):
                self._by_ops = True  # where that was not the reason, it is raised once more below
        return self.python_function(*args, **kwargs)

    def get_concrete_function(self, *args, **kwargs):
        """The function itself: each call finds its compiled form."""
        return self


def function(func=None, input_signature=None, autograph=True, jit_compile=None, reduce_retracing=False, **options):
    """A function, or a decorator, that compiles; the options concern TensorFlow's own compiler."""
    return function if func is None else Function(func)


class Module:
    """An object whose variables are found in its attributes."""

    def __init__(self, name=None):
        self._name = name or type(self).__name__.lower()

    @property
    def name(self):
        """Its name."""
        return self._name

    @property
    def variables(self):
        """The variables in its attributes, in lists and dicts there, and in modules and layers there."""
        return tuple(_variables(vars(self)))

    @property
    def trainable_variables(self):
        """Those that are trained."""
        return tuple(v for v in self.variables if v.trainable)

    @property
    def submodules(self):
        """The modules in its attributes."""
        return tuple(x for x in lamina.tree.flatten(list(vars(self).values())) if isinstance(x, Module))

    @classmethod
    def with_name_scope(cls, method):
        """The method itself."""
        return method


def _variables(found, seen=None):
    seen = set() if seen is None else seen
    if id(found) in seen:
        return
    seen.add(id(found))
    if isinstance(found, _lamina.VariableCore):
        yield found
    elif isinstance(found, dict):
        for key in sorted(found, key=str):
            yield from _variables(found[key], seen)
    elif isinstance(found, (list, tuple, set)):
        for item in found:
            yield from _variables(item, seen)
    elif hasattr(found, "variables"):
        variables = found.variables
        for v in variables() if callable(variables) else variables:
            yield from _variables(v, seen)


class TensorArray:
    """A list of tensors, written by place."""

    def __init__(self, dtype, size=0, dynamic_size=False, clear_after_read=None, element_shape=None, **options):
        self.dtype = dtype
        self._parts = [None] * int(size)

    def write(self, index, value, name=None):
        """The array with a tensor at a place."""
        index = int(index)
        self._parts += [None] * (index + 1 - len(self._parts))
        self._parts[index] = tensor(value, self.dtype)
        return self

    def read(self, index, name=None):
        """The tensor at a place."""
        return self._parts[int(index)]

    def stack(self, name=None):
        """All tensors along a new first axis."""
        known = next((p for p in self._parts if p is not None), None)
        if known is None:
            return ops.zeros((len(self._parts),), self.dtype)
        return ops.stack([ops.zeros_like(known) if p is None else p for p in self._parts])

    def concat(self, name=None):
        """All tensors behind each other."""
        return ops.concatenate(self._parts, axis=0)

    def unstack(self, value, name=None):
        """The array of the rows of a tensor."""
        self._parts = list(ops.unstack(tensor(value), axis=0))
        return self

    def size(self, name=None):
        """How many there are."""
        return tensor(len(self._parts))


# --- tf.train ---


class _Restored:
    """What restoring gives: all was found, or it raised."""

    def assert_consumed(self):
        """Nothing was left over."""
        return self

    assert_existing_objects_matched = assert_nontrivial_match = expect_partial = assert_consumed


class Checkpoint:
    """The variables of objects, written to a file and read from it."""

    def __init__(self, root=None, **objects):
        self._objects = {**({} if root is None else {"root": root}), **objects}
        self.__dict__.update(objects)
        self.save_counter = Variable(0, trainable=False, dtype="int64", name="save_counter")

    def _found(self):
        return list(_variables([self._objects[key] for key in sorted(self._objects)]))

    def write(self, file_prefix, options=None):
        """Writes the variables as they are now; gives the path."""
        prefix = os.fspath(file_prefix)
        os.makedirs(os.path.dirname(prefix) or ".", exist_ok=True)
        values = {f"v{i}": np.asarray(v) for i, v in enumerate(self._found())}
        np.savez(prefix + ".npz", counter=np.asarray(self.save_counter), **values)
        return prefix

    def save(self, file_prefix, options=None):
        """Writes the variables under the next number; gives the path."""
        self.save_counter.assign_add(1)
        path = self.write(f"{os.fspath(file_prefix)}-{int(self.save_counter)}")
        with open(os.path.join(os.path.dirname(path) or ".", "checkpoint"), "w", encoding="utf-8") as f:
            f.write(f'model_checkpoint_path: "{os.path.basename(path)}"\n')
        return path

    def read(self, save_path, options=None):
        """Gives the variables the values of a file; None is no file, and changes nothing."""
        if save_path is None:
            return _Restored()
        path = os.fspath(save_path) + ".npz"
        if not os.path.exists(path):
            raise FileNotFoundError(f"There is no checkpoint {save_path}. tf.train.latest_checkpoint() finds the last.")
        with np.load(path) as values:
            found = self._found()
            if len(found) != len(values.files) - 1:
                raise ValueError(
                    f"The checkpoint {save_path} has {len(values.files) - 1} variables, the objects have {len(found)}. "
                    "Build models and optimizers before they are restored."
                )
            for i, v in enumerate(found):
                v.assign(values[f"v{i}"])
            self.save_counter.assign(values["counter"])
        return _Restored()

    restore = read


class CheckpointManager:
    """The last so many files of a Checkpoint in a folder."""

    def __init__(self, checkpoint, directory, max_to_keep, checkpoint_name="ckpt", **options):
        self.checkpoint, self.directory, self.max_to_keep = checkpoint, os.fspath(directory), max_to_keep
        self._prefix = os.path.join(self.directory, checkpoint_name)

    @property
    def checkpoints(self):
        """The paths, the oldest first."""
        paths = [path[: -len(".npz")] for path in glob.glob(glob.escape(self._prefix) + "-*.npz")]
        return sorted(paths, key=lambda path: int(path.rpartition("-")[2]))

    @property
    def latest_checkpoint(self):
        """The newest path, or None."""
        return self.checkpoints[-1] if self.checkpoints else None

    def save(self, checkpoint_number=None, **options):
        """Writes one more, and removes what is too old."""
        if checkpoint_number is not None:
            self.checkpoint.save_counter.assign(int(checkpoint_number) - 1)
        path = self.checkpoint.save(self._prefix)
        for old in self.checkpoints[: -self.max_to_keep] if self.max_to_keep else []:
            os.remove(old + ".npz")
        return path

    def restore_or_initialize(self):
        """Reads the newest one, where there is one."""
        latest = self.latest_checkpoint
        if latest is not None:
            self.checkpoint.restore(latest)
        return latest


def latest_checkpoint(checkpoint_dir, latest_filename=None):
    """The path of the checkpoint that was written last, or None."""
    named = os.path.join(os.fspath(checkpoint_dir), latest_filename or "checkpoint")
    if not os.path.exists(named):
        return None
    with open(named, encoding="utf-8") as f:
        return os.path.join(os.fspath(checkpoint_dir), f.read().split('"')[1])


# --- tf.distribute: this process is the one that computes ---


class Strategy:
    """One replica: what is distributed stays here."""

    num_replicas_in_sync = 1

    def __init__(self, *args, **kwargs):
        pass

    def scope(self):
        """A context without effect."""
        return contextlib.nullcontext(self)

    def run(self, fn, args=(), kwargs=None, options=None):
        """fn(*args, **kwargs)"""
        return fn(*args, **(kwargs or {}))

    def reduce(self, reduce_op, value, axis=None):
        """The sum or the mean of the replicas' values: of the one, which is it; along its axis if one is given."""
        if axis is None:
            return value
        return (ops.mean if "mean" in str(reduce_op).lower() else ops.sum)(value, axis=axis)

    def experimental_distribute_dataset(self, dataset, options=None):
        """The dataset."""
        return dataset

    def distribute_datasets_from_function(self, dataset_fn, options=None):
        """What the function gives for the one replica."""
        return dataset_fn(None)

    def experimental_local_results(self, value):
        """The one value."""
        return (value,)


MirroredStrategy = OneDeviceStrategy = MultiWorkerMirroredStrategy = TPUStrategy = Strategy
_strategy = Strategy()


def get_strategy():
    """The one that is in force."""
    return _strategy


def has_strategy():
    """Whether another than the default is in force."""
    return False


class ReduceOp:
    """How values of replicas become one."""

    SUM, MEAN = "SUM", "MEAN"


class TPUClusterResolver:
    """There are no TPUs."""

    def __init__(self, *args, **kwargs):
        raise ValueError("There is no TPU: models run on the CPU or on GPUs (see keras.config).")

    connect = __init__
