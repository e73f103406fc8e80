"""Words of texts to numbers, as Keras 2 did it. New programs use keras.layers.TextVectorization."""

import collections
import hashlib
import json
import warnings

import numpy as np

_FILTERS = '!"#$%&()*+,-./:;<=>?@[\\]^_`{|}~\t\n'
_MODES = ("binary", "count", "freq", "tfidf")


def text_to_word_sequence(input_text, filters=_FILTERS, lower=True, split=" "):
    """The words of a text.

    Args:
        input_text: the text.
        filters: characters that stand for `split`.
        lower: whether letters become small ones.
        split: what stands between words.

    Returns:
        A list of words.
    """
    text = input_text.lower() if lower else input_text
    text = text.translate(str.maketrans(dict.fromkeys(filters, split)))
    return [word for word in text.split(split) if word]


def one_hot(input_text, n, filters=_FILTERS, lower=True, split=" ", analyzer=None):
    """A number from 1 to n - 1 for each word, by Python's hash(): another one in the next process.

    Args:
        input_text: the text.
        n: how many numbers there are, with 0.
        filters: characters that stand for `split`.
        lower: whether letters become small ones.
        split: what stands between words.
        analyzer: text -> words; what was said of words is its own concern then.

    Returns:
        A list of ints.
    """
    return hashing_trick(input_text, n, hash, filters, lower, split, analyzer)


def hashing_trick(text, n, hash_function=None, filters=_FILTERS, lower=True, split=" ", analyzer=None):
    """A number from 1 to n - 1 for each word.

    Args:
        text: the text.
        n: how many numbers there are, with 0.
        hash_function: word -> int; "md5" gives the same in all processes; None is Python's hash().
        filters: characters that stand for `split`.
        lower: whether letters become small ones.
        split: what stands between words.
        analyzer: text -> words; what was said of words is its own concern then.

    Returns:
        A list of ints.
    """
    if hash_function == "md5":
        number = lambda word: int(hashlib.md5(word.encode()).hexdigest(), 16)  # noqa: E731
    else:
        number = hash_function or hash
    words = analyzer(text) if analyzer else text_to_word_sequence(text, filters, lower, split)
    return [1 + number(word) % (n - 1) for word in words]


class Tokenizer:
    """Numbers words by how often they occur, the most frequent one with 1; 0 stands for none.

    Args:
        num_words: numbers from this one on are not given; None gives all.
        filters: characters that stand for `split`.
        lower: whether letters become small ones.
        split: what stands between words.
        char_level: whether each character is a word.
        oov_token: what stands for words without a number, as number 1; None leaves them out.
        analyzer: text -> words; what was said of words is its own concern then.
        **kwargs: `document_count`, of a config.

    Example:

    >>> tokenizer = Tokenizer()
    >>> tokenizer.fit_on_texts(["the cat", "the dog and the cat"])
    >>> tokenizer.texts_to_sequences(["the dog"])
    [[1, 3]]
    """

    def __init__(
        self,
        num_words=None,
        filters=_FILTERS,
        lower=True,
        split=" ",
        char_level=False,
        oov_token=None,
        analyzer=None,
        **kwargs,
    ):
        if "nb_words" in kwargs:
            warnings.warn("Tokenizer's argument `nb_words` is called `num_words` now.", stacklevel=2)
            num_words = kwargs.pop("nb_words")
        self.document_count = kwargs.pop("document_count", 0)
        if kwargs:
            raise TypeError(f"Tokenizer has no argument `{next(iter(kwargs))}`.")
        self.num_words, self.oov_token, self.analyzer = num_words, oov_token, analyzer
        self.filters, self.split, self.lower, self.char_level = filters, split, lower, char_level
        self.word_counts = collections.OrderedDict()
        self.word_docs, self.index_docs = collections.defaultdict(int), collections.defaultdict(int)
        self.word_index, self.index_word = {}, {}

    def _words(self, text):
        if isinstance(text, list):
            return [word.lower() for word in text] if self.lower else text
        if self.char_level:
            return text.lower() if self.lower else text
        if self.analyzer is not None:
            return self.analyzer(text)
        return text_to_word_sequence(text, self.filters, self.lower, self.split)

    def fit_on_texts(self, texts):
        """Counts the words of texts, beside those before, and numbers them.

        Args:
            texts: strings, or lists of words.
        """
        for text in texts:
            words = self._words(text)
            self.document_count += 1
            for word in words:
                self.word_counts[word] = self.word_counts.get(word, 0) + 1
            for word in set(words):
                self.word_docs[word] += 1
        by_count = sorted(self.word_counts, key=self.word_counts.get, reverse=True)
        numbered = by_count if self.oov_token is None else [self.oov_token, *by_count]
        self.word_index = {word: number for number, word in enumerate(numbered, 1)}
        self.index_word = {number: word for word, number in self.word_index.items()}
        for word, count in self.word_docs.items():
            self.index_docs[self.word_index[word]] = count

    def fit_on_sequences(self, sequences):
        """Counts in how many sequences numbers occur, for sequences_to_matrix().

        Args:
            sequences: lists of ints.
        """
        self.document_count += len(sequences)
        for sequence in sequences:
            for number in set(sequence):
                self.index_docs[number] += 1

    def _known(self, keys, table, number, outside):
        """The entries of a table, without numbers that are not given; `outside` stands for what is left out."""
        for key in keys:
            found = table.get(key)
            if found is None or (self.num_words and number(key, found) >= self.num_words):
                found = outside
            if found is not None:
                yield found

    def texts_to_sequences(self, texts):
        """The numbers of the words of texts.

        Args:
            texts: strings, or lists of words.

        Returns:
            A list of lists of ints.
        """
        return list(self.texts_to_sequences_generator(texts))

    def texts_to_sequences_generator(self, texts):
        """As texts_to_sequences(), one after the other.

        Args:
            texts: strings, or lists of words.
        """
        outside = self.word_index.get(self.oov_token)
        for text in texts:
            yield list(self._known(self._words(text), self.word_index, lambda word, number: number, outside))

    def sequences_to_texts(self, sequences):
        """The words of numbers, with spaces between.

        Args:
            sequences: lists of ints.

        Returns:
            A list of strings.
        """
        return list(self.sequences_to_texts_generator(sequences))

    def sequences_to_texts_generator(self, sequences):
        """As sequences_to_texts(), one after the other.

        Args:
            sequences: lists of ints.
        """
        outside = self.index_word.get(self.word_index.get(self.oov_token))
        for sequence in sequences:
            yield " ".join(self._known(sequence, self.index_word, lambda number, word: number, outside))

    def texts_to_matrix(self, texts, mode="binary"):
        """A row for each text and a column for each number.

        Args:
            texts: strings, or lists of words.
            mode: as in sequences_to_matrix().

        Returns:
            An array (texts, numbers).
        """
        return self.sequences_to_matrix(self.texts_to_sequences(texts), mode)

    def sequences_to_matrix(self, sequences, mode="binary"):
        """A row for each sequence and a column for each number.

        Args:
            sequences: lists of ints.
            mode: "binary" for 1 where the number occurs, "count" for how often, "freq" for the share of the sequence,
                "tfidf" for a weight that is less for words of many texts.

        Returns:
            An array (sequences, numbers).

        Raises:
            ValueError: where it is not known how many numbers there are, and for other modes.
        """
        if not self.num_words and not self.word_index:
            raise ValueError(
                "It is not known how many words there are: pass `num_words`, or call fit_on_texts() before."
            )
        if mode == "tfidf" and not self.document_count:
            raise ValueError('The mode "tfidf" needs counts: call fit_on_texts() or fit_on_sequences() before.')
        columns = self.num_words or len(self.word_index) + 1
        out = np.zeros((len(sequences), columns))
        for row, sequence in zip(out, sequences):
            counts = collections.Counter(number for number in sequence if number < columns)
            if counts and mode not in _MODES:
                raise ValueError(f"The mode is one of {', '.join(_MODES)}. Received: mode={mode}")
            for number, count in counts.items():
                row[number] = self._weight(mode, number, count, len(sequence))
        return out

    def _weight(self, mode, number, count, length):
        if mode == "tfidf":
            rareness = np.log(1 + self.document_count / (1 + self.index_docs.get(number, 0)))
            return (1 + np.log(count)) * rareness
        return {"binary": 1, "count": count, "freq": count / length}[mode]

    def get_config(self):
        """The arguments, and what was counted as JSON.

        Returns:
            A dict.
        """
        arguments = ("num_words", "filters", "lower", "split", "char_level", "oov_token", "document_count")
        counted = ("word_counts", "word_docs", "index_docs", "index_word", "word_index")
        return {
            **{name: getattr(self, name) for name in arguments},
            **{name: json.dumps(getattr(self, name)) for name in counted},
        }

    def to_json(self, **kwargs):
        """The tokenizer as text, which tokenizer_from_json() reads.

        Args:
            **kwargs: of json.dumps().

        Returns:
            A string.
        """
        return json.dumps({"class_name": type(self).__name__, "config": self.get_config()}, **kwargs)


def tokenizer_from_json(json_string):
    """The tokenizer that to_json() wrote.

    Args:
        json_string: the text.

    Returns:
        A Tokenizer.
    """
    config = json.loads(json_string)["config"]
    counted = {
        name: json.loads(config.pop(name))
        for name in ("word_counts", "word_docs", "word_index", "index_docs", "index_word")
    }
    tokenizer = Tokenizer(**config)
    for name, values in counted.items():
        by_number = name in ("index_docs", "index_word")
        setattr(tokenizer, name, {int(k): v for k, v in values.items()} if by_number else values)
    return tokenizer
