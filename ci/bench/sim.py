#!/usr/bin/env python3
"""Environment steps a second of the Python package, with peers beside it in the same run, and the ratios; then the table of policies.

  pip install ./python envpool; ci/bench/sim.py [--seconds S] [--json FILE] [--table ARGUMENTS OF sim_table.py…]

Processor time of one thread (EnvPool: of the process), uniform random actions drawn beforehand, the best of five windows; reset
included where an episode ends. EnvPool is left out, with a word, where it is not installed.
"""

import argparse
import json
import sys
import time

import gymnasium
import numpy as np

import resonetics


class PlainCluster(gymnasium.Env):
    """The dynamics that were published with the idea, version 4.6, written anew from their description: NumPy, one cluster."""

    def __init__(self, size=8):
        self.size = size
        self.observation_space = gymnasium.spaces.Box(0.0, 1.0, (30,), np.float32)
        self.action_space = gymnasium.spaces.Discrete(6)

    def reset(self, *, seed=None, options=None):
        super().reset(seed=seed)
        n, rng = self.size, self.np_random
        self.grid = np.stack(
            [rng.uniform(0, 0.3, (n, n)), rng.uniform(0, 0.1, (n, n)), rng.choice([0.2, 0.5, 1.0], (n, n))], axis=2)
        self.y = self.x = self.steps = 0
        self.budget = 100.0
        return self.observe(), {}

    def observe(self):
        n = self.size
        seen = [self.grid[(self.y + dy) % n, (self.x + dx) % n] for dy in (-1, 0, 1) for dx in (-1, 0, 1)]
        rest = [self.y / n, self.x / n, self.budget / 100]
        return np.clip(np.concatenate([*seen, rest]), 0, 1).astype(np.float32)

    def step(self, action):
        reward, n = -0.01, self.size
        before = self.grid[..., :2].mean()
        if action < 4:
            dy, dx = ((-1, 0), (1, 0), (0, -1), (0, 1))[action]
            self.y, self.x = (self.y + dy) % n, (self.x + dx) % n
        elif action == 4:
            if self.budget >= 0.5:
                self.budget -= 0.5
                cell = self.grid[self.y, self.x]
                cleaned = min(cell[0], 0.5) + cell[1]
                cell[0], cell[1] = max(cell[0] - 0.5, 0), 0
                reward += min(1, cleaned / 1.5) * (1 + cell[2]) if cleaned >= 0.2 else -0.1
            else:
                reward -= 0.2
        else:
            hot = np.argwhere((self.grid[..., 0] > 0.8) | (self.grid[..., 1] > 0.8))
            done = hot[:int(self.budget // 5)]
            for y, x in done:
                self.grid[y, x, :2] = np.maximum(self.grid[y, x, :2] - 0.3, 0)
            self.budget -= 5 * len(done)
            reward += 0.8 * len(done) / len(hot) if len(hot) else -0.2
        self.grid[..., 0] += self.np_random.normal(0, 0.02, (n, n))
        self.grid[..., 1] += self.np_random.normal(0.005, 0.01, (n, n))
        np.clip(self.grid[..., :2], 0, 1, out=self.grid[..., :2])
        self.budget = min(self.budget + 0.5, 100)
        self.steps += 1
        full = self.grid[..., 1] >= 0.99
        fatal = bool((full & (self.grid[..., 2] > 0.8)).any())
        after = self.grid[..., :2].mean()
        reward += 0.5 * (before - after) - 2 * int(full.sum()) - 3 * fatal
        terminated = fatal or after > 0.9 or int(full.sum()) >= 2
        return self.observe(), float(reward), terminated, self.steps >= 500, {}


def best(step, per_call, seconds, clock):
    """The most steps a second in five windows."""
    step()
    most = 0.0
    for _ in range(5):
        calls, began = 0, clock()
        while clock() - began < seconds / 5:
            for _ in range(8):
                step()
            calls += 8
        most = max(most, calls * per_call / (clock() - began))
    return most


def single(env, count):
    actions = np.random.default_rng(1).integers(env.action_space.n, size=4096).tolist()
    env.reset(seed=1)
    place = 0

    def step():
        nonlocal place
        place = (place + 1) % 4096
        _, _, terminated, truncated, _ = env.step(actions[place])
        if terminated or truncated:
            env.reset()
    return step


def vector(envs):
    rng = np.random.default_rng(1)
    actions = [rng.integers(envs.single_action_space.n, size=envs.num_envs) for _ in range(64)]
    envs.reset(seed=1)
    place = 0

    def step():
        nonlocal place
        place = (place + 1) % 64
        envs.step(actions[place])
    return step


def pool(task, count):
    import envpool
    envs = envpool.make(task, env_type="gymnasium", num_envs=count, num_threads=1)
    rng = np.random.default_rng(1)
    actions = [rng.integers(envs.action_space.n, size=count).astype(np.int32) for _ in range(64)]
    envs.reset()
    place = 0

    def step():
        nonlocal place
        place = (place + 1) % 64
        envs.step(actions[place])
    return step


#: The cluster of our rows.
OURS = dict(size=(8, 8))


def cases():
    ours = OURS
    mode = gymnasium.vector.AutoresetMode.SAME_STEP
    yield "ours, 8x8, single Env", 1, lambda: single(resonetics.K8sEnv(**ours), 1), False
    for count in (1, 16, 256, 1024, 16384):
        yield (f"ours, 8x8, vector, buffers, {count}", count,
               lambda: vector(resonetics.K8sVectorEnv(count, autoreset_mode=mode, copy=False, **ours)), False)
    yield ("ours, 8x8, vector, copies, 1024", 1024,
           lambda: vector(resonetics.K8sVectorEnv(1024, autoreset_mode=mode, **ours)), False)
    yield "published dynamics in NumPy, 8x8", 1, lambda: single(PlainCluster(), 1), False
    yield "Gymnasium CartPole, single", 1, lambda: single(gymnasium.make("CartPole-v1"), 1), False
    yield ("Gymnasium CartPole, SyncVectorEnv, 16", 16,
           lambda: vector(gymnasium.make_vec("CartPole-v1", 16, vectorization_mode="sync")), False)
    for count in (16, 1024, 16384):
        yield (f"Gymnasium CartPole, NumPy vector, {count}", count,
               lambda: vector(gymnasium.make_vec("CartPole-v1", count, vectorization_mode="vector_entry_point")), False)
    for task in ("CartPole-v1", "FrozenLake-v1", "MiniGrid-Empty-8x8-v0"):
        yield f"EnvPool {task}, 256", 256, lambda: pool(task, 256), True


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--seconds", type=float, default=2.0, help="of each case")
    parser.add_argument("--json", help="write the figures to a file")
    parser.add_argument("--table", nargs=argparse.REMAINDER, help="the table of policies too: see sim_table.py")
    options = parser.parse_args()
    rows = []
    for name, count, make, is_process in cases():
        try:
            step = make()
        except ImportError as error:
            print(f"{name}: left out, {error}", file=sys.stderr)
            continue
        except Exception as error:  # a task that this release of a peer does not have
            print(f"{name}: left out, {type(error).__name__}: {error}", file=sys.stderr)
            continue
        clock = time.process_time if is_process else time.thread_time
        rows.append((name, best(step, count, options.seconds, clock)))
        print(f"{name}: {rows[-1][1]:,.0f}", file=sys.stderr)
    ours = dict(rows)["ours, 8x8, vector, buffers, 1024"]
    print("| environment | steps/s | ns a step | ours, 1024, is so many times as fast |\n|---|---|---|---|")
    for name, rate in rows:
        print(f"| {name} | {rate:,.0f} | {1e9 / rate:,.0f} | {ours / rate:,.2f} |")
    if options.json:
        with open(options.json, "w") as file:
            json.dump({
                "dynamics_version": resonetics.DYNAMICS_VERSION, "configuration_sha256": resonetics.Configuration(**OURS).digest,
                "steps_per_second": dict(rows)}, file, indent=2)
    if options.table is not None:
        import sim_table
        print()
        return sim_table.main(options.table)
    return 0


if __name__ == "__main__":
    sys.exit(main())
