"""What Keras' layers have as attributes besides their arguments, for subclasses that read them."""

from lamina._plain import plain


class Reading:
    """An attribute that is found out when it is read, unless a subclass has set its own."""

    def __init__(self, read, doc=None):
        self.read, self.__doc__ = read, doc

    def __get__(self, layer, owner=None):
        return self if layer is None else self.read(layer)


def _constant(value, doc=None):
    return Reading(lambda layer: value, doc)


def _rank(n):
    return _constant(n, "The number of spatial axes.")


def _convolution_op(self, inputs, kernel):
    """The convolution of inputs with a kernel, by this layer's strides, padding and dilation, without bias and activation.

    Args:
        inputs: of the layer's input shape.
        kernel: of shape kernel_size + (channels / groups, filters), as the layer's own.
    """
    from lamina import ops

    padding, axes = self.padding, self.rank
    if padding == "causal":  # ones that come before: (kernel - 1) * dilation zeros
        before = (self.dilation_rate[0] * (self.kernel_size[0] - 1), 0)
        inputs = ops.pad(inputs, [(0, 0), before, (0, 0)] if self.data_format == "channels_last" else [(0, 0), (0, 0), before])
        padding = "valid"
    return ops.conv(inputs, kernel, strides=list(self.strides), padding=padding, data_format=self.data_format, dilation_rate=self.dilation_rate if axes > 1 else self.dilation_rate[0])


def _adapted(name):
    return lambda layer: next((v for v in layer.non_trainable_weights if v.name == name), None)


def _statistic(name):
    def read(layer):
        from lamina import ops

        value = layer.get_config()[name]
        if value is None:
            value = _adapted(name)(layer)
            if value is None:
                return None
            sizes = layer.get_build_config()["input_shape"]
            axes = () if layer.axis is None else (layer.axis,) if isinstance(layer.axis, int) else layer.axis
            kept = {a % len(sizes) for a in axes}
            value = ops.reshape(value, tuple(n if a in kept else 1 for a, n in enumerate(sizes)))
        return ops.cast(ops.convert_to_tensor(value), layer.compute_dtype)

    return Reading(read, f"The {name} that inputs are normalized with: the one given, or that of the data of adapt() in a shape that broadcasts. None before.")


def _enable_lora(self, rank, lora_alpha=None, a_initializer="he_uniform", b_initializer="zeros"):
    """Freezes the kernel and trains the product of two small matrices beside it: kernel + lora_alpha / rank * (a @ b). Once, on a built layer.

    Args:
        rank: columns of the first matrix, rows of the second.
        lora_alpha: scales the product; the rank where None.
        a_initializer: of the first matrix.
        b_initializer: of the second; zeros leave the layer as it was at first.
    """
    self._enable_lora(plain(rank), plain(lora_alpha), plain(a_initializer), plain(b_initializer))


def _built_kernel(read, name):
    def kernel(layer):
        if not layer.built:
            raise AttributeError(f"You must build the layer before accessing `{name}`.")
        return read(layer)

    return kernel


def _lora(name="kernel"):
    """What layers with a kernel that can be adapted have; the kernel's attribute is `name`."""
    return {
        "enable_lora": _enable_lora,
        "lora_enabled": Reading(lambda layer: layer._lora_enabled(), "Whether the kernel is frozen, with a trained product of two small matrices beside it."),
        name: Reading(_built_kernel(lambda layer: layer._adapted_kernel(), name), "What inputs meet: the weight, or with LoRA the sum of the weight and the trained product."),
        f"_{name}": Reading(_built_kernel(lambda layer: layer._lora_kernel(), name), "The weight itself."),
    }


def _weight(name):
    return Reading(lambda layer: next((v for v in layer._own_variables() if v.name == name), None), f"The weight '{name}'; None where the layer has none.")


def _config_list(name):
    """An argument that Keras keeps as a list where it names several."""

    def read(layer):
        value = layer._get_config()[name]
        return list(value) if isinstance(value, (list, tuple)) else value

    return Reading(read)


def _given_statistic(name):
    return Reading(lambda layer: layer._get_config()[name], f"The {name} given as an argument, or None.")


def _convert_weight(self, weight):
    """The weight for the backend that the layer computes with: there is one alone."""
    return weight


def _finalize_state(self):
    """Keras has layers prepare here what calls read; this one's mean and variance follow from its weights whenever they are asked for."""


def _feature_dim(layer):
    built = layer.get_build_config()
    if not built:
        raise AttributeError(f"'{type(layer).__name__}' object has no attribute 'feature_dim' before it is built")
    return built["shapes_dict"]["query_shape"][-1]


def _normalized_weights(self):
    """(the vector u, the kernel) as a call in training would leave them: the kernel divided by its largest singular value, as estimated from u."""
    from lamina import ops

    u, matrix = ops.convert_to_tensor(self.vector_u), ops.reshape(self.kernel, (-1, self.kernel_shape[-1]))
    for _ in range(self.power_iterations):
        v = ops.normalize(ops.matmul(u, ops.transpose(matrix)), axis=None)
        u = ops.normalize(ops.matmul(v, matrix), axis=None)
    u, v = ops.stop_gradient(u), ops.stop_gradient(v)
    largest = ops.matmul(ops.matmul(v, matrix), ops.transpose(u))
    return ops.cast(u, self.vector_u.dtype), ops.cast(ops.reshape(ops.divide(matrix, largest), self.kernel_shape), self.kernel.dtype)


_SPECTRAL = {
    "kernel": Reading(lambda layer: getattr(layer.layer, "kernel", None) if hasattr(layer.layer, "kernel") else layer.layer.embeddings, "The wrapped layer's weight that is normalized."),
    "kernel_shape": Reading(lambda layer: tuple(layer.kernel.shape)),
    "normalized_weights": _normalized_weights,
}

_SEED = {"seed_generator": Reading(lambda layer: next(iter(layer._seeds()), None), "Where the layer's random numbers come from; None if it draws none.")}

MEMBERS = {
    "Normalization": {"mean": _statistic("mean"), "variance": _statistic("variance"), "adapt_mean": Reading(_adapted("mean")), "adapt_variance": Reading(_adapted("variance"))},
    **{name: _SEED for name in ("Dropout", "GaussianDropout", "GaussianNoise", "AlphaDropout", "SpatialDropout1D", "SpatialDropout2D", "SpatialDropout3D", "LSTMCell", "GRUCell", "SimpleRNNCell")},
}
for _name in ("SpatialDropout1D", "SpatialDropout2D", "SpatialDropout3D"):
    MEMBERS[_name] = {**_SEED, "noise_shape": _constant(None, "None: the layer makes its own from the shape of its inputs.")}
MEMBERS["Normalization"].update(
    input_mean=_given_statistic("mean"), input_variance=_given_statistic("variance"), convert_weight=_convert_weight, finalize_state=_finalize_state)
MEMBERS.update(
    Attention={"scale": _weight("scale"), "concat_score_weight": _weight("concat_score_weight")},
    AdditiveAttention={"score_mode": _constant("dot", "What Attention's argument is where a subclass has none."), "concat_score_weight": _constant(None)},
    GroupQueryAttention={
        "num_repeats": Reading(lambda layer: layer.num_query_heads // layer.num_key_value_heads, "Heads of queries that share a head of keys and values."),
        "feature_dim": Reading(_feature_dim, "The size of the queries' last axis."),
    },
    LayerNormalization={"axis": _config_list("axis")}, RMSNormalization={"axis": _config_list("axis")}, Rescaling={"convert_weight": _convert_weight}, SpectralNormalization=_SPECTRAL)
MEMBERS.update(Dense=_lora(), EinsumDense={**_lora(), "partial_output_shape": Reading(lambda layer: tuple(layer._get_config()["output_shape"]), "The output's shape without the batch, as it was given.")}, Embedding=_lora("embeddings"), ReversibleEmbedding=_lora("embeddings"))
for _n in (1, 2, 3):
    for _name in (f"SeparableConv{_n}D", f"DepthwiseConv{_n}D", f"Conv{_n}DTranspose"):
        MEMBERS[_name] = {"rank": _rank(_n)}
    MEMBERS[f"Conv{_n}D"] = {"rank": _rank(_n), "convolution_op": _convolution_op, **_lora()}
    MEMBERS[f"MaxPooling{_n}D"], MEMBERS[f"AveragePooling{_n}D"] = {"pool_mode": _constant("max")}, {"pool_mode": _constant("average")}
