"""Arguments of call() that layers pass on to the layers inside them, as they do with `training`."""

import threading

from lamina.layers.layer_building import signature

_thread = threading.local()  # .values: what the calls under way have said, by name


def _given(layer, names, args, kwargs):
    """What a call says of `names`, by name or place."""
    by_place = dict(zip(signature(layer.call).parameters, args))
    return {name: v for name, v in {**by_place, **kwargs}.items() if name in names}


class CallContext:
    """Layers' part in it. `self` is a LayerCore."""

    _builtin = True

    def _register_call_context_args(self, *names):
        """Lets the layer take these arguments of a call, for itself and for the layers that it calls.

        Args:
            *names: an inner layer that has registered a name too, and whose call() has it, gets the value of the
                outermost call that was given one, unless it is given one itself.

        Raises:
            RuntimeError: after the layer was called.
        """
        if "_called" in self.__dict__:
            raise RuntimeError("Cannot add call-context args after the layer has been called.")
        self.__dict__["_context_names"] = self.__dict__.get("_context_names", frozenset()) | set(names) - {"training"}

    @property
    def _call_context_args(self):
        return {"training", *self.__dict__.get("_context_names", ())}

    def _call_in_context(self, invoke, args, kwargs):
        """invoke() of what remains of the arguments, with the others where inner layers find them."""
        names = self.__dict__["_context_names"]
        parameters = signature(self.call).parameters
        before = getattr(_thread, "values", {})
        given = _given(self, names, args, kwargs)
        values = dict(before)
        for name in names:
            if name in given:
                values[name] = given[name]
            elif values.get(name) is None and name in parameters:
                default = parameters[name].default
                values[name] = None if default is parameters[name].empty else default
        kwargs = {k: v for k, v in kwargs.items() if k not in names or k in parameters}
        _thread.values = values
        try:
            return invoke(*args, **kwargs)
        finally:
            _thread.values = before

    def _with_context(self, parameters, args, kwargs):
        """The keyword arguments of the user's call(), with those that the calls around it have said."""
        values = getattr(_thread, "values", {})
        taken = set(list(parameters)[: len(args)])
        found = {
            name: values[name]
            for name in self.__dict__["_context_names"]
            if name in parameters and name not in kwargs and name not in taken and values.get(name) is not None
        }
        return {**kwargs, **found}
