"""Attention layers: their projections, and the steps that subclasses override."""

import inspect

from lamina._core import ops
from lamina.layers.members.reading import Reading, constant


def _sublayer(name):
    return property(
        lambda self: next((layer for layer in self._sublayers() if layer.name == name), None),
        doc=f"The layer {name!r} inside this one; None before it is built.",
    )


def _argument(name):
    return property(lambda self: self._get_config().get(name))


def _projections(*public):
    """The layers inside an attention layer, under Keras' names for them; those in `public` without underscore too."""
    names = {
        "query_dense": "query",
        "key_dense": "key",
        "value_dense": "value",
        "gate_dense": "gate",
        "output_dense": "attention_output",
    }
    return {
        ("_" if hidden else "") + k: _sublayer(v)
        for k, v in names.items()
        for hidden in (False, True)
        if hidden or k in public
    }


def _compute_attention(
    self, query, key, value, attention_mask=None, training=None, return_attention_scores=None, use_causal_mask=False
):
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
    if not use_causal_mask:
        return v_mask
    queries, keys = scores.shape[-2], scores.shape[-1]
    past = ops.greater_equal(
        ops.reshape(ops.arange(queries), (1, queries, 1)), ops.reshape(ops.arange(keys), (1, 1, keys))
    )
    return past if v_mask is None else ops.logical_and(ops.expand_dims(v_mask, -2), past)


def _list_mask(self, inputs, mask=None):
    """The mask of the output: that of the query.

    Args:
        inputs: [query, value] or [query, value, key].
        mask: a bool tensor or None for each of them.

    Returns:
        A bool tensor, or None.
    """
    return self._compute_mask(inputs, None if mask is None else [m if m is None else _tensor(m) for m in mask])


def _tensor(x):
    return ops.convert_to_tensor(x)


_ATTENDS = {"_compute_attention": _compute_attention, "_hook__compute_attention": _hook_compute_attention}
_LIST_ATTENTION = {
    "compute_mask": _list_mask,
    "_calculate_scores": _calculate_scores,
    "_calculate_score_mask": _calculate_score_mask,
}


def _weight(name):
    return Reading(
        lambda layer: next((v for v in layer._own_variables() if v.name == name), None),
        f"The weight '{name}'; None where the layer has none.",
    )


def _feature_dim(layer):
    built = layer.get_build_config()
    if not built:
        raise AttributeError(f"'{type(layer).__name__}' object has no attribute 'feature_dim' before it is built")
    return built["shapes_dict"]["query_shape"][-1]


MEMBERS = {
    "MultiHeadAttention": {
        **_projections("query_dense", "key_dense", "value_dense", "output_dense"),
        "_sliding_window": _argument("sliding_window"),
        "_num_heads": _argument("num_heads"),
        "_flash_attention": property(lambda self: self._flash()),
        **_ATTENDS,
    },
    "GroupQueryAttention": {
        "num_repeats": Reading(
            lambda layer: layer.num_query_heads // layer.num_key_value_heads,
            "Heads of queries that share a head of keys and values.",
        ),
        "feature_dim": Reading(_feature_dim, "The size of the queries' last axis."),
        **_projections(),
        "_flash_attention": property(lambda self: self._flash()),
        **_ATTENDS,
    },
    "Attention": {
        "scale": _weight("scale"),
        "concat_score_weight": _weight("concat_score_weight"),
        **_LIST_ATTENTION,
    },
    "AdditiveAttention": {
        "score_mode": constant("dot", "What Attention's argument is where a subclass has none."),
        "concat_score_weight": constant(None, "None: the layer has no such weight."),
        **_LIST_ATTENTION,
    },
}
