"""test_server_graph.py - `episodic-server --as memory`: the official memory server's nine tools over our store. Where
scripts/client-kit has installed that server, the same calls go to both, and the same must come back."""

import json
import os
import subprocess
import tempfile
import threading
import unittest
from pathlib import Path

from test_server import Case
from mcp import Server

KIT = Path(os.environ["EPISODIC_CLIENT_KIT"])
NODE = KIT / "node_modules/node/bin/node"
PEER = KIT / "node_modules/@modelcontextprotocol/server-memory/dist/index.js"
TOOLS = ["create_entities", "create_relations", "add_observations", "delete_entities", "delete_observations",
         "delete_relations", "read_graph", "search_nodes", "open_nodes"]


def entity(name: str, kind: str, *observations: str) -> dict:
    return {"name": name, "entityType": kind, "observations": list(observations)}


def relation(start: str, kind: str, end: str) -> dict:
    return {"from": start, "relationType": kind, "to": end}


def settled(graph: dict) -> dict:
    """A graph without an order."""
    return {"entities": sorted(graph["entities"], key=lambda e: e["name"]),
            "relations": sorted(graph["relations"], key=lambda r: (r["from"], r["relationType"], r["to"]))}


ANN = entity("Ann", "person", "likes tea", "lives in Lisbon")
ACME = entity("Acme", "company", "makes anvils")
WORKS = relation("Ann", "works at", "Acme")
# What is asked, one after the other.
STORY = [
    ("create_entities", {"entities": [ANN, ACME, entity("Ben", "person")]}),
    ("create_entities", {"entities": [entity("Ann", "robot", "beeps"), entity("Cleo", "person", "plays chess")]}),
    ("create_relations", {"relations": [WORKS, relation("Ann", "knows", "Ben"),
                                        relation("Ben", "works at", "Globex")]}),
    ("create_relations", {"relations": [WORKS, relation("Ben", "knows", "Ben")]}),
    ("add_observations", {"observations": [{"entityName": "Ann", "contents": ["likes tea", "owns a dog called Rex"]},
                                           {"entityName": "Ben", "contents": ["sings"]}]}),
    ("open_nodes", {"names": ["Ann", "Nobody"]}),
    ("open_nodes", {"names": ["Ben", "Ann"]}),
    ("open_nodes", {"names": ["Globex"]}),
    ("search_nodes", {"query": "anvils"}),
    ("search_nodes", {"query": "Rex"}),
    ("search_nodes", {"query": "chess"}),
    ("delete_observations", {"deletions": [{"entityName": "Ann", "observations": ["likes tea", "never said"]},
                                           {"entityName": "Nobody", "observations": ["x"]}]}),
    ("open_nodes", {"names": ["Ann"]}),
    ("add_observations", {"observations": [{"entityName": "Ann", "contents": ["likes tea"]}]}),
    ("delete_relations", {"relations": [relation("Ann", "knows", "Ben"), relation("a", "b", "c")]}),
    ("read_graph", {}),
    ("delete_entities", {"entityNames": ["Acme", "Nobody"]}),
    ("read_graph", {}),
    ("create_entities", {"entities": [entity("Acme", "school", "teaches Ann")]}),
    ("search_nodes", {"query": "school"}),
    ("create_relations", {"relations": [WORKS]}),
    ("read_graph", {}),
]


class Graph(Case):
    def serve(self, *words: str, **options) -> Server:
        return super().serve("--as", "memory", *words, **options)

    def test_it_offers_nine_tools(self):
        with self.serve() as server:
            self.assertEqual([tool["name"] for tool in server.result("tools/list")["tools"]], TOOLS)
            self.assertEqual(server.request("resources/list")["error"]["code"], -32601)

    def test_a_graph_is_kept(self):
        with self.serve() as server:
            for tool, arguments in STORY[:5]:
                server.call(tool, **arguments)
        with self.serve() as server:
            graph = settled(server.call("read_graph"))
            self.assertEqual([e["name"] for e in graph["entities"]], ["Acme", "Ann", "Ben", "Cleo"])
            self.assertEqual(graph["entities"][1],
                             entity("Ann", "person", "likes tea", "lives in Lisbon", "owns a dog called Rex"))
            self.assertEqual(len(graph["relations"]), 4)
            found = server.call("search_nodes", query="who has a dog?")
            self.assertEqual(found["entities"][0]["name"], "Ann")
            self.assertIn("Nobody", server.refusal("add_observations", observations=[
                {"entityName": "Ann", "contents": ["lost"]}, {"entityName": "Nobody", "contents": ["x"]}]))
            self.assertNotIn("lost", server.call("open_nodes", names=["Ann"])["entities"][0]["observations"])
        with self.serve("--read-only") as server:
            self.assertEqual([tool["name"] for tool in server.result("tools/list")["tools"]], TOOLS[6:])

    def test_the_official_servers_file_is_served_once_it_is_imported(self):
        lines = [{"type": "entity", **ANN}, {"type": "entity", **ACME}, {"type": "relation", **WORKS},
                 {"type": "relation", **relation("Ann", "knows", "Ann")}]
        file = Path(self.folder.name) / "memory.json"
        file.write_text("".join(json.dumps(line) + "\n" for line in lines))
        command = [os.environ["EPISODIC_CLI"], "import", "-m", self.memory, "-s", "home", "--format", "mcp", str(file)]
        subprocess.run(command, check=True, capture_output=True, timeout=60)
        with self.serve() as server:
            expected = {"entities": [ANN, ACME], "relations": [WORKS, relation("Ann", "knows", "Ann")]}
            self.assertEqual(settled(server.call("read_graph")), settled(expected))
            server.call("create_entities", entities=[ANN, entity("Ben", "person")])
            server.call("create_relations", relations=[WORKS])
            server.call("add_observations", observations=[{"entityName": "Ann", "contents": ["likes tea", "sings"]}])
            server.call("delete_entities", entityNames=["Acme"])
            graph = settled(server.call("read_graph"))
        self.assertEqual(graph["entities"], [entity("Ann", "person", *ANN["observations"], "sings"),
                                             entity("Ben", "person")])
        self.assertEqual(graph["relations"], [relation("Ann", "knows", "Ann")])
        done = subprocess.run(command, check=True, capture_output=True, text=True, timeout=60)
        self.assertIn("4 steps new", done.stdout)  # of Acme, which was deleted: its name, its observation, two ends

    def test_a_large_graph_has_pages(self):
        with self.serve() as server:
            for i in range(6):
                server.call("create_entities", entities=[entity(f"Book {i}", "book", "x" * 1000000)])
            names, cursor = [], {}
            while True:
                page = server.call("read_graph", **cursor)
                names += [e["name"] for e in page["entities"]]
                if "nextCursor" not in page:
                    break
                cursor = {"cursor": page["nextCursor"]}
            self.assertEqual(names, [f"Book {i}" for i in range(6)])
            self.assertTrue(cursor)

    def test_two_servers_at_once_lose_nothing(self):
        def add(server, who: str) -> None:
            for i in range(50):
                server.call("create_entities", entities=[entity(f"{who} {i}", "thing", f"made by {who}"),
                                                         entity(f"shared {i}", "thing")])

        with self.serve() as one, self.serve() as two:
            threads = [threading.Thread(target=add, args=pair) for pair in ((one, "Ann"), (two, "Ben"))]
            for thread in threads:
                thread.start()
            for thread in threads:
                thread.join()
            names = [e["name"] for e in one.call("read_graph")["entities"]]
            self.assertEqual(sorted(names), sorted([f"{who} {i}" for who in ("Ann", "Ben", "shared")
                                                    for i in range(50)]))

    @unittest.skipUnless(PEER.exists() and NODE.exists(), f"no client kit in {KIT}: scripts/client-kit installs it")
    def test_it_answers_as_the_official_server_does(self):
        with tempfile.TemporaryDirectory(prefix="episodic-peer-") as folder:
            os.environ["MEMORY_FILE_PATH"] = str(Path(folder) / "memory.jsonl")
            with Server("", str(PEER), program=str(NODE)) as peer, self.serve() as ours:
                for tool, arguments in STORY:
                    theirs = peer.result("tools/call", name=tool, arguments=arguments)["structuredContent"]
                    got = ours.call(tool, **arguments)
                    if "message" in got:
                        self.assertTrue(got["success"] and theirs["success"])
                    elif tool in ("read_graph", "open_nodes", "search_nodes"):
                        self.assertEqual(settled(got), settled(theirs), (tool, arguments))
                    else:
                        self.assertEqual(got, theirs, (tool, arguments))


if __name__ == "__main__":
    unittest.main(verbosity=2)
