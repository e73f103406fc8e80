"""keras.models.clone_model."""

from lamina import _lamina, tree
from lamina._core.public import publish
from lamina.layers.input import Input
from lamina.models.model import Model
from lamina.models.sequential import Sequential


def clone_model(model, input_tensors=None, clone_function=None, call_function=None, recursive=False, **kwargs):
    """A model of the same architecture with weights of its own.

    Args:
        model: a Sequential or functional model (a subclass without custom cloning functions is rebuilt from its
            config).
        input_tensors: KerasTensors to build the clone on.
        clone_function: layer -> the layer that takes its place; called for every layer but inputs.
        call_function: (layer, *args, **kwargs) -> outputs; how cloned layers of a functional model are called.
        recursive: whether nested models are cloned by the same functions, instead of being handed to clone_function.
        **kwargs: cache, a dict that is given to have each layer cloned once over several calls.

    Returns:
        The model.

    Raises:
        ValueError: for arguments that do not go with this kind of model.
    """
    cache = kwargs.pop("cache", None)
    if kwargs:
        raise ValueError(f"Unexpected keyword arguments: {sorted(kwargs)}")
    if isinstance(model, Sequential):
        if call_function is not None:
            raise ValueError(
                "`call_function` argument is not supported with Sequential models. In a Sequential model, layers "
                f"aren't called at model-construction time. Received: call_function={call_function}"
            )
        copy = _clone_sequential(model, _cloner(clone_function, None, recursive, cache), input_tensors)
    elif getattr(model, "_is_functional", False):
        copy = _clone_functional(
            model, _cloner(clone_function, call_function, recursive, cache), call_function, input_tensors
        )
    else:
        for argument, value in (
            ("clone_function", clone_function),
            ("call_function", call_function),
            ("input_tensors", input_tensors),
        ):
            if value is not None:
                raise ValueError(
                    "Arguments `clone_function`, `call_function` and `input_tensors` are only supported for "
                    "Sequential models or Functional models. Received model of type "
                    f"'{type(model).__name__}', with {argument}={value}"
                )
        return type(model).from_config(model.get_config())
    if model.compiled:
        config = model.get_compile_config()
        if config:
            copy.compile_from_config(_lamina.serialize_value(config) if not isinstance(config, dict) else config)
    return copy


def _cloner(clone_function, call_function, recursive, cache):
    def clone(layer):
        nested = isinstance(layer, _lamina.ModelCore) and (isinstance(layer, Sequential) or layer._is_functional)
        if recursive and nested:
            more = {} if isinstance(layer, Sequential) else {"call_function": call_function}
            return clone_model(layer, clone_function=clone_function, recursive=True, **more)
        if clone_function is not None:
            if not callable(clone_function):
                raise ValueError(f"Expected `clone_function` argument to be a callable. Received: {clone_function}")
            return clone_function(layer)
        return type(layer).from_config(layer.get_config())

    seen = {} if cache is None else cache

    def once(layer):
        if id(layer) not in seen:
            seen[id(layer)] = clone(layer)
        return seen[id(layer)]

    return once


def _clone_sequential(model, clone, input_tensors):
    stack = model._stack()
    first = stack[0] if stack and type(stack[0]).__name__ == "InputLayer" else None
    copies = [clone(layer) for layer in (stack[1:] if first else stack)]
    if input_tensors is not None:
        given = input_tensors if isinstance(input_tensors, (list, tuple)) else [input_tensors]
        if len(given) != 1:
            raise ValueError(f"Argument `input_tensors` must contain a single tensor. Received: {input_tensors}")
        if not isinstance(given[0], _lamina.KerasTensor):
            raise ValueError(f"Argument `input_tensors` must be a KerasTensor. Received invalid value: {input_tensors}")
        copies.insert(0, Input(tensor=given[0], name=first.name if first else None))
    elif first is not None:
        copies.insert(0, Input(batch_shape=first.batch_shape, dtype=first.dtype, name=first.name))
    return Sequential(copies, name=model.name, trainable=model.trainable)


def _clone_functional(model, clone, call_function, input_tensors):
    if call_function is not None and not callable(call_function):
        raise ValueError(f"Expected `call_function` argument to be a callable. Received: {call_function}")
    inputs = model._graph_inputs()
    if input_tensors is None:
        fresh = tree.map_structure(lambda x: Input(batch_shape=x.shape, dtype=x.dtype, name=x.name), inputs)
    else:
        flat = tree.flatten(input_tensors)
        if not all(isinstance(x, _lamina.KerasTensor) for x in flat):
            raise ValueError(
                f"All entries in `input_tensors` must be KerasTensors. Received invalid values: inputs={input_tensors}"
            )
        try:
            tree.assert_same_structure(tree.lists_to_tuples(inputs), tree.lists_to_tuples(input_tensors))
        except ValueError as e:
            raise ValueError(
                f"`input_tensors` must have the same structure as model.input\nReceived: {input_tensors}\nExpected: "
                f"{inputs}"
            ) from e
        fresh = tree.pack_sequence_as(
            inputs, [Input(tensor=t, name=x.name) for x, t in zip(tree.flatten(inputs), flat)]
        )
    outputs = model._clone_graph(fresh, clone, call_function)
    cls = type(model) if "_builtin" not in type(model).__dict__ and type(model).__init__ is Model.__init__ else Model
    return cls(fresh, outputs, name=model.name)


publish("lamina.models", clone_model)
