"""Writes a table of word vectors in the static form (tokenizer.json, model.safetensors), made from the turns of a file
in the LoCoMo form, never from its questions: latent semantic analysis of words and turns, where a turn is read together
with its neighbours, so that words get near each other that are said in one stretch of talk.

    python3 make_table.py FILE DIRECTORY [--dimension 128] [--reach 2] [--seed 100]

Sources: Deerwester et al. 1990, "Indexing by latent semantic analysis"; Halko, Martinsson and Tropp 2011 for the
randomised decomposition. NumPy only.
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


def documents_of(path, reach):
    """The words of each turn, and of it with its neighbours: what is said near each other is about the same thing."""
    with open(path, encoding="utf-8") as file:
        root = json.load(file)
    for sample in root:
        for name, session in sample["conversation"].items():
            if not re.fullmatch(r"session_\d+", name):
                continue
            turns = [words_of(turn.get("text", "") + " " + turn.get("blip_caption", "")) for turn in session]
            for i, turn in enumerate(turns):
                yield turn, [w for near in turns[max(i - reach, 0):i + reach + 1] for w in near]


def weigh(documents, vocabulary, rarity):
    """Words by documents: logarithmic frequency times rarity, each document of unit norm."""
    matrix = numpy.zeros((len(vocabulary), len(documents)), dtype=numpy.float32)
    for at, (_, words) in enumerate(documents):
        for word, count in collections.Counter(w for w in words if w in vocabulary).items():
            matrix[vocabulary[word], at] = (1.0 + numpy.log(count)) * rarity[vocabulary[word]]
    return matrix / numpy.maximum(numpy.linalg.norm(matrix, axis=0), 1e-9)


def reduce(matrix, dimension, seed):
    """The left singular vectors, by a randomised range finder with four power iterations."""
    state = numpy.random.default_rng(seed)
    basis = matrix @ state.standard_normal((matrix.shape[1], dimension + 16)).astype(numpy.float32)
    for _ in range(4):
        basis, _ = numpy.linalg.qr(matrix @ (matrix.T @ basis))
    left, _, _ = numpy.linalg.svd(basis.T @ matrix, full_matrices=False)
    return (basis @ left)[:, :dimension]


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
    parser.add_argument("--reach", type=int, default=2, help="neighbours to each side that a turn is read with")
    parser.add_argument("--seed", type=int, default=100)
    options = parser.parse_args()
    documents = list(documents_of(options.file, options.reach))
    frequency = collections.Counter(w for turn, _ in documents for w in set(turn))
    vocabulary = {w: i for i, w in enumerate(w for w, n in frequency.most_common(12000) if n >= 2)}
    counts = numpy.array([frequency[w] for w in vocabulary])
    rarity = numpy.log(1.0 + (len(documents) - counts + 0.5) / (counts + 0.5))
    table = reduce(weigh(documents, vocabulary, rarity), options.dimension, options.seed)
    write(options.directory, vocabulary, table, rarity)


if __name__ == "__main__":
    main()
