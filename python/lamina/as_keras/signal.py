"""tf.signal by keras.ops, for scripts where TensorFlow is not installed. Complex numbers, which there are none of, are
pairs in keras.ops; here a spectrum is a Spectrum, whose magnitude tf.abs() gives."""

import numpy as np

from lamina import ops
from lamina.as_keras.arrays import tensor


class Spectrum:
    """Complex numbers as two tensors."""

    def __init__(self, real, imag):
        self.real, self.imag = real, imag
        self.shape, self.dtype = real.shape, "complex64"

    def __getitem__(self, index):
        return Spectrum(self.real[index], self.imag[index])

    def __abs__(self):
        return ops.sqrt(ops.square(self.real) + ops.square(self.imag))


def hann_window(window_length, periodic=True, dtype="float32", name=None):
    """A raised cosine."""
    return _cosine(window_length, periodic, dtype, 0.5)


def hamming_window(window_length, periodic=True, dtype="float32", name=None):
    """A raised cosine that does not reach zero."""
    return _cosine(window_length, periodic, dtype, 0.54)


def _cosine(window_length, periodic, dtype, middle):
    n = int(window_length)
    steps = n if periodic and n % 2 == 0 else n - 1  # of an odd number both kinds are the same
    turns = 2 * np.pi * np.arange(n) / max(steps, 1)
    return tensor((middle - (1 - middle) * np.cos(turns)).astype(str(dtype)))


def frame(signal, frame_length, frame_step, pad_end=False, pad_value=0, axis=-1, name=None):
    """Parts of a signal that overlap, along a new axis."""
    signal = ops.moveaxis(tensor(signal), axis, -1)
    size, length, step = signal.shape[-1], int(frame_length), int(frame_step)
    count = -(-size // step) if pad_end else max(0, 1 + (size - length) // step)
    more = max(0, (count - 1) * step + length - size)
    if more:
        margins = [(0, 0)] * (len(signal.shape) - 1) + [(0, more)]
        signal = ops.pad(signal, margins, constant_values=pad_value)
    places = np.arange(count)[:, None] * step + np.arange(length)
    framed = ops.take(signal, places.astype("int32"), axis=-1)
    return framed if axis in (-1, len(signal.shape) - 1) else ops.moveaxis(framed, (-2, -1), (axis, axis + 1))


def rfft(input_tensor, fft_length=None, name=None):
    """The spectrum of a real signal."""
    return Spectrum(*ops.rfft(tensor(input_tensor), _length(fft_length)))


def _length(fft_length):
    return None if fft_length is None else int(np.reshape(np.asarray(fft_length), -1)[-1])


def fft(input, name=None):
    """The spectrum of a signal."""
    if isinstance(input, Spectrum):
        return Spectrum(*ops.fft((input.real, input.imag)))
    return Spectrum(*ops.fft((tensor(input), ops.zeros_like(tensor(input)))))


def stft(signals, frame_length, frame_step, fft_length=None, window_fn=hann_window, pad_end=False, name=None):
    """The spectra of parts of a signal that overlap."""
    if fft_length is None:
        fft_length = 1 << (int(frame_length) - 1).bit_length()
    framed = frame(signals, frame_length, frame_step, pad_end)
    if window_fn is not None:
        framed = framed * window_fn(int(frame_length), dtype=framed.dtype)
    return rfft(framed, fft_length)


def linear_to_mel_weight_matrix(
    num_mel_bins=20,
    num_spectrogram_bins=129,
    sample_rate=8000,
    lower_edge_hertz=125.0,
    upper_edge_hertz=3800.0,
    dtype="float32",
    name=None,
):
    """What a spectrogram is multiplied with for one on the mel scale."""
    mel = lambda hertz: 1127.0 * np.log1p(np.asarray(hertz, float) / 700.0)  # noqa: E731
    bins = mel(np.linspace(0.0, float(sample_rate) / 2, int(num_spectrogram_bins))[1:])[:, None]
    edges = np.linspace(mel(lower_edge_hertz), mel(upper_edge_hertz), int(num_mel_bins) + 2)
    low, middle, high = edges[:-2], edges[1:-1], edges[2:]
    weights = np.maximum(0, np.minimum((bins - low) / (middle - low), (high - bins) / (high - middle)))
    return tensor(np.pad(weights, [[1, 0], [0, 0]]).astype(str(dtype)))
