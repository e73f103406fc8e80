"""Model functions, made when first used from their C++ descriptions; what each module of keras.applications has."""

import functools
import inspect
import os

from lamina import _lamina
from lamina._core.public import public_module, publish
from lamina.applications._published import fetch


def names(module=""):
    """The model functions of a module of keras.applications; "" stands for all of them."""
    return _lamina.model_function_names(module)


def find(name):
    """The model function of that name, or None."""
    return _model_function(name) if name in names() else None


@functools.cache
def _model_function(name):
    arguments, doc = _lamina.model_function(name)
    known = [argument for argument, _ in arguments]

    def function(*args, **kwargs):
        if len(args) > len(known):
            raise TypeError(
                f"{name}() takes at most {len(known)} arguments ({', '.join(known)}), received {len(args)}."
            )
        for argument, value in zip(known, args):
            if argument in kwargs:
                raise TypeError(f"{name}() got multiple values for argument '{argument}'.")
            kwargs[argument] = value
        if isinstance(kwargs.get("weights"), os.PathLike):
            kwargs["weights"] = os.fspath(kwargs["weights"])
        model, file = _lamina.build_model(name, kwargs)
        if file is not None:
            model.load_weights(fetch(*file))
        return model

    function.__name__ = function.__qualname__ = name
    function.__doc__ = doc
    function.__signature__ = inspect.Signature(
        [inspect.Parameter(n, inspect.Parameter.POSITIONAL_OR_KEYWORD, default=default) for n, default in arguments]
    )
    publish("lamina.applications", function)
    return function


_DOES = {
    "caffe": "Images as the model expects them: BGR, less the mean of each channel over ImageNet.",
    "tf": "Images as the model expects them: with values from -1 to 1.",
    "torch": "Images as the model expects them: with values from 0 to 1, normalised by ImageNet's statistics.",
    "": "The images as they are: the model's first layers do what is needed.",
}


@functools.cache
def _preprocessing(module):
    from lamina.applications.imagenet_utils import preprocess

    mode = _lamina.preprocessing_mode(module)

    def preprocess_input(x, data_format=None):
        return preprocess(x, data_format, mode) if mode else x

    preprocess_input.__doc__ = f"""{_DOES[mode]}

    Args:
        x: an image or a batch of them with values from 0 to 255: an array, which gets the result itself where it is
            floating, a tensor or a KerasTensor.
        data_format: "channels_last" or "channels_first"; None is `keras.config.image_data_format()`.

    Returns:
        Images of the same kind.
    """
    preprocess_input.__qualname__ = "preprocess_input"
    publish(f"lamina.applications.{module}", preprocess_input)
    return preprocess_input


def application_module(module):
    """(__getattr__, __dir__) of a module of keras.applications."""
    short = module.rpartition(".")[2]

    def find_in_module(name):
        if name == "preprocess_input":
            return _preprocessing(short)
        return _model_function(name) if name in names(short) else None

    return public_module(
        module,
        loaded={"decode_predictions": "lamina.applications.imagenet_utils"},
        find=find_in_module,
        known=lambda: ["preprocess_input", *names(short)],
    )
