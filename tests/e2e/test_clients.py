"""test_clients.py - the server as other people's clients meet it: the Inspector's command line with --strict, the 1.x
and the 2.x client library, in both eras. scripts/client-kit installs them; without them this is skipped."""

import json
import os
import shutil
import subprocess
import sys
import tempfile
import unittest
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "support"))
from web import Server  # noqa: E402

SERVER = os.environ["EPISODIC_SERVER"]
KIT = Path(os.environ["EPISODIC_CLIENT_KIT"])
NODE = KIT / "node_modules/node/bin/node"
SCRIPTS = Path(os.environ["EPISODIC_SOURCE_DIR"]) / "tests/clients"
READY = (KIT / "installed").exists() and NODE.exists()


@unittest.skipUnless(READY, f"no client kit in {KIT}: scripts/client-kit {KIT} installs it, where there is npm")
class Clients(unittest.TestCase):
    def setUp(self):
        self.folder = tempfile.TemporaryDirectory(prefix="episodic-clients-")
        self.addCleanup(self.folder.cleanup)
        self.command = [SERVER, "--mcp", "--memory", str(Path(self.folder.name) / "memory"), "--space", "home",
                        "--work-space", "work"]

    def node(self, *words: str) -> str:
        done = subprocess.run([NODE, *words], cwd=KIT, capture_output=True, text=True, timeout=120, check=False)
        self.assertEqual(done.returncode, 0, done.stdout[-2000:] + done.stderr[-2000:])
        return done.stdout

    def script(self, name: str, *words: str) -> None:
        """A script against the server, over standard input and output and over HTTP."""
        for file in SCRIPTS.glob("*.mjs"):
            shutil.copy(file, KIT)  # where their imports are found
        self.assertEqual(self.node(name, *words, *self.command).splitlines()[-1], "ok")
        self.setUp()  # another memory
        with Server(self.command[self.command.index("--memory") + 1], "--space", "home") as server:
            address = f"http://127.0.0.1:{server.port}/mcp"
            self.assertEqual(self.node(name, *words, address).splitlines()[-1], "ok")

    def inspect(self, era: str, method: str, *words: str) -> dict:
        inspector = str(KIT / "node_modules/.bin/mcp-inspector")
        # The method comes last: lists of arguments end at the next option.
        return json.loads(self.node(inspector, "--cli", "--protocol-era", era, *words, "--method", method,
                                    *self.command))

    def test_the_1x_library(self):
        self.script("sdk1.mjs")

    def test_the_2x_library(self):
        for era in ("legacy", "auto", "modern"):
            with self.subTest(era):
                self.setUp()
                self.script("client2.mjs", era)

    def test_the_inspector(self):
        for era in ("legacy", "modern"):
            with self.subTest(era):
                self.assertEqual(len(self.inspect(era, "tools/list", "--strict")["tools"]), 15)
                stored = self.inspect(era, "tools/call", "--tool-name", "remember", "--tool-arg",
                                      "text=The parcel came.")["structuredContent"]
                found = self.inspect(era, "tools/call", "--tool-name", "recall", "--tool-arg",
                                     "text=parcel")["structuredContent"]
                self.assertIn(stored["step"], [memory["step"] for memory in found["memories"]])
                uri = self.inspect(era, "resources/list")["resources"][0]["uri"]
                self.inspect(era, "resources/read", "--uri", uri)
                prompt = self.inspect(era, "prompts/get", "--prompt-name", "recall_for", "--prompt-args", "task=parcel")
                self.assertEqual(len(prompt["messages"]), 3)

    def test_the_inspector_under_load(self):
        told = self.inspect("modern", "tools/call", "--tool-name", "remember", "--tool-arg", "text=Parcel", "--load",
                            "--load-requests", "300")
        self.assertIn("300", json.dumps(told))


if __name__ == "__main__":
    unittest.main(verbosity=2)
