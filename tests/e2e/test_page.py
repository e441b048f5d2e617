"""test_page.py - the server's page in Chromium without a screen: searching, opening, forgetting and undoing, by mouse
and by keyboard, with a hostile memory, in light and dark, wide and narrow. Pictures of all views are kept in
<build>/page. scripts/client-kit brings what drives the browser; without it, or a browser, this is skipped."""

import os
import shutil
import subprocess
import sys
import tempfile
import unittest
from pathlib import Path

SOURCE = Path(os.environ["EPISODIC_SOURCE_DIR"])
BUILD = Path(os.environ["EPISODIC_BINARY_DIR"])
sys.path.insert(0, str(SOURCE / "tests/support"))
from web import Server  # noqa: E402

KIT = Path(os.environ["EPISODIC_CLIENT_KIT"])
BROWSER = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
NODE = KIT / "node_modules/node/bin/node"
READY = BROWSER and NODE.exists() and (KIT / "node_modules/playwright-core").exists()

MEMORIES = [
    "We put the old telescope into the attic last Friday.",
    "The lens of the telescope is at the repairer in Porto.",
    "Lunch on Sundays is at one, at my sister's.",
    "markup: <script>globalThis.taken = 1</script><img src=x onerror='globalThis.taken = 2'> \u202eover and out",
    "We moved to Lisbon in May 2023.",
    "The neighbour's dog is called Bento and likes rain.",
]


@unittest.skipUnless(READY, f"no browser, or no driver in {KIT}: scripts/deps --browser; scripts/client-kit {KIT}")
class Page(unittest.TestCase):
    def test_every_view(self):
        pictures = BUILD / "page"
        pictures.mkdir(exist_ok=True)
        shutil.copy(SOURCE / "tests/clients/page.mjs", KIT)  # where its import is found
        with tempfile.TemporaryDirectory(prefix="episodic-page-") as folder:
            memory = str(Path(folder) / "memory")
            subprocess.run([BUILD / "agents/maze_walker", memory, "learn", "20", "5"], check=True, capture_output=True)
            with Server(memory) as server:
                for i, text in enumerate(MEMORIES):
                    told = server.ask("POST", "/v1/remember", {"space": "home", "text": text,
                                                               "role": ("user", "assistant")[i % 2]})
                    self.assertEqual(told.status, 200, told)
                words = [NODE, "page.mjs", BROWSER, f"http://127.0.0.1:{server.port}/", pictures]
                done = subprocess.run(words, cwd=KIT, capture_output=True, text=True, timeout=280, check=False)
        self.assertEqual(done.returncode, 0, done.stdout[-2000:] + done.stderr[-3000:])
        self.assertEqual(done.stdout.splitlines()[-1], "ok")


if __name__ == "__main__":
    unittest.main()
