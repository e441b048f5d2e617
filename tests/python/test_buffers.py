"""test_buffers.py - replay buffers keep what was added and draw what they say: beside lists of plain tuples."""

import os
import subprocess
import sys
import threading
import unittest

import place
import numpy as np

import episodic
from episodic import PrioritizedReplayBuffer, ReplayBuffer, SequenceReplayBuffer


class Box:
    """The part of a Gymnasium space that a buffer looks at."""

    def __init__(self, shape, dtype):
        self.shape, self.dtype = shape, np.dtype(dtype)


def walk(buffer, steps, rng, envs=1, add=None):
    """Adds steps of environments that terminate, time out and go on; returns (obs, next, action, reward, terminated)
    by the observation's first element, which is unique."""
    kept, serial = {}, 0
    obs = np.zeros((envs, 3), np.float32)
    for env in range(envs):
        serial += 1
        obs[env] = serial, env, 0
    for _ in range(steps):
        after = np.zeros_like(obs)
        action, reward = rng.integers(0, 5, envs), rng.normal(size=envs).astype(np.float32)
        terminated, truncated = rng.random(envs) < .1, rng.random(envs) < .1
        truncated &= ~terminated
        for env in range(envs):
            serial += 1
            after[env] = serial, env, rng.random()
            kept[obs[env, 0]] = (obs[env].copy(), after[env].copy(), action[env], reward[env], terminated[env])
        (add or buffer.add)(obs.copy(), after.copy(), action, reward, terminated, truncated)
        for env in np.flatnonzero(terminated | truncated):
            serial += 1
            after[env] = serial, env, 0
        obs = after
    return kept


class Buffers(place.Place):
    def agrees(self, samples, kept):
        """Each row is a step that was added, whole."""
        for row in range(len(samples.ids)):
            obs, after, action, reward, terminated = kept[samples.observations[row, 0]]
            self.assertEqual(samples.observations[row].tolist(), obs.tolist())
            self.assertEqual(samples.next_observations[row].tolist(), after.tolist())
            self.assertEqual(samples.actions[row, 0], action)
            self.assertEqual(samples.rewards[row, 0], reward)
            self.assertEqual(samples.dones[row, 0], terminated)

    def test_what_was_added_is_drawn_whole(self):
        for envs in (1, 3):
            for kind in (ReplayBuffer, PrioritizedReplayBuffer):
                with self.subTest(f"{kind.__name__}, {envs} environments"), \
                        kind(1000, 3, "int64", n_envs=envs, seed=7) as buffer:
                    kept = walk(buffer, 200, np.random.default_rng(5), envs)
                    self.assertEqual(len(buffer), 200 * envs)
                    samples = buffer.sample(500)
                    self.agrees(samples, kept)
                    self.assertGreater(len(set(samples.ids)), 150)
                    self.assertEqual(samples.weights.shape, (500, 1))

    def test_single_rows_go_to_the_lane_that_is_named(self):
        with ReplayBuffer(1000, 3, "int64", n_envs=2, seed=3) as buffer:
            def one_by_one(obs, after, action, reward, terminated, truncated):
                for env in range(2):
                    buffer.add(obs[env], after[env], action[env], reward[env], terminated[env], truncated[env], env=env)
            self.agrees(self.drawn(buffer, walk(buffer, 100, np.random.default_rng(6), 2, one_by_one)), self.kept)

    def drawn(self, buffer, kept):
        self.kept = kept
        return buffer.sample(200)

    def test_a_next_observation_is_stored_only_where_it_does_not_follow(self):
        with ReplayBuffer(10000, 64, "int64") as buffer:
            obs = np.zeros(64)
            for step in range(4000):
                after = np.full(64, step + 1.)
                buffer.add(obs, after, 0, 0, False)
                obs = after
            buffer.sync()
            stats = buffer.space.transition_stats()
            self.assertEqual(stats.episodes, 1)
            self.assertLess(stats.stored_size / stats.steps, 1.5 * 64 * 4)

    def test_the_oldest_goes_when_it_is_full(self):
        with ReplayBuffer(100, 3, "int64") as buffer:
            self.assertEqual((buffer.pos, buffer.full, buffer.buffer_size), (0, False, 100))
            kept = walk(buffer, 250, np.random.default_rng(1))
            self.assertEqual((buffer.pos, buffer.full), (50, True))
            self.assertTrue(100 <= len(buffer) <= 105, len(buffer))
            buffer.sync()
            self.assertEqual(len(buffer), 100)
            newest = sorted(kept)[-100:]
            samples = buffer.sample(300)
            self.agrees(samples, kept)
            self.assertGreaterEqual(samples.observations[:, 0].min(), newest[0])

    def test_extend_adds_many_steps_in_one_call(self):
        with ReplayBuffer(1000, 2, "int64", n_envs=2) as buffer:
            obs = np.arange(20.).reshape(10, 2)
            ids = buffer.extend(obs, obs + 2, np.arange(10), np.ones(10), np.arange(10) % 5 == 4, env=[0] * 5 + [1] * 5)
            self.assertEqual(len(set(ids.tolist())), 10)
            samples = buffer.sample(64)
            np.testing.assert_array_equal(samples.next_observations, samples.observations + 2)

    def test_columns_of_ones_own_come_back(self):
        with ReplayBuffer(100, 2, "int64", columns={"log_prob": "float32", "hidden": 4}) as buffer:
            for step in range(10):
                buffer.add([step, 0], [step + 1, 0], 0, 0, False, log_prob=-step, hidden=np.full(4, step))
            samples = buffer.sample(20)
            np.testing.assert_array_equal(samples.columns["log_prob"], -samples.observations[:, 0])
            np.testing.assert_array_equal(samples.columns["hidden"][:, 3], samples.observations[:, 0])
            with self.assertRaises(episodic.RoleError):
                buffer.add([0, 0], [1, 0], 0, 0, False, nothing=1)

    def test_observations_of_any_type(self):
        for space, action in ((Box((4, 5, 2), "uint8"), Box((), "int64")), (Box((3,), "float64"), Box((2,), "float32")),
                              (Box((), "int64"), 3), (Box((7,), "bool"), "int32")):
            with self.subTest(str(space.shape)), ReplayBuffer(100, space, action) as buffer:
                rng = np.random.default_rng(0)
                for _ in range(20):
                    obs = (rng.random(space.shape) * 2).astype(space.dtype)
                    buffer.add(obs, obs, np.zeros(buffer._schema.role("action").shape), 0, True)
                samples = buffer.sample(8)
                self.assertEqual(samples.observations.dtype, space.dtype)
                self.assertEqual(samples.observations.shape, (8, *(space.shape or (1,))))
                self.assertEqual(samples.actions.ndim, 2)

    def test_priorities_decide_what_is_drawn(self):
        with PrioritizedReplayBuffer(100, 1, "int64", alpha=1., beta=1., epsilon=0, seed=1) as buffer:
            ids = buffer.extend(np.arange(10.)[:, None], None, np.zeros(10), np.zeros(10), np.arange(10) == 9)
            buffer.update_priorities(ids, np.arange(10.))
            samples = buffer.sample(9000)
            counts = np.bincount(samples.observations[:, 0].astype(int), minlength=10)
            self.assertEqual(counts[0], 0)
            np.testing.assert_allclose(counts[1:] / 9000, np.arange(1, 10) / 45, atol=.02)
            weights = 1 / samples.observations
            np.testing.assert_allclose(samples.weights, weights / weights.max(), rtol=1e-5)

    def test_n_step_returns_and_discounts(self):
        with ReplayBuffer(100, 1, "int64", n_step=3, gamma=.5) as buffer:
            buffer.extend(np.arange(10.)[:, None], None, np.zeros(10), np.ones(10), np.arange(10) == 9)
            samples = buffer.sample(100)
            at = samples.observations[:, 0]
            np.testing.assert_allclose(samples.rewards[:, 0], np.where(at < 8, 1.75, np.where(at == 8, 1.5, 1)))
            np.testing.assert_allclose(samples.discounts[:, 0], np.where(at < 7, .125, 0))
            np.testing.assert_array_equal(samples.dones[:, 0], at >= 7)
        with ReplayBuffer(100, 1, "int64") as buffer:
            buffer.add([0], [1], 0, 0, True)
            self.assertIsNone(buffer.sample(1).discounts)

    def test_sequences_carry_their_state_and_masks(self):
        with SequenceReplayBuffer(1000, 1, "int64", sequence_length=4, burn_in=2, columns={"hidden": 2},
                                  states=["hidden"], seed=1) as buffer:
            steps = np.arange(12.)
            buffer.extend(steps[:, None], None, np.zeros(12), np.ones(12), steps == 11,
                          hidden=np.stack([steps, steps], 1))
            samples = buffer.sample(16)
            self.assertEqual(samples.observations.shape, (16, 6, 1))
            np.testing.assert_array_equal(samples.columns["hidden"][:, 0], samples.observations[:, 0, 0])
            there = samples.columns["mask"]
            np.testing.assert_array_equal(np.diff(samples.observations[..., 0], axis=1)[there[:, 1:]], 1)
            self.assertEqual(buffer.update_sequences(samples, np.ones((16, 6))), 0)

    def test_a_named_buffer_goes_on_where_it_was_saved(self):
        def drawn(buffer):
            samples = buffer.sample(64)
            return samples.ids.tolist()
        with PrioritizedReplayBuffer(1000, 3, "int64", path=self.path, seed=11) as buffer:
            walk(buffer, 300, np.random.default_rng(2))
            samples = buffer.sample(100)
            buffer.update_priorities(samples.ids, np.random.default_rng(3).random(100))
            buffer.save()
            priorities = buffer.replay.priorities(samples.ids).tolist()
            expected = [drawn(buffer) for _ in range(3)]
        with PrioritizedReplayBuffer(1000, 3, "int64", path=self.path, seed=12) as buffer:
            self.assertEqual(buffer.replay.priorities(samples.ids).tolist(), priorities)
            self.assertEqual([drawn(buffer) for _ in range(3)], expected)
            self.assertEqual(buffer.pos, 300)

    def test_a_restart_ends_the_episode_that_was_open(self):
        for _ in range(2):
            with ReplayBuffer(100, 1, "int64", path=self.path) as buffer:
                buffer.add([0.], [1.], 0, 0, False)
        with ReplayBuffer(100, 1, "int64", path=self.path) as buffer:
            self.assertEqual(buffer.space.transition_stats().episodes, 2)

    def test_wrong_shapes_are_refused_and_nothing_is_stored(self):
        with ReplayBuffer(100, 3, "int64", n_envs=2) as buffer:
            for arguments in (([0, 0], [0, 0, 0], 0, 0, False), ([0, 0, 0], [0, 0], 0, 0, False),
                              ([0, 0, 0], [0, 0, 0], [0, 1], 0, False), ([0, 0, 0], [0, 0, 0], 0, np.nan, False)):
                with self.subTest(arguments), self.assertRaises(ValueError):
                    buffer.add(*arguments)
            self.assertEqual(len(buffer), 0)
            with self.assertRaises(TimeoutError):
                buffer.sample(1)
            with self.assertRaises(episodic.UnsupportedError):
                ReplayBuffer(10, type("Dict", (), {"spaces": {}})(), 3)

    def test_a_closed_buffer_says_so(self):
        buffer = ReplayBuffer(100, 1, "int64")
        buffer.add([0.], [1.], 0, 0, True)
        folder = buffer._memory.path
        self.assertTrue(os.path.exists(folder))
        buffer.close()
        buffer.close()
        self.assertFalse(os.path.exists(folder))
        for call in (lambda: buffer.add([0.], [1.], 0, 0, True), lambda: buffer.sample(1), buffer.sync):
            with self.assertRaises(episodic.ClosedError):
                call()
        self.assertIn("closed", repr(buffer))

    def test_closing_waits_for_calls_of_other_threads(self):
        for _ in range(20):
            buffer = PrioritizedReplayBuffer(1000, 3, "int64", seed=1)
            walk(buffer, 50, np.random.default_rng(2))
            said = []

            def use():
                try:
                    while True:
                        samples = buffer.sample(64)
                        buffer.update_priorities(samples.ids, np.ones(64))
                except episodic.ClosedError:
                    said.append("closed")

            threads = [threading.Thread(target=use) for _ in range(3)]
            for thread in threads:
                thread.start()
            buffer.close()
            for thread in threads:
                thread.join(20)
            self.assertEqual(said, ["closed"] * 3)

    def test_what_is_held_is_never_written_again(self):
        with ReplayBuffer(1000, 3, "int64", seed=1) as buffer:
            walk(buffer, 500, np.random.default_rng(2))
            held = [buffer.sample(64) for _ in range(10)] + [buffer.sample(64).rewards for _ in range(10)]
            before = [np.copy(samples if isinstance(samples, np.ndarray) else samples.observations)
                      for samples in held]
            for _ in range(20):
                buffer.sample(64)
            for samples, was in zip(held, before):
                now = samples if isinstance(samples, np.ndarray) else samples.observations
                np.testing.assert_array_equal(now, was)
            places = set()
            for _ in range(20):
                samples = buffer.sample(32)
                places.add(samples.observations.ctypes.data)
                del samples
            self.assertEqual(len(places), 1)

    def test_a_forked_child_is_told(self):
        with ReplayBuffer(100, 1, "int64", path=self.path) as buffer:
            buffer.add([0.], [1.], 0, 0, True)
            buffer.sync()
            child = os.fork()
            if child == 0:
                code = 1
                try:
                    buffer.sample(1)
                except episodic.ForkError:
                    del buffer
                    with ReplayBuffer(100, 1, "int64", path=self.path) as mine:
                        code = 0 if len(mine) == 1 else 2
                finally:
                    os._exit(code)
            self.assertEqual(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]), 0)
            self.assertEqual(len(buffer), 1)

    def test_a_program_that_forgets_to_close_loses_nothing(self):
        program = ("import episodic, sys\n"
                   "buffer = episodic.ReplayBuffer(100, 1, 'int64', path=sys.argv[1], sync='manual')\n"
                   "for step in range(7): buffer.add([step], [step + 1], 0, 0, False)\n")
        subprocess.run([sys.executable, "-c", program, self.path], check=True, env=place.environment())
        with ReplayBuffer(100, 1, "int64", path=self.path) as buffer:
            self.assertEqual(buffer.pos, 7)

    def test_without_numpy_the_import_says_what_to_install(self):
        program = "import sys; sys.modules['numpy'] = None; import episodic"
        done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, env=place.environment())
        self.assertIn("ImportError: episodic needs NumPy, which is not installed; on Debian: apt-get install "
                      "python3-numpy", done.stderr)


if __name__ == "__main__":
    unittest.main(verbosity=2)
