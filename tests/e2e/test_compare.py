"""How alike two encoders see the same steps, as `episodic stats --compare` tells it, against an independent computation
with NumPy: each step says one word, whose vector both tables have, so the vectors are known. Without NumPy the test is
skipped."""
import json
import os
import struct
import subprocess
import sys
import tempfile
import unittest
from pathlib import Path

try:
    import numpy
except ImportError:
    for python in ("/usr/bin/python3",):  # where the distribution's NumPy is
        if os.path.exists(python) and os.path.realpath(python) != os.path.realpath(sys.executable):
            probe = subprocess.run([python, "-c", "import numpy"], capture_output=True)
            if probe.returncode == 0:
                os.execv(python, [python, *sys.argv])
    numpy = None

CLI = os.environ["EPISODIC_CLI"]
SEED = int(os.environ.get("EPISODIC_TEST_SEED", "100"))
COUNT = 160


def write_table(folder: Path, rows):
    """A static model with the words w0, w1, ... and these rows."""
    folder.mkdir()
    vocabulary = {"[UNK]": 0, **{f"w{i}": i + 1 for i in range(COUNT)}}
    (folder / "tokenizer.json").write_text(json.dumps({
        "normalizer": {"type": "BertNormalizer"}, "pre_tokenizer": {"type": "BertPreTokenizer"},
        "model": {"type": "WordPiece", "unk_token": "[UNK]", "vocab": vocabulary}}))
    table = numpy.vstack([numpy.zeros((1, rows.shape[1])), rows]).astype("<f4")
    header = json.dumps({"embeddings": {"dtype": "F32", "shape": list(table.shape),
                                        "data_offsets": [0, table.nbytes]}}).encode()
    (folder / "model.safetensors").write_bytes(struct.pack("<Q", len(header)) + header + table.tobytes())


def ranks(values):
    """From 1, equal values share their mean rank."""
    kinds, inverse, counts = numpy.unique(values, return_inverse=True, return_counts=True)
    last = numpy.cumsum(counts)
    return ((last - counts + 1 + last) / 2)[inverse]


def similarity(a, b):
    """Spearman's correlation of the upper triangles of 1 - cosine."""
    upper = numpy.triu_indices(len(a), 1)
    return numpy.corrcoef(ranks((1 - a @ a.T)[upper]), ranks((1 - b @ b.T)[upper]))[0, 1]


def alignment(a, b):
    """Linear CKA by features: ||B'A||^2 / (||A'A|| ||B'B||), columns centred."""
    a, b = a - a.mean(axis=0), b - b.mean(axis=0)
    norm = numpy.linalg.norm
    return norm(b.T @ a) ** 2 / (norm(a.T @ a) * norm(b.T @ b))


@unittest.skipIf(numpy is None, "there is no NumPy")
class Compare(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.path = Path(folder.name)
        self.environment = {**os.environ, "EPISODIC_MEMORY": str(self.path / "memory")}

    def run_cli(self, *words) -> subprocess.CompletedProcess:
        return subprocess.run([CLI, *words], env=self.environment, capture_output=True, text=True)

    def ok(self, *words) -> str:
        done = self.run_cli(*words)
        self.assertEqual(done.returncode, 0, done)
        return done.stdout

    def compare(self, *words) -> dict:
        return json.loads(self.ok("stats", "-s", "talk", "--json", "--compare", *words))

    def test_both_figures_are_numpy_s(self):
        rng = numpy.random.default_rng(SEED)
        one = rng.normal(size=(COUNT, 16))
        turned = one @ numpy.linalg.qr(rng.normal(size=(16, 16)))[0]
        tables = {"one": one, "turned": turned, "other": rng.normal(size=(COUNT, 24)),
                  "part": numpy.hstack([one[:, :6], rng.normal(size=(COUNT, 9))])}
        for name, rows in tables.items():
            write_table(self.path / name, rows)
        units = {name: (rows.astype("<f4") / numpy.linalg.norm(rows, axis=1, keepdims=True))
                 for name, rows in tables.items()}
        messages = [{"role": "user", "content": f"w{i}"} for i in range(COUNT)]
        (self.path / "talk.json").write_text(json.dumps({"messages": messages}))
        self.ok("import", "-s", "talk", "--format", "openai", str(self.path / "talk.json"))
        self.ok("encoder", "-s", "talk", "static", str(self.path / "one"), "--now")
        for name in tables:
            found = self.compare("static", str(self.path / name))
            self.assertEqual((found["steps"], found["first_dimension"]), (COUNT, 16))
            self.assertAlmostEqual(found["similarity"], similarity(units["one"], units[name]), delta=2e-4, msg=name)
            self.assertAlmostEqual(found["alignment"], alignment(units["one"], units[name]), delta=1e-5, msg=name)
            self.assertLess(found["alignment_by_chance"], 0.3)
        self.assertGreater(self.compare("static", str(self.path / "turned"))["alignment"], 0.9999)

    def test_samples_are_drawn_by_seed_and_what_is_missing_is_told(self):
        rng = numpy.random.default_rng(SEED + 1)
        write_table(self.path / "one", rng.normal(size=(COUNT, 16)))
        write_table(self.path / "two", rng.normal(size=(COUNT, 16)))
        messages = [{"role": "user", "content": f"w{i}"} for i in range(COUNT)]
        (self.path / "talk.json").write_text(json.dumps({"messages": messages}))
        self.ok("import", "-s", "talk", "--format", "openai", str(self.path / "talk.json"))
        done = self.run_cli("stats", "-s", "talk", "--compare")
        self.assertEqual(done.returncode, 3, done)
        self.assertIn("give one to compare it with", done.stderr)
        self.ok("encoder", "-s", "talk", "static", str(self.path / "one"), "--now")
        two = ("static", str(self.path / "two"), "--sample", "50")
        first = self.compare(*two)
        self.assertEqual(first["steps"], 50)
        self.assertEqual(self.compare(*two), first)
        self.assertNotEqual(self.compare(*two, "--seed", "7")["similarity"], first["similarity"])
        self.assertIn("representational similarity", self.ok("stats", "-s", "talk", "--compare", *two[:2]))
        self.assertNotEqual(self.run_cli("stats", "-s", "talk", "hash").returncode, 0)
        self.assertNotEqual(self.run_cli("stats", "-s", "talk", "--compare", "lsa").returncode, 0)


if __name__ == "__main__":
    unittest.main()
