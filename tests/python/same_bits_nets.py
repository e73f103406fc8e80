"""Nets of every kind, for the tests of same bits."""


def nets(keras):
    """{name: (model, shape of a sample)}"""
    L = keras.layers

    def model(shape, *layers):
        return keras.Sequential([keras.Input(shape), *layers, L.Dense(3)]), shape

    tokens = keras.Input((48, 32))
    attended = L.LayerNormalization()(tokens + L.MultiHeadAttention(4, 8)(tokens, tokens, use_causal_mask=True))
    transformer = keras.Model(
        tokens, L.Dense(3)(L.GlobalAveragePooling1D()(attended + L.Dense(32, activation="gelu")(attended)))
    )
    return {
        "convolution": model(
            (28, 28, 1),
            L.Conv2D(16, 3, activation="relu"),
            L.MaxPooling2D(),
            L.Conv2D(32, 3, padding="same", activation="relu"),
            L.MaxPooling2D(),
            L.Flatten(),
        ),
        "residual": model(
            (16, 16, 16),
            L.Conv2D(32, 3, padding="same", use_bias=False),
            L.BatchNormalization(),
            L.ReLU(),
            L.Conv2D(32, 3, strides=2),
            L.GlobalAveragePooling2D(),
        ),
        "depthwise": model(
            (20, 20, 8),
            L.DepthwiseConv2D(3, padding="same"),
            L.BatchNormalization(),
            L.Conv2D(24, 1, activation="relu6"),
            L.SeparableConv2D(16, 3, strides=2),
            L.GlobalMaxPooling2D(),
        ),
        "one axis": model(
            (120, 12),
            L.Conv1D(24, 5, activation="relu"),
            L.AveragePooling1D(2),
            L.Conv1D(24, 3, padding="causal", dilation_rate=2),
            L.GlobalAveragePooling1D(),
        ),
        "transposed": model(
            (7, 7, 16),
            L.Conv2DTranspose(16, 3, strides=2, padding="same", activation="relu"),
            L.Conv2DTranspose(1, 3, strides=2, padding="same"),
            L.Flatten(),
        ),
        "lstm": model((30, 12), L.Masking(), L.Bidirectional(L.LSTM(100, return_sequences=True)), L.LSTM(16)),
        "gru": model(
            (30, 12),
            L.GRU(120, return_sequences=True, dropout=0.2),
            L.LayerNormalization(),
            L.GRU(16, reset_after=False),
        ),
        "simple": model(
            (30, 12),
            L.SimpleRNN(24, return_sequences=True),
            L.RMSNormalization(),
            L.TimeDistributed(L.Dense(8)),
            L.Flatten(),
        ),
        "images in time": model((4, 10, 10, 2), L.ConvLSTM2D(8, 3), L.GroupNormalization(4), L.Flatten()),
        "transformer": (transformer, (48, 32)),
    }
