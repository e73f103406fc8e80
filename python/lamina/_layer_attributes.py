"""What Keras' layers have as attributes besides their arguments, for subclasses that read them."""


class _Reading:
    """An attribute that is found out when it is read, unless a subclass has set its own."""

    def __init__(self, read, doc=None):
        self.read, self.__doc__ = read, doc

    def __get__(self, layer, owner=None):
        return self if layer is None else self.read(layer)


def _constant(value, doc=None):
    return _Reading(lambda layer: value, doc)


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

    return _Reading(read, f"The {name} that inputs are normalized with: the one given, or that of the data of adapt() in a shape that broadcasts. None before.")


_SEED = {"seed_generator": _Reading(lambda layer: next(iter(layer._seeds()), None), "Where the layer's random numbers come from; None if it draws none.")}

MEMBERS = {
    "Normalization": {"mean": _statistic("mean"), "variance": _statistic("variance"), "adapt_mean": _Reading(_adapted("mean")), "adapt_variance": _Reading(_adapted("variance"))},
    **{name: _SEED for name in ("Dropout", "GaussianDropout", "GaussianNoise", "AlphaDropout", "SpatialDropout1D", "SpatialDropout2D", "SpatialDropout3D", "LSTMCell", "GRUCell", "SimpleRNNCell")},
}
for _n in (1, 2, 3):
    for _name in (f"SeparableConv{_n}D", f"DepthwiseConv{_n}D", f"Conv{_n}DTranspose"):
        MEMBERS[_name] = {"rank": _rank(_n)}
    MEMBERS[f"Conv{_n}D"] = {"rank": _rank(_n), "convolution_op": _convolution_op}
    MEMBERS[f"MaxPooling{_n}D"], MEMBERS[f"AveragePooling{_n}D"] = {"pool_mode": _constant("max")}, {"pool_mode": _constant("average")}
