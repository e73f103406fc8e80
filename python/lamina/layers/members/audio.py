"""Layers on sounds: the mel scale, and what STFTSpectrogram is made of."""

from lamina import _lamina
from lamina.layers.members.normalization import convert_weight


def linear_to_mel_weight_matrix(
    self,
    num_mel_bins=20,
    num_spectrogram_bins=129,
    sampling_rate=8000,
    lower_edge_hertz=125.0,
    upper_edge_hertz=3800.0,
    dtype="float32",
):
    """How much each frequency of a spectrum counts for each band of the mel scale.

    Args:
        num_mel_bins: how many bands.
        num_spectrogram_bins: how many frequencies, from 0 to half of the sampling rate.
        sampling_rate: samples in a second.
        lower_edge_hertz: where the lowest band begins.
        upper_edge_hertz: where the highest band ends.
        dtype: of the result.

    Returns:
        A tensor (num_spectrogram_bins, num_mel_bins).

    Raises:
        ValueError: for counts below 1.
    """
    return _lamina.mel_weights(
        num_mel_bins, num_spectrogram_bins, sampling_rate, lower_edge_hertz, upper_edge_hertz, dtype
    )


MEMBERS = {
    "MelSpectrogram": {"convert_weight": convert_weight, "linear_to_mel_weight_matrix": linear_to_mel_weight_matrix}
}
