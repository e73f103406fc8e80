"""keras.layers."""
import inspect

from lamina import _lamina
from lamina._errors import no_attribute
from lamina._input_spec import InputSpec
from lamina._layer import Layer
from lamina._layer_attributes import MEMBERS as _ATTRIBUTES
from lamina._plain import plain
from lamina._recurrence import MEMBERS as _RECURRENCE
from lamina._safe_mode import SafeModeScope, in_safe_mode
from lamina._wrap import get_class, module_dir

_FUNCTIONS = {"add": "Add", "average": "Average", "maximum": "Maximum", "minimum": "Minimum", "multiply": "Multiply", "subtract": "Subtract"}


def Input(shape=None, batch_size=None, dtype=None, sparse=None, ragged=None, batch_shape=None, name=None, tensor=None, optional=False):
    """A symbolic tensor to start a functional model from. `shape` is that of one sample; None entries are unknown sizes.

    `dtype` is a name, Python's or NumPy's type, or an object with a name: a dtype of TensorFlow or JAX.
    """
    if dtype is not None and not isinstance(dtype, (str, type)) and isinstance(getattr(dtype, "name", None), str):
        dtype = dtype.name
    config = {"sparse": bool(sparse), "ragged": bool(ragged), "optional": optional}
    for key, value in (("shape", shape), ("batch_size", batch_size), ("dtype", dtype), ("batch_shape", batch_shape), ("name", name), ("input_tensor", tensor)):
        if value is not None:
            config[key] = value
    return _lamina.make_input(plain(config))


def _lambda_from_config(cls, config, custom_objects=None, safe_mode=None):
    """A Lambda from its config. One that holds code (a Python lambda) is only made with safe_mode=False."""
    from lamina import saving

    config = dict(config)
    for key in ("function", "mask", "output_shape"):
        value = config.get(key)
        if not isinstance(value, dict) or "class_name" not in value:
            continue
        with SafeModeScope(safe_mode):
            if value["class_name"] == "__lambda__" and in_safe_mode():
                raise ValueError("Requested the deserialization of a Lambda layer that carries Python code. This carries a potential risk of arbitrary code execution and thus it is disallowed "
                                 "by default. If you trust the source of the config, pass `safe_mode=False`, or call `keras.config.enable_unsafe_deserialization()`.")
            config[key] = saving.deserialize_keras_object(value, custom_objects=custom_objects)
    if isinstance(config.get("output_shape"), list):
        config["output_shape"] = tuple(config["output_shape"])
    return cls(**config)


def _adapt(self, data):
    """Takes mean and variance from data: an array, a tensor, a PyDataset or an iterable of batches."""
    if hasattr(data, "shape"):
        batches = [data]
    elif hasattr(data, "__getitem__") and hasattr(data, "__len__") and not isinstance(data, (list, tuple)):
        batches = [data[i] for i in range(len(data))]
    elif hasattr(data, "__iter__"):
        batches = list(data)
        if not batches:
            raise ValueError("adapt() received an empty iterable (no batches). Expected at least one batch. Pass a non-empty iterable of arrays or tensors, e.g. layer.adapt([x]).")
    else:
        raise TypeError(f"Unsupported data type: {type(data)}. `adapt` supports `np.ndarray`, tensors, `keras.utils.PyDataset`, and iterables of batches (e.g. list, generator).")
    batches = [b[0] if isinstance(b, (tuple, list)) else b for b in batches]
    for b in batches:
        if not hasattr(b, "shape"):
            raise TypeError(f"adapt() expects an iterable that yields arrays or tensors with a `.shape` attribute (e.g. numpy arrays or backend tensors). Got an element of type {type(b).__name__}.")
    _lamina.adapt_normalization(self, batches)


def _sublayer(name):
    return property(lambda self: next((layer for layer in self._sublayers() if layer.name == name), None))


def _argument(name):
    return property(lambda self: self._get_config().get(name))


def _projections(*public):
    """The layers inside an attention layer, under Keras' names for them; those in `public` without underscore too."""
    names = {"query_dense": "query", "key_dense": "key", "value_dense": "value", "gate_dense": "gate", "output_dense": "attention_output"}
    return {("_" if hidden else "") + k: _sublayer(v) for k, v in names.items() for hidden in (False, True) if hidden or k in public}


def _compute_attention(self, query, key, value, attention_mask=None, training=None, return_attention_scores=None, use_causal_mask=False):
    """(result, weights or None) from projected query, key and value. Subclasses may override it."""
    if return_attention_scores is None:
        return_attention_scores = self.__dict__.get("_return_attention_scores", False)
    tensors = [_tensor(t) for t in (query, key, value)]
    mask = None if attention_mask is None else _tensor(attention_mask)
    return self._attend(*tensors, mask, bool(training), bool(return_attention_scores), bool(use_causal_mask))


def _hook_compute_attention(self, query, key, value, return_attention_scores=False, **kwargs):
    """A subclass's override, whose arguments may or may not name return_attention_scores."""
    self.__dict__["_return_attention_scores"] = return_attention_scores
    if "return_attention_scores" in inspect.signature(self._compute_attention).parameters:
        kwargs["return_attention_scores"] = return_attention_scores
    return self._compute_attention(query, key, value, **kwargs)


def _calculate_scores(self, query, key):
    """The scores before the softmax. Subclasses may override it."""
    return self._scores_of(_tensor(query), _tensor(key))


def _calculate_score_mask(self, scores, v_mask, use_causal_mask):
    """Which keys each query sees: from the value's mask and, if causal, the positions."""
    from lamina import ops

    if not use_causal_mask:
        return v_mask
    queries, keys = scores.shape[-2], scores.shape[-1]
    past = ops.greater_equal(ops.reshape(ops.arange(queries), (1, queries, 1)), ops.reshape(ops.arange(keys), (1, 1, keys)))
    return past if v_mask is None else ops.logical_and(ops.expand_dims(v_mask, -2), past)


def _list_mask(self, inputs, mask=None):
    return self._compute_mask(inputs, None if mask is None else [m if m is None else _tensor(m) for m in mask])


def _tensor(x):
    from lamina import ops

    return ops.convert_to_tensor(x)


_ATTENDS = {"_compute_attention": _compute_attention, "_hook__compute_attention": _hook_compute_attention}
_LIST_ATTENTION = {"compute_mask": _list_mask, "_calculate_scores": _calculate_scores, "_calculate_score_mask": _calculate_score_mask}

# What classes have beyond their C++ description.
_MEMBERS = {
    **_ATTRIBUTES,
    **{name: {**_ATTRIBUTES.get(name, {}), **members} for name, members in _RECURRENCE.items()},
    "Normalization": {"adapt": _adapt, **_ATTRIBUTES["Normalization"]},
    "Lambda": {"from_config": classmethod(_lambda_from_config)},
    "MultiHeadAttention": {**_projections("query_dense", "key_dense", "value_dense", "output_dense"), "_sliding_window": _argument("sliding_window"), "_num_heads": _argument("num_heads"),
                           "_flash_attention": property(lambda self: self._flash()), **_ATTENDS},
    "GroupQueryAttention": {**_projections(), "_flash_attention": property(lambda self: self._flash()), **_ATTENDS},
    "Attention": _LIST_ATTENTION,
    "AdditiveAttention": _LIST_ATTENTION,
    "SpectralNormalization": {"layer": property(lambda self: self._sublayers()[0])},
    "InputLayer": {
        "output": property(lambda self: _lamina.input_layer_output(self)),
        "input": property(lambda self: _lamina.input_layer_output(self)),
        "batch_shape": property(lambda self: _lamina.input_layer_shape(self)),
        "dtype": property(lambda self: _lamina.input_layer_output(self).dtype),
    },
}


def _merge(name, cls_name):
    def merge(inputs, **kwargs):
        return get_class(cls_name, "keras.layers")(**kwargs)(inputs)

    merge.__name__ = merge.__qualname__ = name
    merge.__doc__ = f"Functional form of {cls_name}."
    return merge


def dot(inputs, axes=-1, **kwargs):
    """Functional form of Dot."""
    return get_class("Dot", "keras.layers")(axes=axes, **kwargs)(inputs)


def concatenate(inputs, axis=-1, **kwargs):
    """Functional form of Concatenate."""
    return get_class("Concatenate", "keras.layers")(axis=axis, **kwargs)(inputs)


def serialize(layer):
    """A layer's config, with its class."""
    from lamina import saving

    return saving.serialize_keras_object(layer)


def deserialize(config, custom_objects=None):
    """A layer from its config, as serialize() gives it.

    Raises:
        ValueError: if the config is of something else.
    """
    from lamina import saving

    obj = saving.deserialize_keras_object(config, custom_objects=custom_objects)
    if not isinstance(obj, Layer):
        raise ValueError(f"`keras.layers.deserialize` was passed a `config` object that is not a `keras.Layer`. Received: {config}")
    return obj


def __getattr__(name):
    if name in _FUNCTIONS:
        f = _merge(name, _FUNCTIONS[name])
        f.__signature__ = inspect.Signature([inspect.Parameter("inputs", inspect.Parameter.POSITIONAL_OR_KEYWORD), inspect.Parameter("kwargs", inspect.Parameter.VAR_KEYWORD)])
        globals()[name] = f
        return f
    if name == "Wrapper":
        from lamina._wrapper import Wrapper

        globals()[name] = Wrapper
        return Wrapper
    if not name.startswith("_"):
        cls = get_class(name, "keras.layers")
        if cls is not None:
            globals()[name] = cls
            return cls
    raise no_attribute("lamina.layers", name, lambda: ["Input", "Wrapper", *_FUNCTIONS, *_lamina.class_names("keras.layers")])


__dir__ = module_dir("lamina.layers", "keras.layers")
