"""test_server_replay.py - transitions over HTTP in blocks of columns: what is appended is what is sampled, batches are
the library's own, and blocks that are none are refused."""

import os
import random
import struct
import subprocess
import sys
import tempfile
import unittest
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "support"))
import columns  # noqa: E402
from web import Server  # noqa: E402

CLI = os.environ["EPISODIC_CLI"]
SEED = 100


def episode(rng: random.Random, first: int, count: int) -> dict:
    """Rows whose numbers are known from the first element of their observation."""
    observations = [value for i in range(count) for value in (float(first + i), rng.uniform(-1, 1))]
    return {"observation": ("f32", (2,), observations),
            "action": ("i32", (), [(first + i) % 5 for i in range(count)]),
            "reward": ("f32", (), [float((first + i) % 7) for i in range(count)]),
            "terminated": ("bool", (), [False] * (count - 1) + [True]),
            "truncated": ("bool", (), [False] * count)}


class Case(unittest.TestCase):
    def setUp(self):
        self.folder = tempfile.TemporaryDirectory(prefix="episodic-replay-")
        self.addCleanup(self.folder.cleanup)
        self.memory = str(Path(self.folder.name) / "memory")
        self.server = Server(self.memory, "--space", "walk")
        self.addCleanup(lambda: self.assertEqual(self.server.stop(), 0, self.server.said))
        made = self.server.post("/v1/transitions_create", {
            "space": "walk", "observation": {"shape": [2]}, "action": {"dtype": "i32"}})
        self.assertEqual(made.status, 200, made)

    def send(self, path: str, rows: int, table: dict):
        return self.server.post(path, columns.pack(rows, table), headers=[("Content-Type", columns.TYPE)])

    def fill(self, episodes: int = 4, count: int = 50) -> None:
        rng = random.Random(SEED)
        for i in range(episodes):
            answer = self.send("/v1/replay/append?recorder=r", count, episode(rng, i * count, count))
            self.assertEqual((answer.status, answer.json()), (200, {"appended": count}), answer)

    def open(self, **options) -> int:
        answer = self.server.post("/v1/replay_open", {"seed": SEED, **options})
        self.assertEqual(answer.status, 200, answer)
        return answer.json()["replay"]

    def sample(self, number: int, query: str = "size=64") -> tuple:
        answer = self.server.ask("POST", f"/v1/replay/sample?replay={number}&{query}")
        self.assertEqual(answer.status, 200, answer)
        self.assertEqual(answer.headers["content-type"], columns.TYPE)
        return columns.unpack(answer.body)


class RoundTrip(Case):
    def test_what_was_appended_is_what_is_sampled(self):
        self.fill()
        rows, table = self.sample(self.open())
        self.assertEqual(rows, 64)
        self.assertEqual({name: (dtype, shape) for name, (dtype, shape, _) in table.items()}, {
            "observation": ("f32", (2,)), "action": ("i32", ()), "reward": ("f32", ()), "terminated": ("bool", ()),
            "truncated": ("bool", ()), "next_observation": ("f32", (2,)), "discount": ("f32", ()), "id": ("u64", ()),
            "weight": ("f64", ()), "probability": ("f64", ())})
        for i in range(rows):
            at = int(table["observation"][2][2 * i])
            self.assertEqual(table["action"][2][i], at % 5)
            self.assertEqual(table["reward"][2][i], float(at % 7))
            self.assertEqual(table["terminated"][2][i], at % 50 == 49)
            if at % 50 != 49:
                self.assertEqual(table["next_observation"][2][2 * i], at + 1)
            self.assertAlmostEqual(table["discount"][2][i], 0.0 if at % 50 == 49 else 0.99, places=6)
            self.assertAlmostEqual(table["probability"][2][i], 1 / 200)

    def test_a_batch_is_the_librarys_own(self):
        self.fill()
        rows, table = self.sample(self.open(n_step=3), "size=32&columns=observation&columns=reward&beta=0.5")
        self.assertEqual(self.server.stop(), 0)
        program = Path(self.folder.name) / "own.c"
        program.write_text(OWN)
        build = os.environ["EPISODIC_BINARY_DIR"]
        source = os.environ["EPISODIC_SOURCE_DIR"]
        sanitize = os.environ["EPISODIC_SANITIZE"]  # the library's runtime has to be in the program
        flags = [f"-fsanitize={sanitize}"] if sanitize else []
        command = [os.environ["CC"], *flags, "-D_GNU_SOURCE", f"-I{source}/include", f"-I{build}/include", str(program),
                   "-o", str(program.with_suffix("")), f"-L{build}/lib", "-lepisodic", f"-Wl,-rpath,{build}/lib"]
        subprocess.run(command, check=True, timeout=60)
        own = subprocess.run([str(program.with_suffix("")), self.memory, str(SEED)], check=True, timeout=60,
                             capture_output=True).stdout
        mine = b"".join(struct.pack(f"<{len(values)}{columns.DTYPES[dtype][1]}", *values)
                        for dtype, _, values in (table[name] for name in ("id", "weight", "observation", "reward")))
        self.assertEqual(own, mine)

    def test_views_have_the_shapes_they_should(self):
        self.fill()
        _, table = self.sample(self.open(frame_stack=4), "size=8&columns=observation&columns=next_observation")
        self.assertEqual(table["observation"][:2], ("f32", (4, 2)))
        for i in range(8):
            frames = table["observation"][2][8 * i:8 * i + 8:2]
            newest = int(frames[3])
            self.assertEqual(frames, [float(max(newest - back, newest // 50 * 50)) for back in (3, 2, 1, 0)])
        _, table = self.sample(self.open(sequence_length=10, burn_in=5),
                               "size=8&columns=observation&columns=reward&columns=mask&columns=trained")
        self.assertEqual(table["observation"][1], (15, 2))
        self.assertEqual(table["mask"][:2], ("bool", (15,)))
        self.assertTrue(all(table["mask"][2]) or not all(table["trained"][2]))
        _, table = self.sample(self.open(n_step=5), "size=8&columns=mask")
        self.assertEqual(table["mask"][1], (5,))

    def test_fewer_rows_than_were_asked_for(self):
        self.fill(episodes=1, count=20)
        rows, table = self.sample(self.open(sampler="fifo"), "size=64")
        self.assertEqual(rows, 20)
        self.assertEqual(table["id"][2], sorted(table["id"][2]))
        self.assertEqual(len(table["observation"][2]), 40)

    def test_priorities_decide_what_is_drawn_and_outlive_the_server(self):
        self.fill()
        number = self.open(name="learner", alpha=1.0)
        _, table = self.sample(number, "size=256")
        ids = sorted(set(table["id"][2]))
        values = [1000.0 if i == 7 else 1e-6 for i in range(len(ids))]
        answer = self.send(f"/v1/replay/update?replay={number}", len(ids),
                           {"id": ("u64", (), ids), "priority": ("f64", (), values)})
        self.assertEqual((answer.status, answer.json()), (200, {"stale": 0}))
        answer = self.send(f"/v1/replay/update?replay={number}", 1,
                           {"id": ("u64", (), [1 << 60]), "priority": ("f64", (), [1.0])})
        self.assertEqual(answer.json(), {"stale": 1})
        self.assertEqual(self.server.stop(), 0)
        self.server = Server(self.memory, "--space", "walk")
        _, table = self.sample(self.open(name="learner", alpha=1.0), "size=256")
        self.assertGreater(table["id"][2].count(ids[7]), 150)

    def test_lanes_and_ids(self):
        rng = random.Random(SEED)
        table = episode(rng, 0, 40)
        table["terminated"] = ("bool", (), [False] * 40)
        table["lane"] = ("u32", (), [i % 4 for i in range(40)])
        answer = self.send("/v1/replay/append?recorder=r&lanes=4&ids=true", 40, table)
        rows, got = columns.unpack(answer.body)
        self.assertEqual((rows, len(set(got["id"][2]))), (40, 40))
        table["lane"] = ("u32", (), [9] * 40)
        self.assertEqual(self.send("/v1/replay/append?recorder=r&lanes=4", 40, table).status, 422)

    def test_two_servers_append_to_one_space(self):
        rng = random.Random(SEED)
        with Server(self.memory, "--space", "walk") as other:
            for i in range(10):
                for number, server in enumerate((self.server, other)):
                    table = episode(rng, 100 * i + 50 * number, 50)
                    answer = server.post(f"/v1/replay/append?recorder=r{number}", columns.pack(50, table),
                                         headers=[("Content-Type", columns.TYPE)])
                    self.assertEqual(answer.status, 200, answer)
        rows, table = self.sample(self.open(sampler="fifo"), "size=2000&columns=observation")
        self.assertEqual(rows, 1000)
        self.assertEqual(sorted(table["observation"][2][::2]), [float(i) for i in range(1000)])


class Views(Case):
    """Goals and recurrent states, over a space that has columns for them."""

    def setUp(self):
        super().setUp()
        made = self.server.post("/v1/transitions_create", {
            "space": "goals", "observation": {"shape": [2]}, "action": {"dtype": "i32"},
            "columns": [{"name": "achieved", "dtype": "f32", "shape": [2]},
                        {"name": "desired", "dtype": "f32", "shape": [2]},
                        {"name": "hidden", "dtype": "f32", "shape": [3]}]})
        self.assertEqual(made.status, 200, made)
        rng = random.Random(SEED)
        for first in range(0, 400, 40):  # what step i achieved is (i + 1, 0); what it was to achieve is far away
            table = episode(rng, first, 40)
            table["achieved"] = ("f32", (2,), [v for i in range(40) for v in (float(first + i + 1), 0.0)])
            table["desired"] = ("f32", (2,), [-5.0, -5.0] * 40)
            table["hidden"] = ("f32", (3,), [v for i in range(40) for v in (float(first + i), 1.0, 2.0)])
            answer = self.send("/v1/replay/append?space=goals&recorder=r", 40, table)
            self.assertEqual(answer.status, 200, answer)

    def relabelled(self, size: int = 1000, **goal):
        number = self.open(space="goals", goal={"achieved": "achieved", "desired": "desired", **goal})
        return self.sample(number, f"size={size}")[1]

    def rows(self, table: dict):
        for i, told in enumerate(table["relabelled"][2]):
            yield (told, int(table["observation"][2][2 * i]), tuple(table["desired"][2][2 * i:2 * i + 2]),
                   table["reward"][2][i], table["terminated"][2][i])

    def test_rows_get_goals_that_their_episode_achieved(self):
        table = self.relabelled()
        self.assertEqual(table["relabelled"][:2], ("bool", ()))
        self.assertTrue(740 < sum(table["relabelled"][2]) < 860)  # k of k + 1, with 4
        for told, at, desired, reward, _ in self.rows(table):
            if told:
                goal = int(desired[0])
                self.assertTrue(at + 1 <= goal <= at // 40 * 40 + 40 and desired[1] == 0.0, (at, desired))
                self.assertEqual(reward, 0.0 if goal == at + 1 else -1.0)
            else:
                self.assertEqual((desired, reward), ((-5.0, -5.0), float(at % 7)))

    def test_rewards_may_be_other_numbers_and_end_the_episode(self):
        table = self.relabelled(**{"from": "final", "k": 1000, "within": 3.5, "reached": 10, "missed": 1, "dense": True,
                                   "ends": True})
        for told, at, desired, reward, terminated in self.rows(table):
            if not told:
                continue
            left = at // 40 * 40 + 40 - (at + 1)
            self.assertEqual(desired, (float(at + 1 + left), 0.0))
            self.assertEqual(reward, 10.0 if left <= 3 else 1.0 - left)
            self.assertEqual(terminated, left <= 3)

    def test_goals_that_do_not_fit_are_refused(self):
        for goal, status in (({"achieved": "achieved", "desired": "nothing"}, 422), ({"achieved": "achieved"}, 400),
                             ({"achieved": "nothing", "desired": "desired"}, 422),
                             ({"achieved": "achieved", "desired": "hidden"}, 422),
                             ({"achieved": "achieved", "desired": "desired", "from": "past"}, 400),
                             ({"achieved": "achieved", "desired": "desired", "k": 1e300}, 422)):
            self.assertEqual(self.server.post("/v1/replay_open", {"space": "goals", "goal": goal}).status, status, goal)

    def test_stored_states_come_for_a_sequences_first_step(self):
        number = self.open(space="goals", sequence_length=10, burn_in=5, states=["hidden"])
        _, table = self.sample(number, "size=64&columns=observation&columns=hidden&columns=mask")
        self.assertEqual((table["hidden"][:2], table["observation"][1]), (("f32", (3,)), (15, 2)))
        for i in range(64):
            self.assertEqual(table["hidden"][2][3 * i:3 * i + 3], [table["observation"][2][30 * i], 1.0, 2.0])
        for wrong in ({"states": ["hidden"]}, {"states": ["nothing"], "sequence_length": 10}):
            self.assertEqual(self.server.post("/v1/replay_open", {"space": "goals", **wrong}).status, 422, wrong)


class Looking(Case):
    def test_a_view_shows_where_priorities_are_and_what_was_drawn(self):
        self.assertEqual(self.server.get("/v1/replay_view").json()["ages"], [])
        self.fill()
        number = self.open(name="learner", alpha=1.0)
        _, table = self.sample(self.open(sampler="fifo"), "size=200&columns=reward")
        ids = sorted(table["id"][2])
        self.send(f"/v1/replay/update?replay={number}", 200,
                  {"id": ("u64", (), ids), "priority": ("f64", (), [1.0] * 100 + [9.0] * 100)})
        for _ in range(4):
            self.sample(number, "size=500&columns=reward")
        view = self.server.get("/v1/replay_view?name=learner&alpha=1").json()
        self.assertEqual((view["steps"], view["draws"], len(view["ages"])), (200, 2000, 20))
        self.assertEqual([age["priority_mean"] for age in view["ages"]], [1.0] * 10 + [9.0] * 10)
        self.assertAlmostEqual(sum(age["share_expected"] for age in view["ages"][10:]), 0.9)
        self.assertEqual(sum(age["drawn"] for age in view["ages"]), 2000)
        self.assertGreater(sum(age["drawn"] for age in view["ages"][10:]), 1650)
        self.assertEqual([part["steps"] for part in view["priorities"]], [100] + [0] * 18 + [100])
        self.assertEqual(self.server.get(f"/v1/replay_view?replay={number}&alpha=1").json()["ages"], view["ages"])
        self.assertEqual(self.server.get("/v1/replay_view?replay=999").status, 404)

    def test_rollouts_are_a_tree_of_pieces(self):
        for _ in range(3):  # along a corridor: 0 to 9, and 5 to 14, which meet
            for first in (0, 5):
                self.send("/v1/replay/append?recorder=r", 10, {
                    "observation": ("f32", (2,), [v for i in range(10) for v in (float(first + i), 0.0)]),
                    "action": ("i32", (), [1] * 10), "reward": ("f32", (), [1.0] * 10),
                    "terminated": ("bool", (), [False] * 9 + [True])})
        found = self.server.post("/v1/rollouts", {"observation": [0, 0], "goal": [13, 0], "tolerance": 0.5}).json()
        self.assertGreaterEqual(len(found["rollouts"]), 1)
        best = found["rollouts"][0]
        self.assertEqual((best["stop"], best["joins"] >= 1), ("goal", True))
        self.assertAlmostEqual(best["end"][0], 13.0, delta=0.5)
        self.assertEqual([step["index"] for step in best["path"]], list(range(best["steps"])))
        nodes = {node["node"]: node for node in found["nodes"]}
        at, steps = nodes[best["leaf"]], 0
        while at:
            steps += at["steps"]
            at = nodes[at["parent"]] if "parent" in at else None
        self.assertEqual(steps, best["steps"])
        step = best["path"][0]["step"]
        self.assertEqual(self.server.get(f"/v1/rollouts?step={step}&steps_max=5").status, 200)
        for wrong, status in (({}, 400), ({"observation": [1]}, 422), ({"step": 10 ** 9}, 404),
                              ({"observation": [0, 0], "goal": [1, 2, 3]}, 422)):
            self.assertEqual(self.server.post("/v1/rollouts", wrong).status, status, wrong)


class Refused(Case):
    def test_blocks_that_are_none(self):
        good = columns.pack(4, {"observation": ("f32", (2,), [0.0] * 8), "reward": ("f32", (), [0.0] * 4)})
        bad = [b"", good[:31], good[:-1], good + b"\0", b"X" + good[1:]]
        for at, value in ((8, 65), (8, 3), (16, 5), (16, 1 << 60), (24, 7), (32, 1 << 31), (32, 0), (40, 3),
                          (36, 0), (36, 99), (38, 0), (38, 12), (38, 255), (39, 9), (72, 65), (72, 1 << 62), (80, 9),
                          (80, 1 << 63)):
            size = {8: "I", 16: "Q", 24: "Q", 32: "I", 36: "H", 38: "B", 39: "B", 40: "I", 72: "Q", 80: "Q"}[at]
            block = bytearray(good)
            struct.pack_into(f"<{size}", block, at, value)
            bad.append(bytes(block))
        rng = random.Random(SEED)
        for _ in range(200):  # whatever bytes come, there is an answer
            block = bytearray(good)
            for _ in range(rng.randint(1, 8)):
                block[rng.randrange(0, 200)] = rng.randrange(256)
            answer = self.server.post("/v1/replay/append", bytes(block), headers=[("Content-Type", columns.TYPE)])
            self.assertIn(answer.status, (200, 400, 422), block)
        for block in bad:
            answer = self.server.post("/v1/replay/append", block, headers=[("Content-Type", columns.TYPE)])
            self.assertEqual(answer.status, 400, (block[:100], answer))

    def test_columns_that_do_not_fit_the_space(self):
        for table in ({"observation": ("f32", (3,), [0.0] * 12)}, {"observation": ("f64", (2,), [0.0] * 8)},
                      {"reward": ("f32", (), [0.0] * 4)}, {"observation": ("f32", (2,), [0.0] * 8),
                                                           "nothing": ("f32", (), [0.0] * 4)},
                      {"observation": ("f32", (2,), [0.0] * 8), "reward": ("f32", (), [float("nan")] * 4)},
                      {"observation": ("f32", (2,), [0.0] * 8), "lane": ("u64", (), [0] * 4)}):
            self.assertEqual(self.send("/v1/replay/append", 4, table).status, 422, table)
        self.assertEqual(self.server.get("/v1/spaces").json()["spaces"][0]["steps"], 0)

    def test_samplers_and_spaces_that_are_not_there(self):
        ask = self.server.ask
        self.assertEqual(ask("POST", "/v1/replay/sample?replay=99").status, 404)
        self.assertEqual(ask("POST", "/v1/replay/sample?replay=x").status, 400)
        number = self.open()
        self.assertEqual(ask("POST", f"/v1/replay/sample?replay={number}").status, 504)  # it has no steps yet
        self.fill(episodes=1)
        for query, status in (("size=0", 400), ("size=x", 400), ("beta=2", 400), ("columns=nothing", 422),
                              ("columns=reward&columns=reward", 422), ("size=99999999", 400)):
            self.assertEqual(ask("POST", f"/v1/replay/sample?replay={number}&{query}").status, status, query)
        self.assertEqual(self.server.post("/v1/replay_close", {"replay": number}).status, 200)
        self.assertEqual(ask("POST", f"/v1/replay/sample?replay={number}").status, 404)
        self.assertEqual(self.server.post("/v1/replay_open", {"space": "nowhere"}).status, 404)
        self.assertEqual(self.send("/v1/replay/append?space=nowhere", 1, {}).status, 404)
        text = self.server.post("/v1/remember", {"text": "x", "space": "talk"})
        self.assertEqual(text.status, 200)
        self.assertEqual(self.server.post("/v1/replay_open", {"space": "talk"}).status, 409)

    def test_more_samplers_than_there_is_room_for(self):
        self.fill(episodes=1)
        numbers = [self.open() for _ in range(70)]
        self.assertEqual(self.server.ask("POST", f"/v1/replay/sample?replay={numbers[0]}").status, 404)
        self.assertEqual(self.sample(numbers[-1], "size=4")[0], 4)


OWN = r"""
#include <stdio.h>
#include <stdlib.h>
#include <episodic/episodic.h>
/* The batch that a sampler of this seed draws first: ids, weights, observations, rewards. */
int main(int argc, char **argv) {
    static float observations[64], rewards[32];
    static uint64_t ids[32];
    static double weights[32];
    epi_memory *memory;
    epi_space *space;
    epi_replay *replay;
    epi_replay_options options = epi_replay_options_default();
    epi_column columns[] = {epi_column_f32("observation", observations), epi_column_f32("reward", rewards)};
    epi_batch batch = epi_batch_default();
    if (argc != 3 || epi_memory_open(&memory, argv[1], NULL) || epi_space_open(&space, memory, "walk", NULL)) return 1;
    options.seed = strtoull(argv[2], NULL, 10);
    options.n_step = 3;
    batch.size = 32;
    batch.columns = columns;
    batch.column_count = 2;
    batch.ids = ids;
    batch.weights = weights;
    if (epi_replay_open(&replay, space, &options) || epi_replay_sample(replay, &batch, 0.5)) return 2;
    fwrite(ids, sizeof *ids, 32, stdout);
    fwrite(weights, sizeof *weights, 32, stdout);
    fwrite(observations, sizeof *observations, 64, stdout);
    fwrite(rewards, sizeof *rewards, 32, stdout);
    epi_replay_close(replay);
    epi_space_close(space);
    return epi_memory_close(memory) ? 3 : 0;
}
"""

if __name__ == "__main__":
    unittest.main()
