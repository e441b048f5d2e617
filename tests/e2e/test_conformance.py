"""test_conformance.py - the conformance suite of MCP against our protocol code over HTTP, for both eras. It asks for
tools and resources by name, which a fixture registers with the server's own code. scripts/client-kit installs the
suite; without it this is skipped."""

import os
import re
import subprocess
import tempfile
import unittest
from pathlib import Path

FIXTURE = os.environ["EPISODIC_MCP_FIXTURE"]
KIT = Path(os.environ["EPISODIC_CLIENT_KIT"])
NODE = KIT / "node_modules/node/bin/node"
SUITE = KIT / "node_modules/@modelcontextprotocol/conformance/dist/index.js"
READY = (KIT / "installed").exists() and NODE.exists()

# What a memory server has no use for, and why. Everything else has to pass.
ASKS_CLIENT = "the server never asks the client for anything on its own, so it has no such request to send"
TASKS = "an extension for work that goes on after the answer; every tool here answers when it is done"
NOT_APPLICABLE = {
    "tools-call-sampling": ASKS_CLIENT, "tools-call-elicitation": ASKS_CLIENT,
    "elicitation-sep1034-defaults": ASKS_CLIENT, "elicitation-sep1330-enums": ASKS_CLIENT,
    "tasks-lifecycle": TASKS, "tasks-capability-negotiation": TASKS, "tasks-wire-fields": TASKS,
    "tasks-request-state-removal": TASKS, "tasks-mrtr-input": TASKS, "tasks-request-headers": TASKS,
    "tasks-dispatch-and-envelope": TASKS, "tasks-required-task-error": TASKS, "tasks-mrtr-composition": TASKS,
    "http-custom-header-server-validation": "no tool has an argument that is repeated in a header",
}


@unittest.skipUnless(READY, f"no client kit in {KIT}: scripts/client-kit {KIT} installs it, where there is npm")
class Conformance(unittest.TestCase):
    def setUp(self):
        self.folder = tempfile.TemporaryDirectory(prefix="episodic-conformance-")
        self.addCleanup(self.folder.cleanup)
        self.server = subprocess.Popen([FIXTURE, str(Path(self.folder.name) / "memory"), "127.0.0.1:0"],
                                       stderr=subprocess.PIPE, text=True)
        self.address = re.search(r"http://\S+", self.server.stderr.readline()).group()
        self.addCleanup(self.stop)

    def stop(self):
        self.server.terminate()
        self.server.wait(30)
        self.server.stderr.close()

    def run_suite(self, revision: str) -> dict[str, bool]:
        """Runs what a revision requires. @return whether each scenario passed"""
        done = subprocess.run([NODE, SUITE, "server", "--url", self.address + "mcp", "--requirements", revision,
                               "--timeout", "20000"], cwd=self.folder.name, capture_output=True, text=True,
                              timeout=280, check=False)
        summary = done.stdout.split("=== SUMMARY ===")[1]
        return {name: mark == "✓" for mark, name in re.findall(r"^([✓✗]) ([\w-]+):", summary, re.MULTILINE)}

    def check(self, revision: str, least: int) -> None:
        passed = self.run_suite(revision)
        self.assertGreaterEqual(sum(passed.values()), least, passed)
        failed = {name for name, good in passed.items() if not good}
        self.assertEqual(failed - set(NOT_APPLICABLE), set())

    def test_the_modern_era(self):
        self.check("2026-07-28", 36)

    def test_the_legacy_era(self):
        self.check("2025-11-25", 29)


if __name__ == "__main__":
    unittest.main(verbosity=2)
