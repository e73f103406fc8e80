"""What C++ asks of users' classes when it saves or loads a model: their attributes, their own variables, their
files."""

import numpy as np

from lamina import _lamina
from lamina._core.values.plain import plain

# Attributes that every layer of Keras has: never a place in a file, though a class may keep objects there.
_SKIPPED = {
    "_self_unconditional_dependency_names",
    "_allow_non_tensor_positional_args",
    "_api_export_path",
    "_build_shapes_dict",
    "_call_context_args",
    "_call_signature",
    "_called",
    "_dtype_policy",
    "_inbound_nodes",
    "_input_spec",
    "_layers",
    "_lock",
    "_loss_ids",
    "_losses",
    "_losses_override",
    "_metrics",
    "_non_trainable_variables",
    "_outbound_nodes",
    "_parent_path",
    "_path",
    "_remat_mode",
    "_seed_generators",
    "_supports_masking",
    "_tracker",
    "_trainable",
    "_trainable_variables",
    "quantization_mode",
    "supports_jit",
}
_base_names = {}


def _skipped(kind):
    """Names that the built-in class itself has."""
    if kind not in _base_names:
        _base_names[kind] = (
            _SKIPPED
            | set(type.__dir__(kind))
            | {
                "_anchor",
                "_context_names",
                "_init_arguments",
                "_layer_wrappers",
                "_own_metrics",
                "_input_spec_given",
                "_source",
                "history",
            }
        )
    return _base_names[kind]


class Saveable:
    """The base of all classes whose objects have a place in a model's files."""

    _builtin = True
    _kind = None  # the class whose attributes all objects of the kind have: Layer, Optimizer, Metric

    def _hook_get_config(self):
        return plain(self.get_config())

    def _hook_get_build_config(self):
        return plain(self.get_build_config())

    def _hook_get_compile_config(self):
        return plain(self.get_compile_config())

    def _hook_saveables(self):
        """[[attribute, object or structure of objects]] in Keras' order: those with a leading underscore last."""
        skipped = _skipped(self._kind or Saveable)
        out = []
        for name in sorted(object.__dir__(self), key=lambda n: "~" + n if n.startswith("_") else n):
            if name.startswith("__") or name in skipped:
                continue
            try:
                value = getattr(self, name)
            except Exception:  # a property that needs more than there is
                continue
            kept = _objects_only(value, ())
            if kept is not None:
                out.append([name, kept])
        return out

    def _hook_save_own_variables(self):
        store = {}
        self.save_own_variables(store)
        return {str(k): _tensor(v) for k, v in store.items()}

    def _hook_load_own_variables(self, values):
        """None, or the text of what the class raised."""
        return _reason(self.load_own_variables, {k: _array(v) for k, v in values.items()})

    def _hook_save_assets(self, folder):
        self.save_assets(folder)

    def _hook_load_assets(self, folder):
        return _reason(self.load_assets, folder)


def _objects_only(value, inside):
    """The structure with what has no state as None; None if it is neither an object nor a container."""
    if isinstance(value, (_lamina.OperationCore, _lamina.OptimizerCore, _lamina.MetricCore, _lamina.LossCore)):
        return value
    if not isinstance(value, (list, tuple, dict)) or id(value) in inside or len(inside) > 32:
        return None
    inside = (*inside, id(value))
    return [_objects_only(v, inside) for v in (value.values() if isinstance(value, dict) else value)]


def _tensor(v):
    if isinstance(v, _lamina.VariableCore):
        return v.value
    return v if isinstance(v, _lamina.Tensor) else np.asarray(v)


def _array(v):
    """A stored value as NumPy array (bfloat16 too, where ml_dtypes is there)."""
    if v.dtype == "bfloat16":
        try:
            import ml_dtypes
        except ImportError:
            return v
        return (
            np.asarray(v.numpy()).view(ml_dtypes.bfloat16)
            if np.asarray(v.numpy()).dtype == np.uint16
            else np.asarray(v.numpy())
        )
    return v.numpy()


def _reason(method, argument):
    try:
        method(argument)
    except Exception as e:
        return f"{type(e).__name__}: {e}" if not isinstance(e, ValueError) else str(e)
    return None
