"""An encoder of BERT-base's size (Devlin et al., 2019) over 128 tokens, with a class for each sequence."""

from workloads._transformer import Sizes, sequence_classifier

BATCH, STEPS = 2, 4
SIZES = Sizes(words=30522, length=128, width=768, heads=12, hidden=3072, blocks=12, dropout=0.1, causal=False)
data, keras_model, torch_model = sequence_classifier(SIZES, classes=2, rate=1e-5)
