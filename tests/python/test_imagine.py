"""test_imagine.py - rollouts, plans, graphs, policies, prospects, recombined events, projections and plots."""

import math
import unittest

import place
import numpy as np

import episodic
from episodic import Filter, Goal, Graph, Memory, Projection, Schema, Situation


def crossing(memory):
    """Two walks that cross at (5, 0): nobody ever went from (0, 0) to (5, 5)."""
    walks = memory.space("walks", Schema.transitions(observation=2, action=("float32", 2)))
    east = np.array([[x, 0] for x in range(11)], np.float32)
    north = np.array([[5, y] for y in range(-5, 6)], np.float32)
    recorder = walks.recorder("walker")
    for walk in (east, north, east + [0, .1], north + [.1, 0]):
        recorder.append({"observation": walk[:-1], "next_observation": walk[1:], "action": np.diff(walk, axis=0),
                         "reward": -np.ones(10), "truncated": np.arange(10) == 9})
    return walks


class Imagining(place.Place):
    def setUp(self):
        super().setUp()
        self.memory = Memory(self.path, sync="manual")
        self.addCleanup(self.memory.close)

    def test_a_rollout_joins_walks_that_crossed(self):
        walks = crossing(self.memory)
        ways = walks.imagine([0, 0], goal=Goal([5, 5], tolerance=.5))
        way = ways[0]
        self.assertEqual((ways.stop_reason, way.stop_reason), ("goal", "goal"))
        self.assertGreater(ways.expansions, 0)
        self.assertEqual((way.observations.shape, way.actions.shape, way.rewards.shape),
                         ((len(way), 2), (len(way), 2), (len(way),)))
        self.assertEqual(sum(piece.count for piece in way.pieces), len(way))
        self.assertEqual(len(way.joins), len(way.pieces) - 1 + bool(way.pieces[0].join))
        self.assertEqual(way.return_mean, way.rewards.sum())
        self.assertLess(np.linalg.norm(way.end - [5, 5]), .5)
        self.assertTrue(0 < way.novelty < 1)
        self.assertTrue(math.isclose(way.plausibility, np.prod([join.plausibility for join in way.joins])))
        self.assertTrue(way.verify())
        for shown in (repr(ways), ways._repr_html_(), repr(way), way._repr_html_()):
            self.assertIn("rollout", shown)
        with self.assertRaises(IndexError):
            ways[5]

    def test_starts_goals_and_functions_of_ones_own(self):
        walks = crossing(self.memory)
        first = int(walks.imagine([0, 0], goal=[10, 0])[0].steps[0])
        self.assertEqual(len(walks.imagine(Situation(step=first), goal=lambda at: at[0] > 8.5)[0]), 9)
        self.assertEqual(len(walks.imagine([0, 0], goal=[5, 5], valid=lambda before, after, action: action[1] == 0)), 0)
        seen = []
        best = walks.imagine([0, 0], reward=lambda before, after, action, recorded: seen.append(recorded) or after[0])
        self.assertGreater(best[0].return_mean, 0)
        self.assertEqual(set(seen), {-1.0})
        self.assertEqual(len(walks.imagine([0, 0], goal=[5, 5], heuristic=lambda at: 0.0)[0]), 10)
        self.assertLessEqual(len(walks.imagine([0, 0], k=3, search="beam", steps_max=4)), 3)
        only = Filter(episodes=[int(best[0].episodes[0])])
        self.assertEqual(len(walks.imagine([0, 0], goal=[5, 5], filter=only)), 0)

    def test_goals_and_starts_that_are_stored(self):
        walks = crossing(self.memory)
        way = walks.imagine([0, 0], goal=[10, 0])[0]
        self.assertEqual(len(walks.imagine([0, 0], goal=Goal(step=int(way.steps[7])))[0]), 7)
        self.assertEqual(len(walks.imagine(Situation(filter=Filter(steps=way.steps[3:4])), goal=[10, 0])[0]), 7)
        near = walks.imagine(Situation(nearest=[0, 0]), goal=Goal(nearest=[5, 5], tolerance=.1))
        self.assertGreaterEqual(len(near), 1)

    def test_a_model_and_a_distance_of_ones_own(self):
        walks = crossing(self.memory)
        way = walks.imagine([0, 0], goal=Goal([5, 5], tolerance=.1), step=lambda at, action: at + action)[0]
        np.testing.assert_allclose(np.diff(way.expected, axis=0), way.actions[:-1], atol=1e-5)
        walled = walks.imagine([0, 0], goal=Goal([5, 5], tolerance=.1),
                               step=lambda at, action: None if at[0] >= 3 else (at + action, False))
        self.assertEqual(len(walled), 0)
        far = walks.imagine([0, 0], goal=Goal([5, 5], tolerance=.5),
                            distance=lambda a, b: float(np.abs(a - b).sum()))
        self.assertEqual(len(far[0]), 10)
        self.assertGreaterEqual(len(walks.imagine([0, 0], search="mcts", expansions_max=200, seed=1)), 1)
        with self.assertRaises(episodic.DimensionError):
            walks.imagine([0, 0], goal=[5, 5], step=lambda at, action: [0])

    def test_what_a_function_raises_is_raised(self):
        walks = crossing(self.memory)

        def broken(*_):
            raise KeyError("mine")
        for options in ({"valid": broken}, {"reward": broken}, {"heuristic": broken}, {"step": broken},
                        {"distance": broken}):
            with self.subTest(options), self.assertRaisesRegex(KeyError, "mine"):
                walks.imagine([0, 0], goal=[5, 5], **options)
        with self.assertRaisesRegex(KeyError, "mine"):
            walks.imagine([0, 0], goal=broken)
        with self.assertRaises(TypeError):
            walks.imagine([0, 0], speed=3)
        with self.assertRaises(episodic.DimensionError):
            walks.imagine([0, 0, 0])

    def test_a_report_makes_a_join_doubtful(self):
        walks = crossing(self.memory)
        way = walks.imagine([0, 0], goal=Goal([5, 5], tolerance=.5))[0]
        join = way.joins[-1]
        for _ in range(3):
            way.report(walks, join, "refuted")
        again = walks.imagine([0, 0], goal=Goal([5, 5], tolerance=.5))
        self.assertTrue(len(again) == 0 or again[0].plausibility < way.plausibility)
        walks.forget_reports()
        self.assertEqual(walks.imagine([0, 0], goal=Goal([5, 5], tolerance=.5))[0].plausibility, way.plausibility)

    def test_a_rollout_goes_stale_with_its_sources(self):
        walks = crossing(self.memory)
        way = walks.imagine([0, 0], goal=[10, 0])[0]
        self.assertTrue(way.verify())
        walks.remove(steps=way.steps[:1])
        self.assertFalse(way.verify())

    def test_a_planner_walks_to_the_goal(self):
        walks = crossing(self.memory)
        at, steps = np.zeros(2, np.float32), 0
        with walks.planner(Goal([5, 5], tolerance=.5)) as planner:
            self.assertIsNone(planner.plan)
            while (action := planner.next(at)) is not None and steps < 50:
                at = at + action
                planner.observe(at, -1.0)
                steps += 1
            self.assertEqual(planner.stats.plans, 1)
            self.assertEqual(planner.stats.reward, -steps)
            plan = planner.plan
        self.assertEqual(steps, 10)
        self.assertEqual(len(plan[0]), 10)
        with self.assertRaises(episodic.ClosedError):
            plan[0].verify()
        with walks.planner([77, 77]) as planner, self.assertRaises(episodic.NotFoundError):
            planner.next([0, 0])
        with self.assertRaises(episodic.ClosedError):
            planner.next([0, 0])

    def test_a_planner_outlives_the_handle_of_its_space(self):
        walks = crossing(self.memory)
        planner = walks.planner(Goal([5, 5], tolerance=.5))
        walks.close()
        self.assertIsNotNone(planner.next([0, 0]))
        planner.close()

    def test_a_graph_counts_what_actions_led_to(self):
        chain = self.memory.space("chain", Schema.transitions(observation=1, action="int32"))
        recorder = chain.recorder("me")
        for lucky in (True, True, False):
            recorder.append({"observation": [[0.], [1.]], "action": [7, 8], "reward": [0, float(lucky)],
                             "terminated": [False, True], "next_observation": [[1.], [2. if lucky else 3.]]})
        with chain.graph(seed=1) as graph:
            stats = graph.stats
            self.assertEqual((stats.states, stats.actions, stats.pairs, stats.stochastic, stats.steps), (4, 2, 2, 1, 6))
            start, middle = graph.find_state([0]), graph.find_state([1])
            action = graph.find_action(8)
            self.assertEqual((graph.observation(middle).tolist(), int(graph.action(action))), ([1.0], 8))
            tried = graph.tried(middle)[0]
            self.assertEqual((tried.count, tried.deterministic, round(tried.reward_mean, 3)), (3, False, .667))
            self.assertEqual(sorted(it.count for it in graph.outcomes(middle, action)), [1, 2])
            self.assertEqual(graph.causes(middle)[0].state, start)
            self.assertEqual(len(graph.sources(middle, action)), 3)
            self.assertIn(graph.sample_state(), (start, middle))
            self.assertIn(graph.sample().action, (0, 1))
            self.assertTrue(graph.sample_action(middle, action, newest=1).terminated)
            self.assertFalse(graph.refresh())
            with self.assertRaises(episodic.NotFoundError):
                graph.find_state([9])
            with self.assertRaises(episodic.NotFoundError):
                graph.observation(99)
            with graph.policy("mean", discount=1.0) as policy:
                choice = policy.next([0])
                self.assertEqual(int(choice.action_value), 7)
                self.assertAlmostEqual(choice.value, 2 / 3)
                self.assertEqual([it.action for it in policy.rank(middle)], [action])
                self.assertAlmostEqual(policy.value(middle), 2 / 3)
                self.assertAlmostEqual(policy.predict([0]).return_mean, 2 / 3)
                recorder.append({"observation": [[0.]], "action": [7], "next_observation": [[1.]], "reward": [5.],
                                 "truncated": [True]})
                graph.refresh()
                with self.assertRaises(episodic.StaleError):
                    policy.next([0])
                self.assertTrue(policy.update().settled)
                self.assertGreater(policy.next([0]).value, 1)
                graph.close()
                self.assertGreater(policy.value(start), 1)
        self.assertIn("closed", repr(graph) + repr(policy))

    def test_a_graph_without_a_memory(self):
        graph = Graph(observation=2, action=("int8", ()))
        for _ in range(4):
            step = graph.observe([0, 0], 1, 1.0, [1, 1])
        self.assertEqual((step.state, step.next, step.source), (0, 1, 0))
        self.assertIsNone(graph.observe([1, 1], 1, 0, terminated=True).next)
        with self.assertRaises(episodic.DimensionError):
            graph.observe([0], 1)
        with self.assertRaises(episodic.UnsupportedError):
            graph.refresh()

    def test_prospects_of_actions(self):
        desk = self.memory.space("desk", "trajectory")
        for place in range(12):
            with desk.episode() as episode:
                phone = place % 2 == 0
                situation = {"product": "app" if phone else "web"}
                episode.append({"situation": situation, "tool": "reset" if place % 4 < 2 else "cookies",
                                "error": None if phone == (place % 4 < 2) else "no change", "cost": 3.0 + place})
                episode.end(reward=float(phone == (place % 4 < 2)))
        told = desk.imagine_actions(["reset", ("cookies", {"all": True}), "pray"], situation={"product": "app"},
                                    course_count=2, propose_count=1)
        self.assertEqual([it.tool for it in told][:3], ["reset", "cookies", "pray"])
        self.assertEqual(told.best.tool, "reset")
        self.assertTrue(told[2].no_precedent)
        self.assertLessEqual(told[0].success_low, told[0].success_rate)
        self.assertGreater(len(told[0].sources), 0)
        self.assertEqual(told[1].errors[0].text, "no change")
        self.assertIsNotNone(told[1].failure)
        self.assertIn("imagined", str(told))
        self.assertIsInstance(told.data, dict)
        self.assertIn("reset", repr(told) + told._repr_html_())

    def test_events_put_together_anew(self):
        diary, rng = self.memory.space("diary", "events"), np.random.default_rng(4)
        for _ in range(400):
            who, what = rng.integers(0, 6, 2)
            where = (who % 2 + 2 * rng.integers(0, 3)) % 6
            what = (where % 3 + 3 * (what % 2)) % 6
            diary.remember({"who": f"who-{who}", "where": f"where-{where}", "what": f"what-{what}",
                            "action": f"action-{what % 2}", "outcome": f"outcome-{what}"})
        given = {"who": "who-1"}
        found = diary.imagine_events(given, k=5, seed=1, novelty_min=0)
        self.assertGreater(len(found), 1)
        self.assertEqual(len(found), len(found.data["events"]))
        for event in found:
            self.assertEqual(event["who"], "who-1")
            self.assertTrue(event.parts[0].source and event.joins[0].witness)
            self.assertEqual(diary.read(event.parts[0].source)["who"], "who-1")
        self.assertEqual(len(found.text.strip().splitlines()) >= len(found), True)
        self.assertIn("imagined", repr(found) + found._repr_html_())
        first = found[0]["where"]
        vetoed = diary.imagine_events(given, k=5, seed=1, novelty_min=0, valid=lambda values: values["where"] != first)
        self.assertGreater(vetoed.vetoed, 0)
        self.assertNotIn(first, [event["where"] for event in vetoed])
        self.assertGreaterEqual(len(diary.imagine_story(given, count=3, novelty_min=0)), 1)
        judged = diary.judge_event(found[0].values)
        self.assertFalse(judged.contradiction)
        self.assertTrue(diary.judge_event({**found[0].values, "where": "where-0"}).contradiction)
        other = diary.imagine_events(bundles=[["who", "where"], ["what", "action"]], seed=2, novelty_min=0)
        self.assertTrue(all(set(event.values) == {"who", "where", "what", "action"} for event in other))

        def broken(_):
            raise KeyError("mine")
        with self.assertRaisesRegex(KeyError, "mine"):
            diary.imagine_events(given, novelty_min=0, valid=broken)
        with self.assertRaises(TypeError):
            diary.imagine_events(given, colour=1)

    def test_a_projection_is_the_same_from_its_bytes(self):
        rows = np.random.default_rng(3).normal(size=(100, 10)).astype(np.float32)
        first = Projection.learn(rows, dimension=4)
        second = Projection(first.to_bytes())
        np.testing.assert_array_equal(first.apply(rows), second.apply(rows))
        self.assertEqual((second.size, second.dimension, second.apply(rows[0]).shape), (10, 4, (4,)))
        self.assertTrue(0 < first.kept < 1)
        with self.assertRaises(episodic.FormatError):
            Projection(b"nothing")
        with self.assertRaises(episodic.DimensionError):
            first.apply(np.zeros((3, 9)))

    def test_plots_are_drawn_where_matplotlib_is(self):
        try:
            import matplotlib
        except ImportError:
            self.skipTest("matplotlib is not installed")
        matplotlib.use("Agg")
        walks = crossing(self.memory)
        way = walks.imagine([0, 0], goal=Goal([5, 5], tolerance=.5))[0]
        axes = way.plot(background=np.random.default_rng(1).random((50, 2)))
        self.assertGreaterEqual(len(axes.lines), len(way.pieces) + 2)
        np.testing.assert_array_equal(axes.lines[0].get_xydata(), way.expected[:way.pieces[0].count + 1])
        axes = episodic.plot.priorities([-1, 0, 1, 2, 3, 3])
        self.assertEqual(sum(bar.get_height() for bar in axes.patches), 4)
        with episodic.PrioritizedReplayBuffer(100, 1, "int64") as buffer:
            ids = buffer.extend(np.zeros((10, 1)), None, np.zeros(10), np.zeros(10), np.arange(10) == 9)
            self.assertEqual(buffer.ids().tolist(), ids.tolist())
            self.assertEqual(sum(bar.get_height() for bar in buffer.plot_priorities().patches), 10)
        home = self.memory.space("home", "conversation")
        home.remember("user", "hello")
        self.assertEqual(len(episodic.plot.timeline(home.timeline()).lines), 1)


if __name__ == "__main__":
    unittest.main(verbosity=2)
