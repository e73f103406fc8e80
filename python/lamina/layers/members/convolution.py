"""Convolution and pooling layers."""

from lamina._core import ops
from lamina.layers.members.reading import constant


def _rank(n):
    return constant(n, "The number of spatial axes.")


def _convolution_op(self, inputs, kernel):
    """A convolution by this layer's strides, padding and dilation, without bias and activation.

    Args:
        inputs: of the layer's input shape.
        kernel: of shape kernel_size + (channels / groups, filters), as the layer's own.

    Returns:
        A tensor of the layer's output shape.
    """
    padding, axes = self.padding, self.rank
    if padding == "causal":  # ones that come before: (kernel - 1) * dilation zeros
        before = (self.dilation_rate[0] * (self.kernel_size[0] - 1), 0)
        inputs = ops.pad(
            inputs, [(0, 0), before, (0, 0)] if self.data_format == "channels_last" else [(0, 0), (0, 0), before]
        )
        padding = "valid"
    return ops.conv(
        inputs,
        kernel,
        strides=list(self.strides),
        padding=padding,
        data_format=self.data_format,
        dilation_rate=self.dilation_rate if axes > 1 else self.dilation_rate[0],
    )


MEMBERS = {}
for _n in (1, 2, 3):
    for _name in (f"SeparableConv{_n}D", f"DepthwiseConv{_n}D", f"Conv{_n}DTranspose"):
        MEMBERS[_name] = {"rank": _rank(_n)}
    MEMBERS[f"Conv{_n}D"] = {"rank": _rank(_n), "convolution_op": _convolution_op}
    MEMBERS[f"MaxPooling{_n}D"], MEMBERS[f"AveragePooling{_n}D"] = (
        {"pool_mode": constant("max", "What is taken of a window.")},
        {"pool_mode": constant("average", "What is taken of a window.")},
    )
