"""What recurrence layers, their cells and wrappers have in Python beyond their arguments."""

from lamina import _lamina
from lamina._core.configs.registration import custom_object_scope


def _get_initial_state(self, batch_size=None):
    """The state before the first step.

    Args:
        batch_size: the states' first axis.

    Returns:
        A list of tensors of zeros.
    """
    return _lamina.cell_initial_state(self, batch_size)


def _initial_state_of_cell(self, batch_size):
    """The cell's state before the first step.

    Args:
        batch_size: the states' first axis.

    Returns:
        A list of tensors.
    """
    return _lamina.rnn_initial_state(self, batch_size)


def _reset_state(self):
    """Sets the states of a stateful layer back to zero."""
    _lamina.rnn_reset_state(self)


def _from_config(cls, config, custom_objects=None):
    """A layer from get_config().

    Args:
        config: a dict of the constructor's arguments, layers and cells as configs.
        custom_objects: {name: class or function} that the config may name.
    """
    with custom_object_scope(custom_objects or {}):
        return cls(**config)


def _inner_loop(self, sequences, initial_state, mask, training=False):
    """The recurrence alone. Subclasses may override it.

    Args:
        sequences: (batch, steps, ...).
        initial_state: the list of states to begin with.
        mask: (batch, steps) of bools, or None.
        training: whether the cell's dropout acts.

    Returns:
        (output of the last step, outputs of all steps, last states)
    """
    return _lamina.rnn_all_steps(self, sequences, initial_state, mask, bool(training))


def _get_dropout_mask(self, step_input):
    """What step_input is multiplied by in training: drawn once, the same until it is reset.

    Args:
        step_input: an example of the inputs.

    Returns:
        A tensor, or one per gate with implementation 1; None without dropout.
    """
    return _lamina.cell_dropout_mask(self, step_input, False)


def _get_recurrent_dropout_mask(self, step_input):
    """As get_dropout_mask(), for the state.

    Args:
        step_input: an example of the state.

    Returns:
        A tensor, or one per gate with implementation 1; None without dropout.
    """
    return _lamina.cell_dropout_mask(self, step_input, True)


def _reset_dropout_mask(self):
    """Has the next call in training draw a new mask for its inputs."""
    _lamina.cell_reset_dropout_mask(self, False)


def _reset_recurrent_dropout_mask(self):
    """Has the next call in training draw a new mask for its state."""
    _lamina.cell_reset_dropout_mask(self, True)


# The family by which cells share their dropout masks between the steps of a loop.
_MASKED = {
    "get_dropout_mask": _get_dropout_mask,
    "get_recurrent_dropout_mask": _get_recurrent_dropout_mask,
    "reset_dropout_mask": _reset_dropout_mask,
    "reset_recurrent_dropout_mask": _reset_recurrent_dropout_mask,
}
_CELL = {
    "state_size": property(
        lambda self: _lamina.cell_state_size(self), doc="The length of the state, or of each of several states."
    ),
    "output_size": property(lambda self: _lamina.cell_output_size(self), doc="The length of the output."),
    "get_initial_state": _get_initial_state,
}
_GATED_CELL = {**_CELL, **_MASKED}
_CHOOSING_CELL = {
    **_GATED_CELL,
    "implementation": property(
        lambda self: _lamina.cell_implementation(self), doc="1: a dropout mask for every gate; 2: one for all."
    ),
}
_RNN = {
    "inner_loop": _inner_loop,
    "single_state": property(lambda self: isinstance(self.cell.state_size, int), doc="Whether the cell has one state."),
    "cell": property(lambda self: _lamina.rnn_cell(self), doc="The cell: what computes one step."),
    "states": property(
        lambda self: _lamina.rnn_states(self),
        doc="The variables of a stateful layer's states; None before it is built.",
    ),
    "state_size": property(
        lambda self: _lamina.rnn_state_size(self), doc="The length of the state, or of each of several states."
    ),
    "get_initial_state": _initial_state_of_cell,
    "reset_state": _reset_state,
    "reset_states": _reset_state,
}
_CONVOLUTIONAL = {
    **_RNN,
    "state_size": property(lambda self: [-1], doc="[-1]: states have spatial axes too, see get_initial_state()."),
    "single_state": property(lambda self: True, doc="Whether the cell has one state."),
}
_GATED = {
    **_RNN,
    "use_cudnn": property(
        lambda self: _lamina.rnn_use_cudnn(self), doc="Whether a GPU's own library may run it: True, False or 'auto'."
    ),
}


def _both_states(self):
    forward, backward = self.forward_layer.states, self.backward_layer.states
    return None if forward is None or backward is None else tuple(forward) + tuple(backward)


def _of_forward(name):
    return property(lambda self: getattr(self.forward_layer, name), doc=f"The forward layer's `{name}`.")


MEMBERS = {
    "SimpleRNNCell": _GATED_CELL,
    "LSTMCell": _CHOOSING_CELL,
    "GRUCell": _CHOOSING_CELL,
    "StackedRNNCells": {
        **_CELL,
        "cells": property(lambda self: self._sublayers(), doc="The cells, from the first to the last."),
        "from_config": classmethod(_from_config),
    },
    "RNN": {**_RNN, "from_config": classmethod(_from_config)},
    "SimpleRNN": _RNN,
    "ConvLSTM1D": _CONVOLUTIONAL,
    "ConvLSTM2D": _CONVOLUTIONAL,
    "ConvLSTM3D": _CONVOLUTIONAL,
    "ConvLSTMCell": {
        **_GATED_CELL,
        "state_size": property(lambda self: -1, doc="-1: its states have spatial axes too, see get_initial_state()."),
    },
    "LSTM": _GATED,
    "GRU": _GATED,
    "Bidirectional": {
        "forward_layer": property(
            lambda self: _lamina.bidirectional_layer(self, True), doc="The layer that reads from the first step."
        ),
        "backward_layer": property(
            lambda self: _lamina.bidirectional_layer(self, False), doc="The layer that reads from the last step."
        ),
        "layer": property(
            lambda self: self.forward_layer, doc="The layer that it was made from, which reads from the first step."
        ),
        "stateful": _of_forward("stateful"),
        "return_sequences": _of_forward("return_sequences"),
        "return_state": _of_forward("return_state"),
        "states": property(_both_states, doc="The states of both layers; None before they are built."),
        "reset_state": _reset_state,
        "reset_states": _reset_state,
        "from_config": classmethod(_from_config),
    },
    "TimeDistributed": {
        "layer": property(lambda self: self._sublayers()[0], doc="The layer that is applied to each step."),
        "from_config": classmethod(_from_config),
    },
}
