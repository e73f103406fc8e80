"""LoRA: layers whose kernel can be adapted by the product of two small matrices; and quantized kernels."""

from lamina._core.values.plain import plain
from lamina.layers.members.reading import Reading


def _enable_lora(self, rank, lora_alpha=None, a_initializer="he_uniform", b_initializer="zeros"):
    """Freezes the kernel and trains the product of two small matrices beside it: kernel + lora_alpha / rank * (a @ b).

    Once, on a built layer.

    Args:
        rank: columns of the first matrix, rows of the second.
        lora_alpha: scales the product; the rank where None.
        a_initializer: of the first matrix.
        b_initializer: of the second; zeros leave the layer as it was at first.

    Raises:
        ValueError: on a layer that is not built, or was adapted before, or whose kernel has a constraint.
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
        "lora_enabled": Reading(
            lambda layer: layer._lora_enabled(),
            "Whether the kernel is frozen, with a trained product of two small matrices beside it.",
        ),
        name: Reading(
            _built_kernel(lambda layer: layer._adapted_kernel(), name),
            "What inputs meet: the weight, or with LoRA the sum of the weight and the trained product.",
        ),
        f"_{name}": Reading(_built_kernel(lambda layer: layer._lora_kernel(), name), "The weight itself."),
    }


def _quantizable(name="kernel"):
    """What layers have whose weights can be quantized."""
    return {
        **_lora(name),
        "quantization_config": Reading(
            lambda layer: layer._quantization_config(), "How weights and activations are quantized, or None."
        ),
        "inputs_quantizer": Reading(
            lambda layer: layer._inputs_quantizer(), "What inputs of a quantized layer are quantized with, or None."
        ),
    }


def _once_quantized(name, read, doc):
    def value(layer):
        if layer.quantization_mode is None:
            raise AttributeError(f"'{type(layer).__name__}' object has no attribute '{name}'")
        return read(layer)

    return Reading(value, doc, sometimes=True)


def _further():
    """What layers have, once they are quantized, that Keras leaves in floating point."""
    return {
        "quantization_config": _once_quantized(
            "quantization_config",
            lambda layer: layer._quantization_config(),
            "How weights and activations are quantized; None where the dtype policy alone says it.",
        ),
        "inputs_quantizer": _once_quantized(
            "inputs_quantizer", lambda layer: layer._inputs_quantizer(), "What inputs are quantized with, or None."
        ),
    }


def _calibrated_variable(name, doc):
    def read(layer):
        variable = layer._calibrated_variable(name)
        if variable is None:
            variable = next((v for v in layer._own_variables() if v.name == name), None)
        if variable is None:
            raise AttributeError(f"'{type(layer).__name__}' object has no attribute '{name}'")
        return variable

    return Reading(read, doc, sometimes=True)


def _calibrated():
    """What layers have whose kernels can be quantized by GPTQ and AWQ."""
    return {
        **_quantizable(),
        "quantized_kernel": _calibrated_variable(
            "quantized_kernel", "The kernel by GPTQ or AWQ, of shape (outputs, inputs), with 4 bits two in a byte."
        ),
        "kernel_scale": _calibrated_variable("kernel_scale", "The scales of a quantized kernel."),
        "kernel_zero": _calibrated_variable("kernel_zero", "The zero points of a quantized kernel with groups."),
        "is_gptq_calibrated": Reading(
            lambda layer: layer.quantization_mode == "gptq" and layer._calibrated(),
            "Whether GPTQ's values hold; until then the kernel is the floating-point one.",
        ),
        "is_awq_calibrated": Reading(
            lambda layer: layer.quantization_mode == "awq" and layer._calibrated(),
            "Whether AWQ's values hold; until then the kernel is the floating-point one.",
        ),
    }


MEMBERS = {
    "Dense": _calibrated(),
    "EinsumDense": {
        **_calibrated(),
        "partial_output_shape": Reading(
            lambda layer: tuple(layer._get_config()["output_shape"]),
            "The output's shape without the batch, as it was given.",
        ),
    },
    "Embedding": _quantizable("embeddings"),
    "ReversibleEmbedding": _quantizable("embeddings"),
    **{f"Conv{n}D": {**_lora(), **_further()} for n in (1, 2, 3)},
    **{
        name: _further()
        for name in (
            *(f"Conv{n}DTranspose" for n in (1, 2, 3)),
            *(f"{kind}Conv{n}D" for kind in ("Depthwise", "Separable") for n in (1, 2)),
            "SimpleRNNCell",
            "LSTMCell",
            "GRUCell",
        )
    },
}
