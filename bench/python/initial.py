"""Initial weights by layer and variable name, so that every framework can start from the same ones."""

import re
import zlib

import numpy as np


def value(layer, variable, shape):
    """Biases and means are zero, factors of normalisations and variances one; the rest are normal, of a size that keeps
    activations near one."""
    kind = variable.rpartition("/")[2]
    if kind in ("bias", "beta", "moving_mean"):
        return np.zeros(shape, "float32")
    if kind in ("gamma", "moving_variance"):
        return np.ones(shape, "float32")
    convolution = len(shape) == 4 or (len(shape) == 3 and variable == "kernel")
    inputs = (
        np.prod(shape[:-1]) if convolution or variable.startswith("attention_output/") else shape[0]
    )  # from heads, on two axes in Keras
    if layer.endswith("_depth"):
        inputs = np.prod(shape[:-2])  # each channel by itself
    scale = 0.05 if kind == "embeddings" else inputs**-0.5
    return (scale * np.random.default_rng(zlib.crc32(f"{layer}/{variable}".encode())).standard_normal(shape)).astype(
        "float32"
    )


def set_keras(model):
    for layer in model.layers:
        if layer.weights:
            layer.set_weights([value(layer.name, _inner_name(layer, v), v.shape) for v in layer.weights])


def _inner_name(layer, variable):
    """Its path in the layer, without a recurrence's direction and cell."""
    return re.sub(r"^((forward|backward)_\w+/)?\w+_cell/", "", variable.path.rpartition(layer.name + "/")[2])


def set_torch(torch, net):
    """PyTorch keeps a linear layer's weight transposed, a convolution's as (filters, channels, sizes...) (of a
    transposed one too). Normalisations start as here."""
    with torch.no_grad():
        for path, module in net.named_modules():
            name, _, inner = path.partition(".")
            inner = inner + "/" if inner else ""
            if isinstance(module, torch.nn.Linear):
                module.weight.copy_(torch.from_numpy(value(name, inner + "kernel", module.weight.shape[::-1])).T)
                module.bias.copy_(torch.from_numpy(value(name, inner + "bias", module.bias.shape)))
            elif isinstance(module, (torch.nn.Conv1d, torch.nn.Conv2d, torch.nn.ConvTranspose2d)):
                last, before, *sizes = module.weight.shape
                w = value(
                    name, "kernel", (*sizes, last, 1) if name.endswith("_depth") else (*sizes, before, last)
                ).reshape(*sizes, before, last)
                module.weight.copy_(torch.from_numpy(np.moveaxis(w, (-1, -2), (0, 1))))
                if module.bias is not None:
                    module.bias.copy_(torch.from_numpy(value(name, "bias", module.bias.shape)))
            elif isinstance(module, torch.nn.Embedding):
                module.weight.copy_(torch.from_numpy(value(name, "embeddings", module.weight.shape)))
            elif isinstance(module, (torch.nn.LSTM, torch.nn.GRU)):
                for (
                    parameter,
                    tensor,
                ) in module.named_parameters():  # weight_ih_l0, bias_hh_l0_reverse, ...: directions start alike
                    variable = {"weight_ih": "kernel", "weight_hh": "recurrent_kernel"}.get(parameter[:9], "bias")
                    w = value(name, variable, tuple(tensor.shape[::-1]))
                    if isinstance(module, torch.nn.GRU):  # Keras' gates are z, r, h; PyTorch's r, z, n
                        z, r, h = np.split(w, 3, -1)
                        w = np.concatenate([r, z, h], -1)
                    tensor.copy_(torch.from_numpy(np.ascontiguousarray(w.T)))
