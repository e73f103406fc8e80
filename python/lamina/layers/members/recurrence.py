"""What recurrence layers, their cells and wrappers have in Python beyond their arguments."""

from lamina import _lamina
from lamina._core.configs.registration import custom_object_scope


def _get_initial_state(self, batch_size=None):
    return _lamina.cell_initial_state(self, batch_size)


def _reset_state(self):
    _lamina.rnn_reset_state(self)


def _from_config(cls, config, custom_objects=None):
    with custom_object_scope(custom_objects or {}):
        return cls(**config)


_CELL = {
    "state_size": property(lambda self: _lamina.cell_state_size(self)),
    "output_size": property(lambda self: _lamina.cell_output_size(self)),
    "get_initial_state": _get_initial_state,
}
_RNN = {
    "cell": property(lambda self: _lamina.rnn_cell(self)),
    "states": property(lambda self: _lamina.rnn_states(self)),
    "state_size": property(lambda self: _lamina.rnn_state_size(self)),
    "get_initial_state": lambda self, batch_size: _lamina.rnn_initial_state(self, batch_size),
    "reset_state": _reset_state,
    "reset_states": _reset_state,
}
_GATED = {**_RNN, "use_cudnn": property(lambda self: _lamina.rnn_use_cudnn(self))}


def _both_states(self):
    forward, backward = self.forward_layer.states, self.backward_layer.states
    return None if forward is None or backward is None else tuple(forward) + tuple(backward)


def _of_forward(name):
    return property(lambda self: getattr(self.forward_layer, name))


MEMBERS = {
    "SimpleRNNCell": _CELL,
    "LSTMCell": _CELL,
    "GRUCell": _CELL,
    "StackedRNNCells": {
        **_CELL,
        "cells": property(lambda self: self._sublayers()),
        "from_config": classmethod(_from_config),
    },
    "RNN": {**_RNN, "from_config": classmethod(_from_config)},
    "SimpleRNN": _RNN,
    "ConvLSTM1D": _RNN,
    "ConvLSTM2D": _RNN,
    "ConvLSTM3D": _RNN,
    "ConvLSTMCell": _CELL,
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
