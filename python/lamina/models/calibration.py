"""The data of GPTQ and AWQ: texts and tokens of any kind, of which C++ gets one row of tokens."""

import numpy as np

from lamina.quantizers import AWQConfig, GPTQConfig


def needs_data(mode, config):
    """Whether quantize(mode, config) is calibrated. Where the two do not go together, C++ says so."""
    return isinstance(config, (AWQConfig, GPTQConfig)) and mode in (None, config.mode)


def quantize_calibrated(model, config, chosen, type_check):
    """Quantizes the blocks of a model by GPTQ or AWQ.

    Args:
        model: a built model.
        config: a GPTQConfig or AWQConfig.
        chosen: layer -> whether it is meant.
        type_check: whether subclasses of built-in layers are left out.
    """
    mode = config.mode
    structure = config.quantization_layer_structure
    if structure is None:
        structure = model.get_quantization_layer_structure(mode)
    if structure is None:
        raise ValueError(
            f"For {mode=}, a valid quantization structure must be provided either via "
            "`config.quantization_layer_structure` or by overriding `model.get_quantization_layer_structure(mode)`. "
            "The structure should be a dictionary with keys 'pre_block_layers' and 'sequential_blocks'."
        )
    if not isinstance(structure, dict):
        raise TypeError(
            "The quantization structure must be a dictionary with keys 'pre_block_layers' and 'sequential_blocks'. "
            f"Received: {structure} (of type {type(structure).__name__})"
        )
    if config.dataset is None or config.tokenizer is None:
        raise ValueError(
            f"{mode.upper()} quantization requires a dataset and a tokenizer. Please provide them in the "
            f"`{type(config).__name__}`."
        )
    # Where the first sample begins is, as in Keras, a matter of Python's hashes, which PYTHONHASHSEED fixes.
    offset = abs(hash(("gptq-calib", 42)))
    model._quantize_calibrated(
        config,
        structure.get("pre_block_layers", ()),
        structure.get("sequential_blocks", ()),
        _tokens(config.dataset, config.tokenizer),
        offset,
        chosen,
        type_check,
    )


def _tokens(dataset, tokenizer):
    """All tokens of a dataset in one array of int32."""
    if not hasattr(dataset, "__iter__") or isinstance(dataset, (str, bytes)):
        raise TypeError(
            "The `dataset` argument must be an iterable (e.g., a list of strings, a generator, or a NumPy array). "
            f"Got type: {type(dataset).__name__}. Please pass the loaded dataset directly."
        )
    items = list(dataset)
    if not items:
        raise ValueError("Provided dataset is empty.")
    if isinstance(items[0], str):
        items = [tokenizer.tokenize(text) for text in items]
    return np.concatenate([np.asarray(item).reshape(-1).astype(np.int32) for item in items])
