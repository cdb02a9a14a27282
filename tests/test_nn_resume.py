"""Trainers that go on from a checkpoint, and processes killed while they train or write."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest

import nn
import optim
from nn.data import DataLoader, TensorDataset
from nn.training import Callback, Checkpoint, Trainer, load_checkpoint
from nn.training.plain_data import decode
from tests.training_parts import X, Y, loaders, make_trainer, network, outcome, same

ROOT = Path(__file__).resolve().parent.parent


# -- the trainer -----------------------------------------------------------------------------------


CONFIGURATIONS = {
    "plain": ({}, {}),
    "accumulated, clipped": (dict(accumulate=3, clip_norm=0.5, schedule_every="step"), {}),
    "own seed, workers": ({}, dict(workers=2, seed=5)),
}


class TestResuming:
    @pytest.mark.parametrize("configuration", CONFIGURATIONS)
    def test_from_every_checkpoint_on_it_is_bit_equal(self, tmp_path, configuration):
        options, data = CONFIGURATIONS[configuration]
        run = make_trainer(tmp_path / "whole", **options)
        training, validation = loaders(**data)
        run.fit(training, epochs=3, validation=validation)
        expected = outcome(run)
        checkpoints = sorted((tmp_path / "whole").iterdir())
        assert len(checkpoints) == run.step
        for checkpoint in checkpoints[:: 1 if len(checkpoints) < 12 else 4]:
            again = make_trainer(tmp_path / f"from {checkpoint.stem}", seed=50, **options)
            training, validation = loaders(**data)
            history = again.fit(training, epochs=3, validation=validation, resume=checkpoint)
            assert same(outcome(again), expected), checkpoint.name
            assert history == run.history

    def test_a_stopped_run_stays_stopped(self, tmp_path):
        """Early stopping, its best weights and its patience are taken over too."""
        run = make_trainer(tmp_path / "a", unit="epoch", schedule_every="step")
        run.optimizer.param_groups[0]["lr"] = 1.0
        run.fit(*_with_validation(), resume=None)
        assert run.stop_reason is not None
        stopped = run.epoch
        expected = outcome(run)
        for checkpoint in sorted((tmp_path / "a").iterdir())[:: -1 - stopped // 5]:
            again = make_trainer(tmp_path / f"from {checkpoint.stem}", seed=9, unit="epoch", schedule_every="step")
            again.fit(*_with_validation(), resume=checkpoint)
            assert again.epoch == stopped
            assert same(outcome(again), expected)

    def test_a_loader_without_a_state_is_read_up_to_the_place(self, tmp_path):
        batches = [(X[i : i + 5], Y[i : i + 5]) for i in range(0, 25, 5)]
        run = make_trainer(tmp_path / "a")
        run.fit(batches, epochs=2)
        expected = outcome(run)
        again = make_trainer(tmp_path / "b", seed=4)
        again.fit(batches, epochs=2, resume=sorted((tmp_path / "a").iterdir())[6])
        assert same(outcome(again), expected)

    def test_a_stream_whose_last_update_comes_after_its_end(self, tmp_path):
        class Rows(nn.data.IterableDataset):
            def __iter__(self):
                return iter(zip(X, Y))

        def fit(folder, resume=None):
            run = make_trainer(folder, seed=len(str(folder)) if resume else 0, accumulate=4, stopping=False)
            run.fit(DataLoader(Rows(), 4), epochs=2, resume=resume)
            return run

        run = fit(tmp_path / "a")
        expected = outcome(run)
        checkpoints = sorted((tmp_path / "a").iterdir())
        assert len(checkpoints) == run.step == 4
        for checkpoint in checkpoints:
            assert same(outcome(fit(tmp_path / f"b{checkpoint.stem}", checkpoint)), expected)

    def test_fitting_twice_and_resuming_the_second(self, tmp_path):
        run = make_trainer(tmp_path / "a", stopping=False)
        run.fit(loaders()[0], epochs=1)
        data, _ = loaders()
        run.fit(data, epochs=2)
        expected = outcome(run)
        again = make_trainer(tmp_path / "b", seed=4, stopping=False)
        again.fit(loaders()[0], epochs=2, resume=tmp_path / "a" / "step-00000009.safetensors")
        assert again.epoch == 3
        assert same(outcome(again), expected)

    @pytest.mark.parametrize(
        ("make", "every"),
        [
            (lambda o: optim.lr_scheduler.StepLR(o, 1, 0.5), "epoch"),
            (lambda o: optim.lr_scheduler.OneCycleLR(o, 0.1, total_steps=40), "step"),
            (lambda o: optim.lr_scheduler.ReduceLROnPlateau(o, patience=0, threshold=0.5), "epoch"),
            (
                lambda o: optim.lr_scheduler.SequentialLR(
                    o,
                    [optim.lr_scheduler.LinearLR(o, 0.1, 1.0, 5), optim.lr_scheduler.CosineAnnealingLR(o, 16)],
                    milestones=[5],
                ),
                "step",
            ),
        ],
    )
    def test_schedules(self, tmp_path, make, every):
        def build(folder, seed):
            nn.manual_seed(seed)
            model = network()
            optimizer = optim.SGD(model.parameters(), lr=0.1, momentum=0.9)
            callbacks = [Checkpoint(folder, unit="step", keep_last=100)]
            schedule = make(optimizer)
            loss = nn.CrossEntropyLoss()
            return Trainer(model, optimizer, loss, schedule=schedule, schedule_every=every, callbacks=callbacks)

        run = build(tmp_path / "whole", 0)
        run.fit(loaders()[0], epochs=3)
        expected = outcome(run)
        assert len(set(run.history["learning_rate"])) > 1
        for checkpoint in sorted((tmp_path / "whole").iterdir())[::3]:
            again = build(tmp_path / checkpoint.stem, 9)
            again.fit(loaders()[0], epochs=3, resume=checkpoint)
            assert same(outcome(again), expected), checkpoint.name

    def test_saving_between_gradient_and_update_is_refused(self, tmp_path):
        class Early(Callback):
            def on_batch_end(self, trainer):
                trainer.save(tmp_path / "early")

        run = make_trainer(tmp_path / "a")
        run.callbacks.append(Early())
        with pytest.raises(ValueError, match="save in on_step_end or on_epoch_end"):
            run.fit(loaders()[0], epochs=1)

    def test_damage_leaves_the_trainer_as_it_was(self, tmp_path):
        run = make_trainer(tmp_path / "a")
        run.fit(loaders()[0], epochs=1)
        path = tmp_path / "a" / "step-00000004.safetensors"
        content = bytearray(path.read_bytes())
        content[-5] ^= 1
        path.write_bytes(content)
        before = outcome(run)
        with pytest.raises(nn.FileFormatError, match="some bytes have changed"):
            run.fit(loaders()[0], epochs=3, resume=path)
        assert same(outcome(run)[:-1], before[:-1])

    def test_other_callbacks_and_metrics_are_refused(self, tmp_path):
        run = make_trainer(tmp_path / "a")
        run.fit(loaders()[0], epochs=1)
        path = tmp_path / "a" / "step-00000004.safetensors"
        other = make_trainer(tmp_path / "b", stopping=False)
        with pytest.raises(ValueError, match=r"callbacks \['Checkpoint'\], got those of \['EarlyStopping', 'Ch"):
            other.fit(loaders()[0], epochs=2, resume=path)
        model = network()
        other = Trainer(model, optim.Adam(model.parameters()), nn.CrossEntropyLoss(), schedule=[])
        with pytest.raises(ValueError, match="the state of no schedule"):
            other.fit(loaders()[0], epochs=2, resume=path)

    @pytest.mark.parametrize("key", ["epoch", "history", "sums", "record", "callbacks", "pass_over", "stop_reason"])
    def test_other_states_are_refused(self, tmp_path, key):
        run = make_trainer(tmp_path)
        state = run.state_dict()
        for value in (-1, [3], {"loss": ["high"]}, None):
            if key == "stop_reason" and value is None:
                continue
            with pytest.raises(ValueError, match=r"Trainer\.load_state_dict"):
                run.load_state_dict(state | {key: value})
        assert same(run.state_dict(), state)


def _with_validation():
    training, validation = loaders()
    return training, 30, validation


class TestCheckpointCallback:
    def fit(self, folder, epochs=6, resume=None, **options):
        nn.manual_seed(0)
        model = network()
        callback = Checkpoint(folder, **options)
        run = Trainer(model, optim.SGD(model.parameters(), lr=0.3), nn.CrossEntropyLoss(), callbacks=[callback])
        run.fit(DataLoader(TensorDataset(X, Y), 13), epochs, resume=resume)
        return run, callback

    def names(self, folder):
        return [int(path.stem.removeprefix("step-")) for path in sorted(folder.iterdir())]

    def test_what_is_kept(self, tmp_path):
        for number, (options, steps) in enumerate(
            [
                (dict(), [12]),
                (dict(keep_last=3), [8, 10, 12]),
                (dict(every=4), [8]),
                (dict(unit="step", every=5, keep_last=9), [5, 10]),
                (dict(every=100), []),
            ]
        ):
            run, callback = self.fit(tmp_path / str(number) / "deeper", **options)
            assert self.names(tmp_path / str(number) / "deeper") == steps
            assert [entry["step"] for entry in callback.files] == steps
            assert (callback.newest() is None) == (not steps)
            assert run.step == 12

    def test_the_best_are_kept(self, tmp_path):
        run, callback = self.fit(tmp_path, epochs=8, keep_best=2)
        losses = run.history["loss"]
        best = sorted(range(8), key=losses.__getitem__)[:2]
        assert self.names(tmp_path) == sorted({2 * (epoch + 1) for epoch in best} | {16})
        assert callback.best().name == f"step-{2 * (best[0] + 1):08d}.safetensors"

    def test_resume_true(self, tmp_path):
        run, _ = self.fit(tmp_path / "a", epochs=3, resume=True)
        longer, _ = self.fit(tmp_path / "a", epochs=6, resume=True)
        whole, _ = self.fit(tmp_path / "b", epochs=6)
        assert longer.history == whole.history
        assert longer.history["loss"][:3] == run.history["loss"]
        assert self.names(tmp_path / "a") == [12]

    def test_the_checkpoints_of_another_run_are_not_overwritten(self, tmp_path):
        run, _ = self.fit(tmp_path, epochs=1)
        run.fit(DataLoader(TensorDataset(X, Y), 13), epochs=1)  # its own
        with pytest.raises(ValueError, match=r"got step-00000004\.safetensors in .*pass resume=True"):
            self.fit(tmp_path)

    def test_the_newest_is_the_one_of_most_steps(self, tmp_path):
        for name in ("step-99999999", "step-100000000", "step-x", "step-", "weights"):
            (tmp_path / f"{name}.safetensors").touch()
        assert Checkpoint(tmp_path).newest() == tmp_path / "step-100000000.safetensors"
        assert Checkpoint(tmp_path / "nowhere").newest() is None

    def test_refused(self, tmp_path):
        for options in (dict(every=0), dict(unit="hour"), dict(keep_last=0), dict(keep_best=-1), dict(mode="up")):
            with pytest.raises(ValueError, match="Checkpoint"):
                Checkpoint(tmp_path, **options)
        model = nn.Linear(1, 1)
        run = Trainer(model, optim.SGD(model.parameters(), lr=0.1), nn.MSELoss())
        with pytest.raises(ValueError, match="a Checkpoint among the callbacks"):
            run.fit([], 1, resume=True)

    @pytest.mark.parametrize(
        "files",
        [
            None,
            [3],
            [{"name": "../../etc/passwd", "step": 1, "value": None}],
            [{"name": "step-00000002.safetensors", "step": 1, "value": None}],
            [{"name": "step-00000001.safetensors", "step": 1, "value": "x"}],
        ],
    )
    def test_a_forged_list_of_files_is_refused(self, tmp_path, files):
        with pytest.raises(ValueError, match="a list of checkpoints"):
            Checkpoint(tmp_path).load_state_dict({"files": files})


# -- kill -9 ---------------------------------------------------------------------------------------


WRITER = """
import contextlib, itertools, sys, time
import numpy as np
from nn import safetensors_format
from nn.training import save_checkpoint

at_once = safetensors_format.atomic_writer

class SlowFile:
    def __init__(self, file): self.file = file
    def write(self, content):
        self.file.write(content)
        self.file.flush()
        time.sleep(0.001)

@contextlib.contextmanager
def slow_disk(path):
    with at_once(path) as file:
        yield SlowFile(file)

safetensors_format.atomic_writer = slow_disk

class Numbers:
    def state_dict(self): return {"values": [np.full(1000, float(self.count)) for _ in range(20)], "count": self.count}
    def load_state_dict(self, state): pass

numbers = Numbers()
for numbers.count in itertools.count():
    save_checkpoint(sys.argv[1], numbers=numbers, step=numbers.count, random_states=False)
    print(numbers.count, flush=True)
"""

TRAINING = """
import sys
from tests.training_parts import loaders, make_trainer, outcome
from nn.training.plain_data import encode
import numpy as np, nn

run = make_trainer(sys.argv[1], schedule_every="step")
training, validation = loaders()
run.fit(training, epochs=3, validation=validation, resume=True)
text, arrays = encode(outcome(run))
nn.save_npz({"all the rest": np.frombuffer(text.encode(), np.uint8), **arrays}, sys.argv[2])
"""


def start(program: str, *arguments: object) -> subprocess.Popen[str]:
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "OPENBLAS_NUM_THREADS": "1"}
    return subprocess.Popen(
        [sys.executable, "-c", program, *map(str, arguments)],
        cwd=ROOT,
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def kill(process: subprocess.Popen[str]) -> str:
    """Kill a process at once; return what it had still printed."""
    process.send_signal(getattr(signal, "SIGKILL", signal.SIGTERM))
    return process.communicate()[0]


class Numbers:
    def state_dict(self):
        return {}

    def load_state_dict(self, state):
        self.values, self.count = state["values"], state["count"]


def test_killed_while_writing_the_old_or_the_new_checkpoint_is_there(tmp_path):
    path = tmp_path / "run.safetensors"
    moments = random.Random(3)
    for _ in range(4):
        process = start(WRITER, path)
        acknowledged = [process.stdout.readline()]  # the first is written
        time.sleep(moments.uniform(0, 0.1))
        acknowledged += kill(process).splitlines()
        numbers = Numbers()
        found = load_checkpoint(path, numbers=numbers, random_states=False)
        assert found.step == numbers.count >= int(acknowledged[-1])  # what was reported as written is there
        assert np.all(np.array(numbers.values) == numbers.count)  # and it is one checkpoint, not parts of two
    assert all(other.name.startswith(".saving-") for other in tmp_path.iterdir() if other != path)


def test_a_training_run_that_is_killed_again_and_again_ends_as_one_that_is_not(tmp_path):
    whole = start(TRAINING, tmp_path / "whole", tmp_path / "whole.npz")
    errors = whole.communicate()[1]
    assert whole.returncode == 0, errors
    folder = tmp_path / "killed"
    for steps in (3, 9, 16):
        process = start(TRAINING, folder, tmp_path / "killed.npz")
        while process.poll() is None and not (folder / f"step-{steps:08d}.safetensors").exists():
            time.sleep(0.0005)
        kill(process)
    last = start(TRAINING, folder, tmp_path / "killed.npz")
    errors = last.communicate()[1]
    assert last.returncode == 0, errors
    expected, found = (nn.load_npz(tmp_path / f"{name}.npz") for name in ("whole", "killed"))
    assert same(*(decode(each.pop("all the rest").tobytes().decode(), each) for each in (found, expected)))
