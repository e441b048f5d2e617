"""test_loops.py - training loops in the shapes of Stable-Baselines3, CleanRL and TorchRL, written from their documented
interfaces: each with a plain uniform buffer and with ours, and how many lines the two differ by.

The learner is tabular Q-learning on a corridor, so that every loop has to come to the way that is known. Each loop is
one text, run twice; what turns the plain one into ours are the replacements beside it, which are counted.
"""

import collections
import unittest

import place  # noqa: F401
import numpy as np

import episodic
from episodic import torchrl

LENGTH, GAMMA, RATE, LINES_MAX = 6, .9, .2, 5
Samples = collections.namedtuple("Samples", "observations actions next_observations dones rewards")


class Space:
    """The part of a Gymnasium space that these loops use."""

    def __init__(self, shape, dtype, n=None):
        self.shape, self.dtype, self.n = shape, np.dtype(dtype), n


class Corridor:
    """A vector environment of corridors with a reward at the right end, which times out and resets itself (same-step:
    the last observation of an episode is in final_obs)."""

    single_observation_space, single_action_space = Space((1,), np.float32), Space((), np.int64, 2)

    def __init__(self, num_envs, seed):
        self.num_envs, self.rng = num_envs, np.random.default_rng(seed)
        self.at, self.time = np.zeros(num_envs), np.zeros(num_envs)

    def reset(self):
        self.at[:], self.time[:] = 0, 0
        return self.observe()

    def observe(self):
        return self.at[:, None].astype(np.float32)

    def step(self, actions):
        self.at = np.clip(self.at + np.where(np.asarray(actions).reshape(-1) == 1, 1, -1), 0, LENGTH)
        self.time += 1
        terminated = self.at == LENGTH
        truncated = ~terminated & (self.time >= 40)
        last, over = self.observe(), terminated | truncated
        self.at[over], self.time[over] = 0, 0
        return self.observe(), terminated.astype(np.float32), terminated, truncated, last


class Plain:
    """A uniform ring with the interface of Stable-Baselines3's ReplayBuffer."""

    def __init__(self, buffer_size, observation_space, action_space, device="auto", n_envs=1,
                 optimize_memory_usage=False, handle_timeout_termination=True):
        self.rows, self.buffer_size, self.handles = [], buffer_size, handle_timeout_termination
        self.rng = np.random.default_rng(1)

    def add(self, obs, next_obs, action, reward, done, infos):
        for env in range(len(obs)):
            timeout = self.handles and infos[env].get("TimeLimit.truncated", False)
            self.rows.append((obs[env], np.reshape(action[env], 1), next_obs[env], [float(done[env] and not timeout)],
                              [reward[env]]))
        del self.rows[:-self.buffer_size]

    def sample(self, batch_size, env=None):
        chosen = [self.rows[place] for place in self.rng.integers(0, len(self.rows), batch_size)]
        return Samples(*map(np.array, zip(*chosen)))


class ListStorage:
    """TorchRL's parts, as far as its ReplayBuffer calls them: data as a dict of arrays."""

    def __init__(self, max_size):
        self.rows, self.max_size = [], max_size

    def __len__(self):
        return len(self.rows)

    def get(self, index):
        chosen = [self.rows[place] for place in index]
        return {"observation": np.array([row["observation"] for row in chosen]),
                "action": np.array([row["action"] for row in chosen])[:, None],
                "next": {key: np.array([row["next"][key] for row in chosen]).reshape(len(chosen), -1)
                         for key in ("observation", "reward", "terminated")}}


class RandomSampler:
    rng = np.random.default_rng(3)

    def sample(self, storage, batch_size):
        index = self.rng.integers(0, len(storage), batch_size)
        return index, {"index": index}

    def extend(self, index):
        pass

    def update_priority(self, index, priority, *, storage=None):
        pass


class RoundRobinWriter:
    def register_storage(self, storage):
        self.storage = storage

    def extend(self, data):
        first = len(self.storage.rows)
        for place in range(len(data["observation"])):
            self.storage.rows.append({"observation": data["observation"][place], "action": data["action"][place],
                                      "next": {key: value[place] for key, value in data["next"].items()}})
        return np.arange(first, len(self.storage.rows))


class TensorDictReplayBuffer:
    """What TorchRL makes of the three parts."""

    def __init__(self, *, storage, sampler, writer, batch_size):
        self.storage, self.sampler, self.writer, self.batch_size = storage, sampler, writer, batch_size
        writer.register_storage(storage)

    def __len__(self):
        return len(self.storage)

    def extend(self, data):
        index = self.writer.extend(data)
        self.sampler.extend(index)
        return index

    def sample(self):
        index, info = self.sampler.sample(self.storage, self.batch_size)
        data = self.storage.get(index)
        return {**data, **info, "index": index}

    def update_priority(self, index, priority):
        self.sampler.update_priority(index, priority, storage=self.storage)


def act(table, obs, rng, explore=.3):
    """Epsilon-greedy, ties at random."""
    values = table[obs[:, 0].astype(int)] + rng.random((len(obs), 2)) * 1e-6
    return np.where(rng.random(len(obs)) < explore, rng.integers(0, 2, len(obs)), values.argmax(1))


def learn(table, observations, actions, next_observations, dones, rewards, weights=1.):
    """One step of Q-learning on a batch; returns the TD errors."""
    at, after = observations[:, 0].astype(int), next_observations[:, 0].astype(int)
    taken = actions[:, 0].astype(int)
    target = rewards[:, 0] + (1 - dones[:, 0]) * GAMMA * table[after].max(1)
    errors = target - table[at, taken]
    np.add.at(table, (at, taken), RATE * np.broadcast_to(np.squeeze(weights), errors.shape) * errors)
    return errors


# Stable-Baselines3: the algorithm makes the buffer from replay_buffer_class and _kwargs, and stores transitions whose
# next observation is terminal_observation where an environment has reset itself.
STABLE_BASELINES3 = """
class Algorithm:
    def __init__(self, replay_buffer_class, env, replay_buffer_kwargs=None):
        self.env, self.table = env, np.zeros((LENGTH + 1, 2))
        self.replay_buffer = replay_buffer_class(
            5000, env.single_observation_space, env.single_action_space, device=DEVICE, n_envs=env.num_envs,
            optimize_memory_usage=False, **(replay_buffer_kwargs or {}))

    def learn(self, total_timesteps):
        obs, rng = self.env.reset(), np.random.default_rng(7)
        for step in range(total_timesteps):
            action = act(self.table, obs, rng)
            new_obs, rewards, terminated, truncated, last = self.env.step(action)
            dones = terminated | truncated
            infos = [{"TimeLimit.truncated": bool(truncated[i] and not terminated[i]),
                      "terminal_observation": last[i]} for i in range(self.env.num_envs)]
            next_obs = new_obs.copy()
            for i in np.flatnonzero(dones):
                next_obs[i] = infos[i]["terminal_observation"]
            self.replay_buffer.add(obs, next_obs, action, rewards, dones, infos)
            obs = new_obs
            if step > 50:
                self.train()

    def train(self):
        replay_data = self.replay_buffer.sample(32, env=None)
        learn(self.table, replay_data.observations, replay_data.actions, replay_data.next_observations,
              replay_data.dones, replay_data.rewards)

model = Algorithm(Plain, Corridor(2, seed=1))
model.learn(1500)
table = model.table
"""

STABLE_BASELINES3_OURS = [
    ("model = Algorithm(Plain, Corridor(2, seed=1))",
     "model = Algorithm(episodic.PrioritizedReplayBuffer, Corridor(2, seed=1))"),
    ("        learn(self.table, replay_data.observations, replay_data.actions, replay_data.next_observations,\n"
     "              replay_data.dones, replay_data.rewards)",
     "        errors = learn(self.table, replay_data.observations, replay_data.actions,\n"
     "                       replay_data.next_observations, replay_data.dones, replay_data.rewards,\n"
     "                       replay_data.weights)\n"
     "        self.replay_buffer.update_priorities(replay_data.ids, errors)"),
]

# CleanRL's dqn.py: one file; the fifth argument is terminations, infos is the vector environment's.
CLEANRL = """
envs = Corridor(1, seed=2)
rb = Plain(5000, envs.single_observation_space, envs.single_action_space, DEVICE, handle_timeout_termination=False)
table, rng = np.zeros((LENGTH + 1, 2)), np.random.default_rng(8)
obs = envs.reset()
for global_step in range(2500):
    actions = act(table, obs, rng)
    next_obs, rewards, terminations, truncations, last = envs.step(actions)
    infos = [{} for _ in range(envs.num_envs)]
    real_next_obs = next_obs.copy()
    for idx, trunc in enumerate(terminations | truncations):
        if trunc:
            real_next_obs[idx] = last[idx]
    rb.add(obs, real_next_obs, actions, rewards, terminations, infos)
    obs = next_obs
    if global_step > 100:
        data = rb.sample(32)
        learn(table, data.observations, data.actions, data.next_observations, data.dones, data.rewards)
"""

CLEANRL_OURS = [
    ("rb = Plain(5000, envs.", "rb = episodic.PrioritizedReplayBuffer(5000, envs."),
    ("        learn(table, data.observations, data.actions, data.next_observations, data.dones, data.rewards)",
     "        errors = learn(table, data.observations, data.actions, data.next_observations, data.dones,\n"
     "                       data.rewards, data.weights)\n"
     "        rb.update_priorities(data.ids, errors)"),
]

TORCHRL = """
env, table, rng = Corridor(1, seed=3), np.zeros((LENGTH + 1, 2)), np.random.default_rng(9)
storage, sampler, writer = ListStorage(5000), RandomSampler(), RoundRobinWriter()
rb = TensorDictReplayBuffer(storage=storage, sampler=sampler, writer=writer, batch_size=32)
obs = env.reset()
for collected in range(100):
    frames = collections.defaultdict(list)
    for _ in range(20):
        action = act(table, obs, rng)
        new_obs, reward, terminated, truncated, last = env.step(action)
        for key, value in (("observation", obs), ("action", action), ("last", last), ("reward", reward),
                           ("terminated", terminated), ("truncated", truncated)):
            frames[key].append(value[0])
        obs = new_obs
    rb.extend({"observation": np.array(frames["observation"]), "action": np.array(frames["action"]),
               "next": {"observation": np.array(frames["last"]), "reward": np.array(frames["reward"]),
                        "terminated": np.array(frames["terminated"]), "truncated": np.array(frames["truncated"])}})
    for _ in range(20):
        batch = rb.sample()
        errors = learn(table, batch["observation"], batch["action"], batch["next"]["observation"],
                       batch["next"]["terminated"], batch["next"]["reward"])
        rb.update_priority(batch["index"], np.abs(errors))
"""

TORCHRL_OURS = [
    ("storage, sampler, writer = ListStorage(5000), RandomSampler(), RoundRobinWriter()",
     "storage, sampler, writer = torchrl.parts(episodic.PrioritizedReplayBuffer(5000, 1, 'int64'))"),
    ("                       batch[\"next\"][\"terminated\"], batch[\"next\"][\"reward\"])",
     "                       batch[\"next\"][\"terminated\"], batch[\"next\"][\"reward\"], batch[\"_weight\"])"),
]


class Loops(unittest.TestCase):
    def run_loop(self, loop):
        """The table that a loop learned."""
        names = {**globals(), "DEVICE": None}
        exec(compile(loop, "<loop>", "exec"), names)
        return names["table"]

    def walks_right(self, table):
        """The greedy way is the shortest, and what it is worth is known."""
        self.assertTrue((table[:LENGTH, 1] > table[:LENGTH, 0]).all(), table)
        np.testing.assert_allclose(table[:LENGTH, 1], GAMMA ** np.arange(LENGTH - 1, -1, -1), atol=.1)

    def turned(self, loop, replacements):
        """The loop with our buffer, which differs in at most five lines."""
        ours = loop
        for before, after in replacements:
            self.assertEqual(ours.count(before), 1, before)
            ours = ours.replace(before, after)
        changed = set(ours.splitlines()) - set(loop.splitlines())
        self.assertLessEqual(len(changed), LINES_MAX)
        return ours

    def both(self, loop, replacements):
        self.walks_right(self.run_loop(loop))
        self.walks_right(self.run_loop(self.turned(loop, replacements)))

    def test_a_loop_of_stable_baselines3(self):
        self.both(STABLE_BASELINES3, STABLE_BASELINES3_OURS)

    def test_a_loop_of_cleanrl(self):
        self.both(CLEANRL, CLEANRL_OURS)

    def test_a_loop_of_torchrl(self):
        self.both(TORCHRL, TORCHRL_OURS)

    def test_the_uniform_buffer_takes_the_place_of_theirs_by_its_name_alone(self):
        self.walks_right(self.run_loop(CLEANRL.replace("rb = Plain(", "rb = episodic.ReplayBuffer(")))
        self.walks_right(self.run_loop(STABLE_BASELINES3.replace("Algorithm(Plain,",
                                                                 "Algorithm(episodic.ReplayBuffer,")))

    def test_timeouts_are_told_from_ends(self):
        for infos in ([{"TimeLimit.truncated": True}, {}], {"TimeLimit.truncated": np.array([True, False])}):
            for handles in (True, False):
                with episodic.ReplayBuffer(100, 1, "int64", n_envs=2, handle_timeout_termination=handles) as buffer:
                    buffer.add(np.array([[1.], [2.]]), np.array([[3.], [4.]]), np.zeros(2), np.zeros(2),
                               np.array([True, True]), infos)
                    samples = buffer.sample(50)
                    np.testing.assert_array_equal(samples.dones[:, 0],
                                                  (samples.observations[:, 0] == 2) | (not handles))

    def test_parts_of_two_buffers_do_not_mix(self):
        with episodic.ReplayBuffer(10, 1, "int64") as first, episodic.ReplayBuffer(10, 1, "int64") as second:
            storage, sampler, writer = torchrl.parts(first)
            with self.assertRaises(episodic.MismatchError):
                writer.register_storage(torchrl.parts(second)[0])
            with self.assertRaises(episodic.NotFoundError):
                storage.get(np.array([1]))
            with self.assertRaises(episodic.UnsupportedError):
                storage.set(0, {})
            one = {"observation": [1.], "action": 0, "next": {"observation": [2.], "reward": 1., "done": True}}
            self.assertGreater(writer.add(one), 0)
            self.assertEqual(len(storage), 1)

    def test_tensors_come_where_a_device_is_given(self):
        try:
            import torch
        except ImportError:
            self.skipTest("torch is not installed")
        with episodic.PrioritizedReplayBuffer(100, 3, "int64", device="auto", gamma=.9) as buffer:
            for step in range(20):
                buffer.add(torch.full((3,), float(step)), torch.full((3,), step + 1.), torch.tensor(1), 1., False)
            held = buffer.sample(8)
            before = held.observations.clone()
            self.assertEqual((held.observations.dtype, held.actions.dtype, held.dones.shape),
                             (torch.float32, torch.int64, (8, 1)))
            loss = ((held.rewards + (1 - held.dones) * held.discounts) * held.weights).mean()
            self.assertEqual(loss.dtype, torch.float32)
            self.assertEqual(buffer.update_priorities(held.ids, held.rewards.requires_grad_()), 0)
            for _ in range(10):
                buffer.sample(8)
            self.assertTrue(torch.equal(held.observations, before))


if __name__ == "__main__":
    unittest.main(verbosity=2)
