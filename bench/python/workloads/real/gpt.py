"""A language model: six causal blocks of width 512 with 8 heads over 256 tokens of 8,000."""

from workloads._transformer import Sizes, language_model

BATCH, STEPS = 2, 4
SIZES = Sizes(words=8000, length=256, width=512, heads=8, hidden=2048, blocks=6, dropout=0.1, causal=True)
data, keras_model, torch_model = language_model(SIZES, rate=1e-4)
