#!/usr/bin/env python3
"""bench_server.py - episodic-server beside the official memory server of the Model Context Protocol.

What: both servers, each a process of its own, are filled with the same entities and then asked in turns over standard
input and output, by the same client: adding one entity with two observations (create_entities), and searching
(search_nodes) for two neighbouring words of an observation. Ours runs with --as memory. Times are of the whole call, as
a client sees it. Then 50 entities are added at once, without waiting for answers, and read back; and two servers on one
memory add 50 each.

On what: a graph of made-up words, by seed. The official server is filled by writing its file, ours by its own calls,
and then brought to rest by `episodic upkeep`: entities that come over days find the graph built by the server itself.

How: --server names our binary, --peer a folder that scripts/client-kit made; without it only ours is measured, and that
is said. One JSON object a line: {"bench", "metric", "value", "unit", "config"}.
"""

import argparse
import json
import os
import random
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

BATCH = 500
TURN = 20
SYLLABLES = [c + v for c in "bdfgklmnprstvz" for v in "aeiou"]


class Server:
    """A server and a client of it, in the legacy era that both speak."""

    def __init__(self, command: list[str], environment: dict[str, str] | None = None):
        self.process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                                        stderr=subprocess.DEVNULL, env={**os.environ, **(environment or {})})
        self.last_id = 0
        self.wait(self.send("initialize", {"protocolVersion": "2025-06-18", "capabilities": {},
                                           "clientInfo": {"name": "bench", "version": "1"}}))
        self.write({"jsonrpc": "2.0", "method": "notifications/initialized"})

    def write(self, message: dict) -> None:
        self.process.stdin.write(json.dumps(message).encode() + b"\n")
        self.process.stdin.flush()

    def send(self, method: str, params: dict) -> int:
        self.last_id += 1
        self.write({"jsonrpc": "2.0", "id": self.last_id, "method": method, "params": params})
        return self.last_id

    def wait(self, wanted: int) -> dict:
        while True:
            line = self.process.stdout.readline()
            if not line:
                raise SystemExit("a server ended")
            message = json.loads(line)
            if message.get("id") == wanted:
                return message["result"]

    def tool(self, name: str, **arguments) -> int:
        return self.send("tools/call", {"name": name, "arguments": arguments})

    def call(self, name: str, **arguments) -> dict:
        result = self.wait(self.tool(name, **arguments))
        if result.get("isError"):
            raise SystemExit(f"{name}: {result['content'][0]['text'][:200]}")
        return result.get("structuredContent", {})

    def close(self) -> None:
        self.process.stdin.close()
        self.process.wait(60)
        self.process.stdout.close()


class Corpus:
    """Entities by seed: a name, a type, two observations of eight words."""

    def __init__(self, seed: int):
        self.chance = random.Random(seed)
        self.words = sorted({"".join(self.chance.choices(SYLLABLES, k=self.chance.randint(2, 4)))
                             for _ in range(6000)})
        self.count = 0

    def text(self, words: int) -> str:
        return " ".join(self.chance.choices(self.words, k=words))

    def entity(self) -> dict:
        self.count += 1
        return {"name": f"{self.text(2)} {self.count}", "entityType": self.chance.choice(self.words[:50]),
                "observations": [self.text(8), self.text(8)]}

    def question(self, entities: list[dict]) -> tuple[dict, str]:
        """One of the entities, and two neighbouring words of an observation of it."""
        wanted = self.chance.choice(entities)
        words = wanted["observations"][0].split()
        at = self.chance.randrange(len(words) - 1)
        return wanted, f"{words[at]} {words[at + 1]}"


def emit(metric: str, value: float, unit: str, **config) -> None:
    print(json.dumps({"bench": "server", "metric": metric, "value": value, "unit": unit, "config": config}), flush=True)


def tell(text: str) -> None:
    if sys.stderr.isatty():
        print(f"\r\033[K{text}", end="", file=sys.stderr, flush=True)


def milliseconds(action) -> float:
    began = time.perf_counter()
    action()
    return (time.perf_counter() - began) * 1e3


def quantile(values: list[float], share: float) -> float:
    return sorted(values)[min(len(values) - 1, int(share * len(values)))]


def flush_ms(folder: str, count: int = 50) -> float:
    """What the disk takes to append 4 KiB and flush them, at the median."""
    with open(Path(folder) / "flush", "wb", buffering=0) as file:
        def once():
            file.write(b"x" * 4096)
            os.fdatasync(file.fileno())
        return statistics.median(milliseconds(once) for _ in range(count))


class Engine:
    """One side: how it is started, and how it is filled."""

    def __init__(self, name: str, folder: str, arguments: argparse.Namespace):
        self.name = name
        if name == "episodic":
            self.command = [arguments.server, "--mcp", "--as", "memory", "--memory", str(Path(folder) / "memory"),
                            "--space", "graph"]
            self.environment = {}
        else:
            kit = Path(arguments.peer) / "node_modules"
            self.command = [str(kit / "node/bin/node"),
                            str(kit / "@modelcontextprotocol/server-memory/dist/index.js")]
            self.file = Path(folder) / "memory.jsonl"
            self.environment = {"MEMORY_FILE_PATH": str(self.file)}

    def start(self) -> Server:
        return Server(self.command, self.environment)

    def fill(self, entities: list[dict]) -> None:
        if self.name != "episodic":
            with open(self.file, "a", encoding="utf-8") as file:
                start = "\n" if file.tell() > 0 else ""
                file.write(start + "\n".join(json.dumps({"type": "entity", **entity}) for entity in entities))
            return
        server = self.start()
        for at in range(0, len(entities), BATCH):
            tell(f"{self.name}: {at} of {len(entities)} entities")
            server.call("create_entities", entities=entities[at:at + BATCH])
        server.close()
        self.settle()

    def settle(self) -> None:
        """What the server's upkeep would have done if the entities had come over days: seal, and build the graph."""
        tell(f"{self.name}: upkeep")
        subprocess.run([str(Path(self.command[0]).with_name("episodic")), "upkeep", "--memory",
                        self.command[self.command.index("--memory") + 1]], check=True, stdout=subprocess.DEVNULL)


def measure(engines: list[Engine], entities: list[dict], size: int, rounds: int, corpus: Corpus) -> None:
    """Adds and searches in turns of TURN, so that what else the machine does falls on both. Each turn begins when what
    the other wrote is on the disk: a file of 10 MB that is written anew would be waited for by who flushes next."""
    servers = [engine.start() for engine in engines]
    adds = {engine.name: [] for engine in engines}
    searches = {engine.name: [] for engine in engines}
    found = {engine.name: 0 for engine in engines}
    for first in range(0, rounds, TURN):
        turn = [(corpus.entity(), *corpus.question(entities)) for _ in range(min(TURN, rounds - first))]
        for engine, server in zip(engines, servers):
            tell(f"{engine.name}: {size} memories, {first} of {rounds} rounds")
            os.sync()
            time.sleep(1)
            for entity, wanted, query in turn:
                result = {}
                adds[engine.name].append(milliseconds(lambda: server.call("create_entities", entities=[entity])))
                searches[engine.name].append(
                    milliseconds(lambda: result.update(server.call("search_nodes", query=query))))
                found[engine.name] += wanted["name"] in [each["name"] for each in result["entities"]]
    for server in servers:
        server.close()
    for engine in engines:
        config = {"engine": engine.name, "memories": size, "rounds": rounds}
        for metric, values in (("add", adds[engine.name]), ("search", searches[engine.name])):
            emit(f"{metric}_ms_p50", round(quantile(values, .5), 3), "ms", **config)
            emit(f"{metric}_ms_p95", round(quantile(values, .95), 3), "ms", **config)
        emit("found_pct", round(100 * found[engine.name] / rounds, 1), "%", **config)
    if len(engines) == 2:
        for metric, values in (("add", adds), ("search", searches)):
            ratio = statistics.median(values["server-memory"]) / statistics.median(values["episodic"])
            emit(f"{metric}_ratio", round(ratio, 1), "x", memories=size)


def survived(engine: Engine, corpus: Corpus) -> None:
    """50 adds at once on one server; then two servers on one memory, 50 adds each, one after the other in each."""
    at_once = [corpus.entity() for _ in range(50)]
    server = engine.start()
    asked = {server.tool("create_entities", entities=[entity]) for entity in at_once}
    while asked:
        line = server.process.stdout.readline()
        asked.discard(json.loads(line).get("id"))
    two = [engine.start(), engine.start()]
    apart = [corpus.entity() for _ in range(100)]
    for i in range(50):
        waiting = [(each, each.tool("create_entities", entities=[apart[2 * i + j]])) for j, each in enumerate(two)]
        for each, wanted in waiting:
            each.wait(wanted)
    for each in (*two, server):
        each.close()
    reader = engine.start()
    for metric, entities in (("survived_of_50", at_once), ("survived_of_100_on_two_servers", apart)):
        there = reader.call("open_nodes", names=[entity["name"] for entity in entities])["entities"]
        emit(metric, len(there), "entities", engine=engine.name)
    reader.close()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--server", default=os.environ.get("EPISODIC_SERVER", "build/release/tools/episodic-server"))
    parser.add_argument("--peer", metavar="KIT", help="a folder of scripts/client-kit")
    parser.add_argument("--sizes", default="1000,10000,50000")
    parser.add_argument("--rounds", type=int, default=100)
    parser.add_argument("--seed", type=int, default=100)
    parser.add_argument("--dir", help="where the memories go; a disk, not a tmpfs")
    parser.add_argument("--quick", action="store_true", help="1,000 memories, 20 rounds")
    arguments = parser.parse_args()
    sizes = [1000] if arguments.quick else [int(size) for size in arguments.sizes.split(",")]
    rounds = 20 if arguments.quick else arguments.rounds
    corpus = Corpus(arguments.seed)
    names = ["episodic"]
    if arguments.peer and (Path(arguments.peer) / "installed").exists():
        names.append("server-memory")
    else:
        print("no peer: scripts/client-kit installs it, and --peer names its folder", file=sys.stderr)
    with tempfile.TemporaryDirectory(prefix="bench-server-", dir=arguments.dir) as folder:
        engines = [Engine(name, folder, arguments) for name in names]
        emit("append_fdatasync_ms_p50", round(flush_ms(folder), 3), "ms")
        entities: list[dict] = []
        for size in sizes:
            more = [corpus.entity() for _ in range(size - len(entities))]
            for engine in engines:
                engine.fill(more)
            entities += more
            measure(engines, entities, size, rounds, corpus)
        for engine in engines:
            survived(engine, corpus)
    tell("")


if __name__ == "__main__":
    main()
