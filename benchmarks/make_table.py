"""Writes a table of word vectors in the static form (tokenizer.json, model.safetensors), made from the turns of a file
in the LoCoMo form, never from its questions: positive pointwise mutual information of words within a window, reduced by
a singular value decomposition, weighted by smooth inverse frequency.

    python3 make_table.py FILE DIRECTORY [--dimension 128] [--window 8] [--seed 100]

Sources: Levy, Goldberg and Dagan 2015, "Improving distributional similarity with lessons learned from word embeddings"
(context distribution smoothing .75, eigenvalues to the power .5); Arora, Liang and Ma 2017 for the weights. NumPy only.
"""
import argparse
import collections
import json
import os
import re
import struct
import unicodedata

import numpy


def words_of(text):
    text = unicodedata.normalize("NFD", text.lower())
    text = "".join(c for c in text if unicodedata.category(c) != "Mn")
    return re.findall(r"[^\W_]+", text)


def texts_of(path):
    """Each session as one list of words: what is said near each other is about the same thing."""
    with open(path, encoding="utf-8") as file:
        root = json.load(file)
    for sample in root:
        for name, turns in sample["conversation"].items():
            if re.fullmatch(r"session_\d+", name):
                yield [w for turn in turns for w in words_of(turn.get("text", "") + " " + turn.get("blip_caption", ""))]


def pmi(texts, vocabulary, window):
    counts = numpy.zeros((len(vocabulary), len(vocabulary)), dtype=numpy.float32)
    for text in texts:
        ids = [vocabulary[w] for w in text if w in vocabulary]
        for distance in range(1, window + 1):
            weight = (window + 1 - distance) / window
            pairs = numpy.array([ids[:-distance], ids[distance:]])
            if pairs.shape[1] > 0:
                numpy.add.at(counts, (pairs[0], pairs[1]), weight)
                numpy.add.at(counts, (pairs[1], pairs[0]), weight)
    context = counts.sum(axis=0) ** 0.75
    expected = numpy.outer(counts.sum(axis=1), context / context.sum())
    with numpy.errstate(divide="ignore", invalid="ignore"):
        values = numpy.log(counts / expected)
    values[~numpy.isfinite(values)] = 0.0
    return numpy.maximum(values, 0.0)


def reduce(matrix, dimension, seed):
    """Randomised range finder with four power iterations (Halko, Martinsson and Tropp 2011)."""
    state = numpy.random.default_rng(seed)
    basis = matrix @ state.standard_normal((matrix.shape[1], dimension + 16)).astype(numpy.float32)
    for _ in range(4):
        basis, _ = numpy.linalg.qr(matrix @ (matrix.T @ basis))
    left, values, _ = numpy.linalg.svd(basis.T @ matrix, full_matrices=False)
    return (basis @ left)[:, :dimension] * numpy.sqrt(values[:dimension])


def write(directory, vocabulary, table, weights):
    os.makedirs(directory, exist_ok=True)
    tokens = {"[UNK]": 0, **{w: i + 1 for w, i in vocabulary.items()}}
    tokenizer = {"normalizer": {"type": "BertNormalizer", "lowercase": True},
                 "pre_tokenizer": {"type": "BertPreTokenizer"},
                 "model": {"type": "WordPiece", "unk_token": "[UNK]", "vocab": tokens}}
    with open(os.path.join(directory, "tokenizer.json"), "w", encoding="utf-8") as file:
        json.dump(tokenizer, file)
    table = numpy.vstack([numpy.zeros((1, table.shape[1])), table]).astype(numpy.float32)
    weights = numpy.concatenate([[0.0], weights]).astype(numpy.float32)
    header = {"embeddings": {"dtype": "F32", "shape": list(table.shape), "data_offsets": [0, table.nbytes]},
              "weights": {"dtype": "F32", "shape": list(weights.shape),
                          "data_offsets": [table.nbytes, table.nbytes + weights.nbytes]}}
    head = json.dumps(header).encode()
    head += b" " * (-len(head) % 8)
    with open(os.path.join(directory, "model.safetensors"), "wb") as file:
        file.write(struct.pack("<Q", len(head)) + head + table.tobytes() + weights.tobytes())


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("file")
    parser.add_argument("directory")
    parser.add_argument("--dimension", type=int, default=128)
    parser.add_argument("--window", type=int, default=8)
    parser.add_argument("--seed", type=int, default=100)
    options = parser.parse_args()
    texts = list(texts_of(options.file))
    frequency = collections.Counter(w for text in texts for w in text)
    vocabulary = {w: i for i, w in enumerate(w for w, n in frequency.most_common(12000) if n >= 2)}
    total = sum(frequency.values())
    weights = numpy.array([1e-3 / (1e-3 + frequency[w] / total) for w in vocabulary])
    write(options.directory, vocabulary, reduce(pmi(texts, vocabulary, options.window), options.dimension, options.seed),
          weights)


if __name__ == "__main__":
    main()
