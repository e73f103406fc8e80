"""A layer's weights in fewer bits."""

from lamina import _lamina


class LayerQuantization:
    """quantize() and what goes with it. `self` is a LayerCore."""

    _builtin = True

    @property
    def quantization_mode(self):
        """How weights are kept by the dtype policy: "int8" and so on, or None where they are not quantized."""
        return _lamina.LayerCore.quantization_mode.__get__(self)

    def quantize(self, mode=None, type_check=True, config=None):
        """Keeps the weights in fewer bits from now on; they are no longer trained. Dense, EinsumDense, Embedding and
        ReversibleEmbedding have such a form in Keras, too; convolutions, SimpleRNN, LSTM, GRU and their cells have one
        for "int8" here. With "gptq" and "awq" (Dense and EinsumDense) the kernel stays as it is
        until the model's quantize() has found its values.

        Args:
            mode: "int8", "int4", "float8", "gptq" or "awq"; that of `config` by default.
            type_check: whether subclasses of these layers are refused.
            config: a QuantizationConfig; the default of the mode where None.

        Raises:
            ValueError: if the layer is not built or quantized already, or the arguments do not fit.
            NotImplementedError: of layers without such a form.
        """
        self._quantize(mode, config, type_check)

    def quantized_build(self, input_shape, mode, config=None):
        """Makes the variables of quantized weights. build() calls it where the dtype policy says so.

        Args:
            input_shape: the shape of the weight, which the layer knows.
            mode: "int8", "int4", "float8", "gptq" or "awq".
            config: a QuantizationConfig; the layer's own where None.

        Raises:
            NotImplementedError: for other modes, and of layers without quantized weights.
        """
        if config is not None:
            self.quantization_config = config
        self._quantized_build(str(mode))

    def quantized_call(self, *args, **kwargs):
        """call() with quantized weights.

        Args:
            *args: as of call().
            **kwargs: as of call().

        Returns:
            As call().

        Raises:
            NotImplementedError: of layers without quantized weights.
        """
        return self._quantized_call(*args, **kwargs)
