"""A model's variables as a tree of values, by their paths."""


class StateTree:
    """get_state_tree() and set_state_tree(). `self` is a ModelCore."""

    _builtin = True

    def get_state_tree(self, value_format="backend_tensor"):
        """Variables' values by path.

        Args:
            value_format: "backend_tensor" or "numpy_array".

        Returns:
            Nested dicts under "trainable_variables", "non_trainable_variables", "optimizer_variables" and
            "metrics_variables".

        Raises:
            ValueError: for another format, or if two variables have one path.
        """

        if value_format not in ("backend_tensor", "numpy_array"):
            raise ValueError(
                f"Invalid `value_format` argument. Expected one of {{'numpy_array', 'backend_tensor'}}. Received: "
                f"value_format={value_format}"
            )

        def value(v):
            return v.numpy() if value_format == "numpy_array" else v.value

        def tree_of(variables):
            out = {}
            for v in variables:
                at = out
                *parents, leaf = v.path.split("/")
                for p in parents:
                    at = at.setdefault(p, {})
                if leaf in at:
                    raise ValueError(
                        f"The following variable path is found twice in the model: '{v.path}'. `get_state_tree()` "
                        "can only be called when all variable paths are unique. Make sure to give "
                        "unique names to your layers (and other objects)."
                    )
                at[leaf] = value(v)
            return out

        return {
            "trainable_variables": tree_of(self.trainable_variables),
            "non_trainable_variables": tree_of(self.non_trainable_variables),
            "optimizer_variables": tree_of(self._optimizer.variables if self._optimizer else []),
            "metrics_variables": tree_of(self.metrics_variables),
        }

    def set_state_tree(self, state_tree):
        """Assigns values by path.

        Args:
            state_tree: nested dicts as get_state_tree() gives them, or parts of them.

        Raises:
            ValueError: for an unknown kind of variables.
        """

        def assign(variables, values, path=()):
            for key, value in values.items():
                if isinstance(value, dict):
                    assign(variables, value, (*path, key))
                elif "/".join((*path, key)) in variables:
                    variables["/".join((*path, key))].assign(value)

        kinds = {
            "trainable_variables": lambda: self.trainable_variables,
            "non_trainable_variables": lambda: self.non_trainable_variables,
            "optimizer_variables": lambda: self.optimizer.variables,
            "metrics_variables": lambda: self.metrics_variables,
        }
        for kind, values in state_tree.items():
            if kind not in kinds:
                raise ValueError(f"Unknown variable name: {kind}")
            assign({v.path: v for v in kinds[kind]()}, values)

    def _get_variable_map(self):
        variables = self.variables + (self._optimizer.variables if self._optimizer else [])
        return {v.path: v for v in variables}
