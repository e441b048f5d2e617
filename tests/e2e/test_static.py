"""The static encoder against another implementation of it: models of each kind of tokenizer are made here, in each form
of file, and texts of many scripts are encoded by both. Without NumPy the test is skipped."""
import json
import os
import random
import struct
import subprocess
import sys
import tempfile
import unicodedata
import unittest

try:
    import numpy
except ImportError:
    for python in ("/usr/bin/python3",):  # where the distribution's NumPy is
        if os.path.exists(python) and os.path.realpath(python) != os.path.realpath(sys.executable):
            probe = subprocess.run([python, "-c", "import numpy"], capture_output=True)
            if probe.returncode == 0:
                os.execv(python, [python, *sys.argv])
    numpy = None

SOURCE = os.environ["EPISODIC_SOURCE_DIR"]
BINARY = os.environ["EPISODIC_BINARY_DIR"]
SEED = int(os.environ.get("EPISODIC_TEST_SEED", "100"))
TEXTS = int(os.environ.get("EPISODIC_TEST_TEXTS", "10000"))
DIMENSION = 64

PROGRAM = r"""
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <episodic/sys/encoder.h>
/* Lines of stdin, with \1 for a line's own newlines, to raw vectors on stdout. */
int main(int argc, char **argv) {
    epi_encoder encoder;
    static char line[1 << 20];
    if (argc != 2) return 2;
    if (epi_encoder_static(&encoder, argv[1])) {
        fprintf(stderr, "%s: %s\n", epi_status_name(epi_error_last()->status), epi_error_last()->message);
        return 1;
    }
    float *vector = malloc(encoder.dimension * sizeof *vector);
    while (vector && fgets(line, sizeof line, stdin)) {
        size_t size = strlen(line);
        if (size && line[size - 1] == '\n') size--;
        for (size_t i = 0; i < size; i++)
            if (line[i] == 1) line[i] = '\n';
        epi_encoder_text text = {line, size};
        memset(vector, 0, encoder.dimension * sizeof *vector);
        if (encoder.encode(encoder.context, vector, &text, 1)) {
            fprintf(stderr, "%s: %s\n", epi_status_name(epi_error_last()->status), epi_error_last()->message);
            return 3;
        }
        fwrite(vector, sizeof *vector, encoder.dimension, stdout);
    }
    free(vector);
    epi_encoder_close(&encoder);
    return 0;
}
"""

SCRIPTS = {
    "latin": (0x61, 0x7A), "accents": (0xE0, 0xF6), "greek": (0x3B1, 0x3C9), "cyrillic": (0x430, 0x44F),
    "hebrew": (0x5D0, 0x5EA), "arabic": (0x627, 0x64A), "devanagari": (0x904, 0x939), "thai": (0xE01, 0xE2E),
    "han": (0x4E00, 0x4E80), "hiragana": (0x3041, 0x3096), "hangul": (0xAC00, 0xAC80), "georgian": (0x10D0, 0x10F0),
    "armenian": (0x561, 0x586), "emoji": (0x1F600, 0x1F640), "digits": (0x30, 0x39), "capitals": (0x41, 0x5A),
    "vietnamese": (0x1EA0, 0x1EF9),
}
PUNCTUATION = list(".,;:!?'\"-()[]{}/\\@#$%^&*_+=~`|<>") + ["…", "—", "¿", "「", "」", "。", "€"]


def make_word(rng):
    low, high = SCRIPTS[rng.choice(list(SCRIPTS))]
    return "".join(chr(rng.randint(low, high)) for _ in range(rng.randint(1, 9)))


def make_text(rng, words):
    parts = []
    for _ in range(rng.randint(0, 14)):
        parts.append(rng.choice(words) if rng.random() < 0.7 else make_word(rng))
        if rng.random() < 0.25:
            parts.append(rng.choice(PUNCTUATION))
        parts.append(rng.choice([" ", " ", " ", "  ", "\t", "", "\u00a0", "\n"]))
    return "".join(parts)


# ---- the other implementation ---------------------------------------------------------------------------------------

def is_space(c):
    return c in "\t\n\x0b\x0c\r\x85" or unicodedata.category(c) in ("Zs", "Zl", "Zp")


def is_punctuation(c):
    o = ord(c)
    if o < 128:
        return 33 <= o <= 47 or 58 <= o <= 64 or 91 <= o <= 96 or 123 <= o <= 126
    return unicodedata.category(c).startswith("P")


def lower(c):
    made = c.lower()
    return made if len(made) == 1 else c


def is_han(o):
    ranges = [(0x4E00, 0x9FFF), (0x3400, 0x4DBF), (0x20000, 0x2A6DF), (0x2A700, 0x2B73F), (0x2B740, 0x2B81F),
              (0x2B920, 0x2CEAF), (0xF900, 0xFAFF), (0x2F800, 0x2FA1F)]
    return any(a <= o <= b for a, b in ranges)


def bert_words(text):
    made = []
    for c in text:
        if c in "\t\n\r" or is_space(c):
            made.append(" ")
        elif c == "\ufffd" or unicodedata.category(c).startswith("C"):
            continue
        else:
            made.append(f" {c} " if is_han(ord(c)) else c)
    text = unicodedata.normalize("NFD", "".join(made))
    text = "".join(lower(c) for c in text if unicodedata.category(c) != "Mn")
    pieces, word = [], ""
    for c in text:
        if is_space(c) or is_punctuation(c):
            if word:
                pieces.append(word)
            word = ""
            if is_punctuation(c):
                pieces.append(c)
        else:
            word += c
    return pieces + ([word] if word else [])


def wordpiece(word, vocabulary):
    ids, at = [], 0
    if len(word) > 100:
        return []
    while at < len(word):
        end = len(word)
        while end > at and (("##" if at else "") + word[at:end]) not in vocabulary:
            end -= 1
        if end == at:
            return []
        ids.append(vocabulary[("##" if at else "") + word[at:end]])
        at = end
    return ids


def metaspace_words(text):
    if not text:
        return []
    if not text.startswith(" ") and not text.startswith("\u2581"):
        text = "\u2581" + text
    text = text.replace(" ", "\u2581")
    pieces = []
    for c in text:
        if c == "\u2581" or not pieces:
            pieces.append(c)
        else:
            pieces[-1] += c
    return pieces


def unigram(piece, scores, lowest):
    best = [(0.0, None, None)] + [None] * len(piece)
    single = numpy.float32
    for start in range(len(piece)):
        known = False
        for end in range(start + 1, len(piece) + 1):
            token = piece[start:end]
            if token not in scores:
                continue
            known = known or end == start + 1
            if scores[token][0] == 0:
                continue
            total = single(single(best[start][0]) + single(scores[token][1]))
            if best[end] is None or best[end][0] < total:
                best[end] = (total, start, scores[token][0])
        if not known:
            total = single(single(best[start][0]) + single(lowest))
            if best[start + 1] is None or best[start + 1][0] < total:
                best[start + 1] = (total, start, None)
    ids, at = [], len(piece)
    while at > 0:
        if best[at][2] is not None:
            ids.append(best[at][2])
        at = best[at][1]
    return ids[::-1]


def byte_alphabet():
    kept = list(range(33, 127)) + list(range(0xA1, 0xAD)) + list(range(0xAE, 0x100))
    table, extra = {b: chr(b) for b in kept}, 0
    for b in range(256):
        if b not in table:
            table[b] = chr(256 + extra)
            extra += 1
    return table


def gpt2_words(text):
    """'s|'t|'re|'ve|'m|'ll|'d| ?\\p{L}+| ?\\p{N}+| ?[^\\s\\p{L}\\p{N}]+|\\s+(?!\\S)|\\s+ by hand: re knows no \\p."""
    def kind(c):
        category = unicodedata.category(c)[0]
        return "s" if is_space(c) else category if category in "LN" else "o"
    at, words = 0, []
    while at < len(text):
        ending = next((e for e in ("'s", "'t", "'re", "'ve", "'m", "'ll", "'d") if text.startswith(e, at)), None)
        if ending:
            words.append(ending)
            at += len(ending)
            continue
        start = at + 1 if text[at] == " " and at + 1 < len(text) and kind(text[at + 1]) != "s" else at
        end = start
        while end < len(text) and kind(text[end]) == kind(text[start]):
            end += 1
        if kind(text[start]) == "s" and end < len(text) and end - start > 1:
            end -= 1
        words.append(text[at:end])
        at = end
    return words


def bpe(word, vocabulary, ranks):
    symbols = list(word)
    while len(symbols) > 1:
        pairs = [(ranks.get((symbols[i], symbols[i + 1]), 1 << 60), i) for i in range(len(symbols) - 1)]
        rank, at = min(pairs)
        if rank == 1 << 60:
            break
        symbols[at:at + 2] = [symbols[at] + symbols[at + 1]]
    return [vocabulary[s] for s in symbols if s in vocabulary]


# ---- models ---------------------------------------------------------------------------------------------------------

class Model:
    def __init__(self, rng, kind):
        self.kind = kind
        self.words = [make_word(rng) for _ in range(3000)]
        cased = [unicodedata.normalize("NFC", w) for w in self.words]
        getattr(self, "make_" + kind)(rng, cased)
        self.count = self.size()
        state = numpy.random.default_rng(SEED)
        self.table = state.standard_normal((self.count, DIMENSION)).astype(numpy.float32)
        self.weights = None
        self.mapping = None

    def size(self):
        return max(self.ids.values()) + 1

    def make_wordpiece(self, rng, words):
        tokens = {"[PAD]": None, "[UNK]": None}
        for word in words:
            for piece in bert_words(word):
                cut = rng.randint(1, len(piece))
                tokens[piece[:cut]] = None
                if cut < len(piece):
                    tokens["##" + piece[cut:]] = None
                tokens[piece[0]] = None
        for mark in PUNCTUATION[:20]:
            tokens[mark] = None
        self.ids = {t: i for i, t in enumerate(tokens)}
        self.json = {
            "version": "1.0", "added_tokens": [],
            "normalizer": {"type": "BertNormalizer", "clean_text": True, "handle_chinese_chars": True,
                           "strip_accents": None, "lowercase": True},
            "pre_tokenizer": {"type": "BertPreTokenizer"},
            "model": {"type": "WordPiece", "unk_token": "[UNK]", "continuing_subword_prefix": "##",
                      "max_input_chars_per_word": 100, "vocab": self.ids}}

    def make_unigram(self, rng, words):
        tokens = {"<unk>": 0.0}
        for word in words:
            word = unicodedata.normalize("NFKC", word).replace(" ", "\u2581")
            for piece in ("\u2581" + word, word[:2], word[-3:], word[0]):
                tokens.setdefault(piece, float(numpy.float32(-rng.uniform(2, 14))))
        self.scores = {t: (i, s) for i, (t, s) in enumerate(tokens.items())}
        self.lowest = numpy.float32(numpy.float32(min(tokens.values())) - numpy.float32(10))
        self.ids = {t: i for i, t in enumerate(tokens)}
        self.json = {
            "normalizer": {"type": "Sequence", "normalizers": [
                {"type": "NFKC"}, {"type": "Replace", "pattern": {"Regex": " {2,}"}, "content": " "}]},
            "pre_tokenizer": {"type": "Metaspace", "replacement": "\u2581", "prepend_scheme": "always", "split": True},
            "model": {"type": "Unigram", "unk_id": 0, "vocab": [[t, s] for t, s in tokens.items()]}}

    def make_bpe(self, rng, words):
        alphabet = byte_alphabet()
        self.alphabet = alphabet
        ids = {c: i for i, c in enumerate(alphabet.values())}
        merges = []
        for word in words:
            for piece in gpt2_words(" " + word):
                symbols = [alphabet[b] for b in piece.encode()]
                while len(symbols) > 1 and rng.random() < 0.8:
                    at = rng.randrange(len(symbols) - 1)
                    pair = (symbols[at], symbols[at + 1])
                    if pair not in merges[-400:] and "".join(pair) not in ids:
                        merges.append(pair)
                        ids["".join(pair)] = len(ids)
                    symbols[at:at + 2] = ["".join(pair)]
        self.ids, self.ranks = ids, {}
        for rank, pair in enumerate(merges):
            self.ranks.setdefault(pair, rank)
        self.json = {
            "normalizer": {"type": "NFC"},
            "pre_tokenizer": {"type": "ByteLevel", "add_prefix_space": False, "use_regex": True},
            "model": {"type": "BPE", "vocab": ids, "merges": [f"{a} {b}" for a, b in merges]}}

    def tokens(self, text):
        if self.kind == "wordpiece":
            return [i for w in bert_words(text) for i in wordpiece(w, self.ids)]
        if self.kind == "unigram":
            text = unicodedata.normalize("NFKC", text)
            while "  " in text:
                text = text.replace("  ", " ")
            return [i for p in metaspace_words(text) for i in unigram(p, self.scores, self.lowest)]
        text = unicodedata.normalize("NFC", text)
        words = ("".join(self.alphabet[b] for b in w.encode()) for w in gpt2_words(text))
        return [i for w in words for i in bpe(w, self.ids, self.ranks)]

    def encode(self, text):
        total = numpy.zeros(DIMENSION)
        for token in self.tokens(text):
            row = self.table[self.mapping[token] if self.mapping is not None else token].astype(numpy.float64)
            total += row * (self.weights[token] if self.weights is not None else 1.0)
        norm = numpy.linalg.norm(total)
        return total / norm if norm > 0 else total

    def write(self, directory, name="embeddings", half=False):
        with open(os.path.join(directory, "tokenizer.json"), "w", encoding="utf-8") as file:
            json.dump(self.json, file, ensure_ascii=self.kind == "bpe")
        table = self.table.astype(numpy.float16) if half else self.table
        tensors = {name: (("F16" if half else "F32"), table)}
        if half:
            self.table = table.astype(numpy.float32)
        if self.weights is not None:
            tensors["weights"] = ("F64", self.weights)
        if self.mapping is not None:
            tensors["mapping"] = ("I64", self.mapping)
        header, at = {"__metadata__": {"format": "pt"}}, 0
        for key, (kind, array) in tensors.items():
            header[key] = {"dtype": kind, "shape": list(array.shape), "data_offsets": [at, at + array.nbytes]}
            at += array.nbytes
        head = json.dumps(header).encode()
        with open(os.path.join(directory, "model.safetensors"), "wb") as file:
            file.write(struct.pack("<Q", len(head)) + head)
            for _, array in tensors.values():
                file.write(array.tobytes())


@unittest.skipIf(numpy is None, "NumPy is missing")
class StaticTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.work = tempfile.TemporaryDirectory()
        program = os.path.join(cls.work.name, "encode")
        with open(program + ".c", "w", encoding="utf-8") as file:
            file.write(PROGRAM)
        with open(os.path.join(BINARY, "lib", "libepisodic.so"), "rb") as file:
            library = file.read()
        if b"__tsan_init" in library:
            raise unittest.SkipTest("a sanitized library needs a program sanitized alike")
        flags = ["-fsanitize=address,undefined"] if b"__asan_init" in library else []
        subprocess.run([os.environ["CC"], *flags, "-o", program, program + ".c", f"-I{SOURCE}/include",
                        f"-I{BINARY}/include", f"-L{BINARY}/lib", "-lepisodic", f"-Wl,-rpath,{BINARY}/lib"], check=True)
        cls.program = program

    @classmethod
    def tearDownClass(cls):
        cls.work.cleanup()

    def compare(self, model, count, **form):
        rng = random.Random(SEED + 1)
        texts = [make_text(rng, model.words) for _ in range(count)]
        with tempfile.TemporaryDirectory() as directory:
            model.write(directory, **form)
            lines = "\n".join(t.replace("\n", "\x01") for t in texts) + "\n"
            run = subprocess.run([self.program, directory], input=lines.encode(), capture_output=True, check=False)
        self.assertEqual(run.returncode, 0, run.stderr.decode())
        ours = numpy.frombuffer(run.stdout, dtype=numpy.float32).reshape(-1, DIMENSION)
        self.assertEqual(len(ours), count)
        worst = 0.0
        for text, vector in zip(texts, ours):
            expected = model.encode(text)
            far = float(numpy.max(numpy.abs(vector - expected)))
            self.assertLess(far, 1e-5, f"{text!r}: {model.tokens(text)}")
            worst = max(worst, far)
        empty = sum(1 for v in ours if not v.any())
        self.assertLess(empty, count // 5)
        print(f"{model.kind} {form}: {count} texts, farthest element {worst:.1e}, {empty} without a vector",
              file=sys.stderr)

    def test_wordpiece(self):
        self.compare(Model(random.Random(SEED), "wordpiece"), TEXTS)

    def test_unigram(self):
        self.compare(Model(random.Random(SEED), "unigram"), TEXTS // 5)

    def test_bpe(self):
        self.compare(Model(random.Random(SEED), "bpe"), TEXTS // 5)

    def test_weights_mapping_and_halves(self):
        model = Model(random.Random(SEED), "wordpiece")
        model.weights = numpy.random.default_rng(SEED).uniform(0.1, 3.0, model.count)
        model.mapping = numpy.random.default_rng(SEED).integers(0, model.count, model.count)
        self.compare(model, TEXTS // 10, half=True)

    def test_sentence_transformers(self):
        self.compare(Model(random.Random(SEED), "wordpiece"), TEXTS // 10, name="embedding.weight")


if __name__ == "__main__":
    unittest.main(verbosity=1)
