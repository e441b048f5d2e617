"""test_replay.py - recorders and samplers as the C API has them: lanes, views, hindsight, batches drawn ahead."""

import threading
import unittest

import place
import numpy as np

import episodic
from episodic import Memory, Schema


class Replays(place.Place):
    def setUp(self):
        super().setUp()
        self.memory = Memory(self.path, sync="manual")
        self.addCleanup(self.memory.close)

    def count_up(self, steps=20, episode=10, **columns):
        """A space whose observations count, in episodes of ten."""
        space = self.memory.space("count", Schema.transitions(observation=1, action="int64", columns=columns or None))
        at = np.arange(steps)
        self.ids = space.recorder("me").append({"observation": at[:, None], "action": at, "reward": at,
                                                "terminated": at % episode == episode - 1})
        return space

    def test_rows_of_lanes_are_streams_of_their_own(self):
        space = self.memory.space("lanes", Schema.transitions(observation=1, action="int64"))
        with space.recorder("me", lanes=2) as recorder:
            recorder.append({"observation": [[0], [10], [1], [11]]}, lanes=[0, 1, 0, 1])
            recorder.append({"observation": [[2]]}, lanes=0)
            recorder.cut(1)
            batch = space.replay(seed=1).sample(50, ["observation", "next_observation"])
            np.testing.assert_array_equal(batch["next_observation"], batch["observation"] + 1)
            self.assertEqual(set(batch["observation"].ravel().tolist()), {0, 1, 10})
            with self.assertRaises(episodic.InvalidArgumentError):
                recorder.append({"observation": [[0]]}, lanes=[2])
        with self.assertRaises(episodic.ClosedError):
            recorder.append({"observation": [[3]]})

    def test_the_newest_opener_of_a_recorder_owns_it(self):
        space = self.count_up()
        first = space.recorder("me")
        space.recorder("me")
        with self.assertRaises(episodic.StaleError):
            first.append({"observation": [[0]]})

    def test_what_does_not_fit_is_refused(self):
        space = self.count_up()
        recorder = space.recorder("other")
        for columns, error in (({"observation": [[0, 1]]}, episodic.DimensionError),
                               ({"observation": [[0]], "colour": [1]}, episodic.RoleError),
                               ({"observation": [[0]], "reward": [np.inf]}, episodic.NumberError)):
            with self.subTest(columns), self.assertRaises(error):
                recorder.append(columns)
        with self.assertRaises(episodic.RoleError):
            space.replay().batch(4, ["colour"])
        with self.assertRaises(TypeError):
            space.replay(colour=1)
        with self.assertRaises(episodic.InvalidArgumentError):
            space.replay(sampler="best")
        with self.assertRaises(episodic.DimensionError):
            recorder.append({"observation": [[0], [1]], "action": [1, 2, 3]})
        with self.assertRaises(episodic.TypeError):
            Schema.transitions(observation=("complex64", 2), action="int64").roles[0]._struct()

    def test_each_sampler_draws_as_it_says(self):
        space = self.count_up()
        with space.replay(sampler="fifo") as replay:
            self.assertEqual(replay.sample(5).ids.tolist(), self.ids[:5].tolist())
        with space.replay(sampler="lifo") as replay:
            self.assertEqual(replay.sample(3)["observation"].ravel().tolist(), [19, 18, 17])
        with space.replay(sampler="max_heap") as replay:
            replay.update(self.ids, np.arange(20))
            self.assertEqual(replay.sample(2)["observation"].ravel().tolist(), [19, 18])
        with space.replay(sampler="rank", alpha=1., seed=1) as replay:
            replay.update(self.ids, 20. - np.arange(20))
            drawn = replay.sample(4000)
            share = (drawn["observation"] == 0).mean()
            self.assertAlmostEqual(share, 1 / sum(1 / rank for rank in range(1, 21)), delta=.03)
            np.testing.assert_allclose(drawn.probabilities[drawn["observation"][:, 0] == 0][0],
                                       1 / sum(1 / rank for rank in range(1, 21)))
        with space.replay(without_replacement=True, alpha=0.) as replay:
            self.assertEqual(len(set(replay.sample(20).ids)), 20)

    def test_stacks_of_frames(self):
        with self.count_up().replay(frame_stack=3, seed=1) as replay:
            batch = replay.sample(50, ["observation", "next_observation", "action"])
            self.assertEqual(batch.columns["observation"].shape, (50, 3, 1))
            at = batch["action"]
            newest = np.maximum(np.array([at - 2, at - 1, at]), at // 10 * 10).T
            np.testing.assert_array_equal(batch["observation"][..., 0], newest)

    def test_windows_tell_which_of_their_steps_there_are(self):
        with self.count_up().replay(n_step=4, seed=1, discount=1.) as replay:
            batch = replay.sample(50, ["action", "mask", "reward"])
            left = np.minimum(4, 10 - batch["action"] % 10)
            np.testing.assert_array_equal(batch["mask"].sum(1), left)
            np.testing.assert_array_equal(batch["reward"], [sum(range(at, at + count)) for at, count in
                                                            zip(batch["action"], left)])

    def test_goals_in_hindsight(self):
        space = self.memory.space("goals", Schema.transitions(observation=2, action="int64", columns={
            "achieved": ("int32", ()), "desired": ("int32", ())}))
        at = np.arange(10)
        space.recorder("me").append({"observation": np.zeros((10, 2)), "action": at, "reward": -np.ones(10),
                                     "achieved": at + 1, "desired": np.full(10, 99), "truncated": at == 9,
                                     "next_observation": np.zeros((10, 2))})
        with space.replay(her="future", her_achieved="achieved", her_desired="desired", seed=1,
                          her_reward=lambda achieved, desired, terminated: (float(achieved == desired) - 1,
                                                                            bool(achieved == desired))) as replay:
            batch = replay.sample(300, ["action", "reward", "terminated", "achieved", "desired", "relabelled"])
        told = batch["relabelled"]
        self.assertTrue(150 < told.sum() < 290)
        self.assertTrue((batch["desired"][~told] == 99).all())
        self.assertTrue((batch["desired"][told] > batch["action"][told]).all())
        np.testing.assert_array_equal(batch["reward"][told], (batch["achieved"] == batch["desired"])[told] - 1.)
        np.testing.assert_array_equal(batch["terminated"][told], (batch["achieved"] == batch["desired"])[told])
        broken = space.replay(her="future", her_achieved="achieved", her_desired="desired", her_reward=lambda *_: 1 / 0)
        with self.assertRaises(ZeroDivisionError):
            broken.sample(50, ["reward"])

    def test_batches_drawn_ahead_are_those_that_would_have_been_drawn(self):
        space = self.count_up()
        with space.replay(seed=5) as replay:
            expected = [replay.sample(8, ["observation"]) for _ in range(4)]
        with space.replay(seed=5) as replay, replay.prefetch(8, ["observation"], depth=2) as batches:
            for other, batch in zip(expected, batches):
                np.testing.assert_array_equal(batch.ids, other.ids)
                np.testing.assert_array_equal(batch["observation"], other["observation"])
                np.testing.assert_array_equal(batch.weights, other.weights)
            batches.beta = 1.0
            self.assertEqual(batches.beta, 1.0)
        with self.assertRaises(episodic.ClosedError):
            next(batches)

    def test_a_sampler_waits_for_steps_and_lets_others_go_on(self):
        space = self.memory.space("wait", Schema.transitions(observation=1, action="int64"))
        recorder, drawn = space.recorder("me"), []
        replay = space.replay(min_steps=5, timeout_ms=20000)
        waiting = threading.Thread(target=lambda: drawn.append(replay.sample(4, ["observation"])))
        waiting.start()
        for step in range(6):
            recorder.append({"observation": [[step]], "terminated": [step == 5]})
        waiting.join(20)
        self.assertEqual(drawn[0].count, 4)
        with space.replay(min_steps=50) as never, self.assertRaisesRegex(TimeoutError, "50"):
            never.sample(1)

    def test_counts_and_priorities(self):
        space = self.count_up()
        with space.replay(name="learner") as replay:
            self.assertEqual(replay.update(self.ids[:3], [1, 2, 3]), 0)
            self.assertEqual(replay.priorities(self.ids[:4]).tolist(), [1, 2, 3, 1])
            self.assertEqual(replay.update(np.append(self.ids[:1], [1 << 60]), [1, 1]), 1)
            replay.flush()
            stats = replay.stats()
            self.assertEqual((stats.steps, stats.greatest_priority), (20, 3.0))
            self.assertIn(stats.kernels, ("avx512", "avx2", "scalar"))
            with self.assertRaises(episodic.NumberError):
                replay.update(self.ids[:1], [-1])
            with self.assertRaises(episodic.InvalidArgumentError):
                replay.update(self.ids[:2], [1])
        self.assertEqual(space.replay(name="learner").priorities(self.ids[:3]).tolist(), [1, 2, 3])
        with self.assertRaises(episodic.NotFoundError):
            space.replay(name="other", resume=True)

    def test_priorities_of_sequences(self):
        errors = np.array([[1, -3, 2], [5, 0, 0]], np.float32)
        mask = np.array([[True, True, False], [False, False, False]])
        np.testing.assert_allclose(episodic.sequence_priorities(errors, mask, eta=.9), [.9 * 3 + .1 * 2, 0])
        with self.assertRaises(episodic.DimensionError):
            episodic.sequence_priorities(errors, mask[:1])

    def test_the_oldest_goes_by_what_is_asked(self):
        space = self.count_up(steps=5000, episode=100)
        space.limit(max_steps=1000, unit="episodes")
        space.recorder("me").append({"observation": [[0]]})
        self.memory.sync()
        self.assertLessEqual(space.transition_stats().steps, 1001)
        with self.assertRaises(episodic.InvalidArgumentError):
            space.limit(max_steps=1, unit="hours")


if __name__ == "__main__":
    unittest.main(verbosity=2)
