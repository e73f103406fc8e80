"""A language model over a small vocabulary: two causal blocks of width 192 with 6 heads over 128 tokens, a prediction
for each token."""

from workloads._transformer import Sizes, language_model

BATCH, STEPS = 16, 12
SIZES = Sizes(words=1000, length=128, width=192, heads=6, hidden=768, blocks=2, dropout=0.1, causal=True)
data, keras_model, torch_model = language_model(SIZES, rate=1e-3)
