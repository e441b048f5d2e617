"""learner.py - an agent that learns, as a process: what it says with --json, line by line, and its end."""

import json
import signal
import subprocess
import unittest

LIMIT_S = 200


class Learners(unittest.TestCase):
    def launch(self, *command: str, env: "dict[str, str] | None" = None) -> subprocess.Popen:
        """Killed when the test ends, if it still runs."""
        process = subprocess.Popen([*command, "--json"], stdout=subprocess.PIPE, text=True, env=env)
        self.addCleanup(process.stdout.close)
        self.addCleanup(process.wait)
        self.addCleanup(process.kill)
        return process

    def events(self, process: subprocess.Popen) -> list[dict]:
        """All it says until it ends, which must be well."""
        out = process.communicate(timeout=LIMIT_S)[0]
        self.assertEqual(process.returncode, 0)
        return [json.loads(line) for line in out.splitlines()]

    def until(self, process: subprocess.Popen, event: str, steps: int) -> dict:
        """What it says of the event at so many steps or more."""
        for line in process.stdout:
            found = json.loads(line)
            if found["event"] == event and found["steps"] >= steps:
                return found
        self.fail(f"it ended before {steps} steps were {event}")

    def kill(self, process: subprocess.Popen) -> None:
        process.kill()
        self.assertEqual(process.wait(), -signal.SIGKILL)
