"""Initial weights by layer and variable name, so that every framework can start from the same ones."""
import zlib

import numpy as np


def value(layer, variable, shape):
    """Biases are zero; the rest are normal, of a size that keeps activations near one."""
    if variable == "bias":
        return np.zeros(shape, "float32")
    scale = 0.05 if variable == "embeddings" else shape[0] ** -0.5
    return (scale * np.random.default_rng(zlib.crc32(f"{layer}/{variable}".encode())).standard_normal(shape)).astype("float32")


def set_keras(model):
    for layer in model.layers:
        if layer.weights:
            layer.set_weights([value(layer.name, v.name, v.shape) for v in layer.weights])


def set_torch(torch, net):
    """PyTorch keeps a linear layer's weight transposed."""
    with torch.no_grad():
        for name, module in net.named_modules():
            if isinstance(module, torch.nn.Linear):
                module.weight.copy_(torch.from_numpy(value(name, "kernel", module.weight.shape[::-1])).T)
                module.bias.copy_(torch.from_numpy(value(name, "bias", module.bias.shape)))
            elif isinstance(module, torch.nn.Embedding):
                module.weight.copy_(torch.from_numpy(value(name, "embeddings", module.weight.shape)))
