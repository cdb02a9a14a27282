"""What the tests of training share: data, models, trainers, and the comparison of states."""

from __future__ import annotations

import numpy as np

import autograd_core as ag
import nn
import optim
from nn.data import DataLoader, TensorDataset, random_generator
from nn.training import Checkpoint, EarlyStopping, Trainer

RNG = np.random.default_rng(8)
X = RNG.standard_normal((26, 4)).astype(np.float32)
Y = RNG.integers(0, 3, 26)
LINE_X = RNG.standard_normal((22, 3)).astype(np.float32)
LINE_Y = (LINE_X @ np.array([[1.0], [-2.0], [0.5]], np.float32) + 0.3).astype(np.float32)


def line() -> nn.Module:
    nn.manual_seed(0)
    return nn.Linear(3, 1)


def loader(batch_size=4, **options) -> DataLoader:
    return DataLoader(TensorDataset(LINE_X, LINE_Y), batch_size, **options)


def trainer(model=None, lr=0.05, **options) -> Trainer:
    model = model or line()
    return Trainer(model, optim.SGD(model.parameters(), lr=lr, momentum=0.9), nn.MSELoss(), **options)


def same_weights(first: nn.Module, second: nn.Module) -> bool:
    return all(np.array_equal(a, b) for a, b in zip(first.state_dict().values(), second.state_dict().values()))


def same(a, b) -> bool:
    if type(a) is not type(b):
        return False
    if isinstance(a, dict):
        return a.keys() == b.keys() and all(same(a[key], b[key]) for key in a)
    if isinstance(a, list | tuple):
        return len(a) == len(b) and all(map(same, a, b))
    if isinstance(a, ag.Tensor):
        return same(a.numpy(), b.numpy())
    if isinstance(a, np.ndarray | np.generic):
        return a.dtype == b.dtype and a.shape == b.shape and a.tobytes() == b.tobytes()
    return a == b or (a != a and b != b)


class Decay:
    """A schedule with a state."""

    def __init__(self, optimizer, factor=0.9):
        self.optimizer, self.factor, self.count = optimizer, factor, 0

    def step(self):
        self.count += 1
        for group in self.optimizer.param_groups:
            group["lr"] *= self.factor

    def state_dict(self):
        return {"factor": self.factor, "count": self.count}

    def load_state_dict(self, state):
        self.factor, self.count = state["factor"], state["count"]


class Noise(nn.Module):
    """Draws from the default generator in training, as dropout does."""

    def forward(self, x):
        return x * (nn.default_generator().random(x.shape) < 0.8).astype(np.float32) if self.training else x


def network() -> nn.Module:
    return nn.Sequential(nn.Linear(4, 8), nn.Tanh(), Noise(), nn.Linear(8, 3))


class Jitter(nn.data.Dataset):
    """Samples with noise that is drawn when they are read."""

    def __len__(self):
        return len(X)

    def __getitem__(self, index):
        return X[index] + random_generator().standard_normal(4).astype(np.float32) / 10, int(Y[index])


def make_trainer(folder, seed=0, unit="step", stopping=True, **options):
    nn.manual_seed(seed)
    model = network()
    optimizer = optim.Adam(model.parameters(), lr=0.02)
    callbacks = [Checkpoint(folder, unit=unit, keep_last=100)]
    if stopping:
        callbacks.append(EarlyStopping(patience=2))
    return Trainer(
        model,
        optimizer,
        nn.CrossEntropyLoss(),
        metrics=["accuracy", lambda output, target: output.mean()],
        schedule=[Decay(optimizer)],
        callbacks=callbacks,
        **options,
    )


def loaders(workers=0, **options):
    training = DataLoader(Jitter(), 4, shuffle=True, num_workers=workers, **options)
    return training, DataLoader(TensorDataset(X, Y), 10, shuffle=True, seed=3)


def outcome(run) -> tuple:
    state = run.state_dict()
    callbacks = [entry for entry in state.pop("callbacks") if entry[0] != "Checkpoint"]
    return run.model.state_dict(), run.optimizer.state_dict(), state, callbacks, nn.default_generator().random()
