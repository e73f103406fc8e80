"""A classifier of token sequences: two encoder blocks of width 64 with 4 heads over 100 tokens. Many small matrix
products, attention, normalisation and dropout."""

from workloads._transformer import Sizes, sequence_classifier

BATCH, STEPS = 32, 40
SIZES = Sizes(words=20000, length=100, width=64, heads=4, hidden=128, blocks=2, dropout=0.1, causal=False)
data, keras_model, torch_model = sequence_classifier(SIZES, classes=2, rate=1e-3)
