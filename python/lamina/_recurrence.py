"""What recurrence layers, their cells and wrappers have in Python beyond their arguments."""
from lamina import _lamina


def _get_initial_state(self, batch_size=None):
    return _lamina.cell_initial_state(self, batch_size)


def _reset_state(self):
    _lamina.rnn_reset_state(self)


def _from_config(cls, config, custom_objects=None):
    from lamina import saving

    with saving.custom_object_scope(custom_objects or {}):
        return cls(**config)


def _inner_loop(self, sequences, initial_state, mask, training=False):
    """The recurrence alone: (output of the last step, outputs of all steps, last states). Subclasses may override it.

    Args:
        sequences: (batch, steps, ...).
        initial_state: the list of states to begin with.
        mask: (batch, steps) of bools, or None.
        training: whether the cell's dropout acts.
    """
    return _lamina.rnn_all_steps(self, sequences, initial_state, mask, bool(training))


def _single_state(self):
    return isinstance(self.cell.state_size, int)


_MASKED = {  # the family by which cells share their dropout masks between the steps of a loop
    "get_dropout_mask": lambda self, step_input: _lamina.cell_dropout_mask(self, step_input, False),
    "get_recurrent_dropout_mask": lambda self, step_input: _lamina.cell_dropout_mask(self, step_input, True),
    "reset_dropout_mask": lambda self: _lamina.cell_reset_dropout_mask(self, False),
    "reset_recurrent_dropout_mask": lambda self: _lamina.cell_reset_dropout_mask(self, True),
}
_DOCS = {
    "get_dropout_mask": "What step_input is multiplied by in training: drawn once, the same until it is reset. A tensor, or one a gate with implementation 1; None without dropout.",
    "get_recurrent_dropout_mask": "As get_dropout_mask(), for the state, of which step_input is an example.",
    "reset_dropout_mask": "Has the next call in training draw a new mask for its inputs.",
    "reset_recurrent_dropout_mask": "Has the next call in training draw a new mask for its state.",
}
for _name, _method in _MASKED.items():
    _method.__name__, _method.__qualname__, _method.__doc__ = _name, _name, _DOCS[_name]

_CELL = {
    "state_size": property(lambda self: _lamina.cell_state_size(self)),
    "output_size": property(lambda self: _lamina.cell_output_size(self)),
    "get_initial_state": _get_initial_state,
}
_GATED_CELL = {**_CELL, **_MASKED}
_CHOOSING_CELL = {**_GATED_CELL, "implementation": property(lambda self: _lamina.cell_implementation(self), doc="1: a dropout mask for every gate; 2: one for all.")}
_RNN = {
    "inner_loop": _inner_loop,
    "single_state": property(_single_state, doc="Whether the cell has one state."),
    "cell": property(lambda self: _lamina.rnn_cell(self)),
    "states": property(lambda self: _lamina.rnn_states(self)),
    "state_size": property(lambda self: _lamina.rnn_state_size(self)),
    "get_initial_state": lambda self, batch_size: _lamina.rnn_initial_state(self, batch_size),
    "reset_state": _reset_state,
    "reset_states": _reset_state,
}
_CONVOLUTIONAL = {**_RNN, "state_size": property(lambda self: [-1], doc="[-1]: states have spatial axes too, see get_initial_state()."), "single_state": property(lambda self: True)}
_GATED = {**_RNN, "use_cudnn": property(lambda self: _lamina.rnn_use_cudnn(self))}


def _both_states(self):
    forward, backward = self.forward_layer.states, self.backward_layer.states
    return None if forward is None or backward is None else tuple(forward) + tuple(backward)


def _of_forward(name):
    return property(lambda self: getattr(self.forward_layer, name))


MEMBERS = {
    "SimpleRNNCell": _GATED_CELL,
    "LSTMCell": _CHOOSING_CELL,
    "GRUCell": _CHOOSING_CELL,
    "StackedRNNCells": {**_CELL, "cells": property(lambda self: self._sublayers()), "from_config": classmethod(_from_config)},
    "RNN": {**_RNN, "from_config": classmethod(_from_config)},
    "SimpleRNN": _RNN,
    "ConvLSTM1D": _CONVOLUTIONAL,
    "ConvLSTM2D": _CONVOLUTIONAL,
    "ConvLSTM3D": _CONVOLUTIONAL,
    "ConvLSTMCell": {**_GATED_CELL, "state_size": property(lambda self: -1, doc="-1: its states have spatial axes too, see get_initial_state().")},
    "LSTM": _GATED,
    "GRU": _GATED,
    "Bidirectional": {
        "forward_layer": property(lambda self: _lamina.bidirectional_layer(self, True)),
        "backward_layer": property(lambda self: _lamina.bidirectional_layer(self, False)),
        "layer": property(lambda self: self.forward_layer),
        "stateful": _of_forward("stateful"),
        "return_sequences": _of_forward("return_sequences"),
        "return_state": _of_forward("return_state"),
        "states": property(_both_states),
        "reset_state": _reset_state,
        "reset_states": _reset_state,
        "from_config": classmethod(_from_config),
    },
    "TimeDistributed": {"layer": property(lambda self: self._sublayers()[0]), "from_config": classmethod(_from_config)},
}
