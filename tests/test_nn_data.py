"""Data sets, samplers and the loader: order, batches, workers, and going on in the middle."""

from __future__ import annotations

import gc
import json
import threading
import time
import traceback
from itertools import chain, islice

import numpy as np
import pytest

import nn
from nn.data import (
    BatchSampler,
    DataLoader,
    RandomSampler,
    StackDataset,
    Subset,
    SubsetRandomSampler,
    TensorDataset,
    TransformDataset,
    WeightedRandomSampler,
    random_generator,
)
from tests.small_data import Noisy, Numbers, Stream


def lists(loader) -> list:
    return [batch.tolist() for batch in loader]


# -- the loader ------------------------------------------------------------------------------------


@pytest.mark.parametrize("workers", [0, 2])
class TestLoader:
    def test_batches_in_order(self, workers):
        loader = DataLoader(Numbers(7), batch_size=3, num_workers=workers)
        assert lists(loader) == [[0, 1, 2], [3, 4, 5], [6]]
        assert lists(loader) == [[0, 1, 2], [3, 4, 5], [6]]
        assert len(loader) == 3
        loader = DataLoader(Numbers(7), batch_size=3, drop_last=True, num_workers=workers)
        assert lists(loader) == [[0, 1, 2], [3, 4, 5]]
        assert len(loader) == 2

    def test_the_fast_way_gives_the_same(self, workers):
        """A TensorDataset, and subsets and transformations of it, are read batch by batch."""
        data = TensorDataset(np.arange(20.0).reshape(10, 2), np.arange(10))
        slow = StackDataset(data.tensors[0].numpy(), data.tensors[1].numpy())
        for make in (lambda d: d, lambda d: Subset(d, [7, 3, 9, 1, 0]), lambda d: TransformDataset(d, scale)):
            found, expected = (
                list(DataLoader(make(d), batch_size=3, shuffle=True, seed=4, num_workers=workers)) for d in (data, slow)
            )
            assert [[part.tolist() for part in batch] for batch in found] == [
                [part.tolist() for part in batch] for batch in expected
            ]
            assert all(isinstance(batch, list) for batch in found)

    def test_shuffling(self, workers):
        loader = DataLoader(Numbers(), batch_size=4, shuffle=True, seed=0, num_workers=workers)
        first, second = lists(loader), lists(loader)
        assert first != second
        assert sorted(chain(*first)) == sorted(chain(*second)) == list(range(10))
        again = DataLoader(Numbers(), batch_size=4, shuffle=True, generator=np.random.default_rng(0))
        assert [lists(again), lists(again)] == [first, second]
        nn.manual_seed(5)
        loader = DataLoader(Numbers(), batch_size=4, shuffle=True, num_workers=workers)
        first = lists(loader)
        nn.manual_seed(5)
        assert lists(loader) == first

    def test_samplers(self, workers):
        for order in ([3, 1, 2], SubsetRandomSampler([3, 1, 2], generator=0)):
            loader = DataLoader(Numbers(), batch_size=2, sampler=order, num_workers=workers)
            assert sorted(chain(*lists(loader))) == [1, 2, 3]
            assert len(loader) == 2
        loader = DataLoader(Numbers(), batch_sampler=[[1], [2, 3, 4]], num_workers=workers)
        assert lists(loader) == [[1], [2, 3, 4]]
        assert len(loader) == 2
        tensors = DataLoader(TensorDataset(np.arange(9)), batch_sampler=[[1], [2, 3, 4]], num_workers=workers)
        assert [batch[0].tolist() for batch in tensors] == [[1], [2, 3, 4]]

    def test_single_samples(self, workers):
        loader = DataLoader(TensorDataset(np.arange(3)), batch_size=None, num_workers=workers)
        assert [sample[0].tolist() for sample in loader] == [0, 1, 2]
        assert len(loader) == 3
        assert list(DataLoader(Numbers(3), batch_size=None, num_workers=workers)) == [0, 1, 2]

    def test_streams(self, workers):
        loader = DataLoader(Stream(7), batch_size=3, seed=0, num_workers=workers)
        first = lists(loader)
        assert [[int(x) for x in batch] for batch in first] == [[0, 1, 2], [3, 4, 5], [6]]
        assert lists(DataLoader(Stream(7), batch_size=3, seed=0, drop_last=True, num_workers=workers)) == first[:2]
        assert len(list(DataLoader(Stream(7), batch_size=None, num_workers=workers))) == 7
        with pytest.raises(TypeError, match="without one"):
            len(loader)

    def test_collate_function(self, workers):
        loader = DataLoader(TensorDataset(np.arange(3)), batch_size=2, collate_fn=len, num_workers=workers)
        assert list(loader) == [2, 1]

    def test_samples_in_bulk(self, workers):
        class Bulk(Numbers):
            def __getitems__(self, indices):
                return [-index for index in indices]

        assert lists(DataLoader(Bulk(3), batch_size=2, num_workers=workers)) == [[0, -1], [-2]]

    def test_no_samples(self, workers):
        assert list(DataLoader(Numbers(0), shuffle=True, num_workers=workers)) == []

    def test_random_numbers_of_samples_do_not_depend_on_workers(self, workers):
        loader = DataLoader(Noisy(), batch_size=3, shuffle=True, seed=0, num_workers=workers)
        plain = DataLoader(Noisy(), batch_size=3, shuffle=True, seed=0)
        assert lists(loader) == lists(plain)
        assert lists(loader) == lists(plain)

    def test_an_error_in_the_data_set(self, workers):
        class Broken(Numbers):
            def __getitem__(self, index):
                if index == 4:
                    raise KeyError("sample four")
                return index

        loader = DataLoader(Broken(), batch_size=2, num_workers=workers)
        before = threading.active_count()
        passing = iter(loader)
        assert next(passing).tolist() == [0, 1]
        assert next(passing).tolist() == [2, 3]
        with pytest.raises(KeyError, match="sample four") as caught:
            next(passing)
        frames = [frame.name for frame in traceback.extract_tb(caught.value.__traceback__)]
        assert "__getitem__" in frames  # the line in the data set, in whichever thread it was
        if workers:
            assert "while it read batch 2" in caught.value.__notes__[0]
        assert list(passing) == []
        assert threading.active_count() <= before

    def test_stop_iteration_in_the_data_set_is_an_error(self, workers):
        class Exhausted(Numbers):
            def __getitem__(self, index):
                return next(iter(()))

        with pytest.raises(RuntimeError, match="StopIteration while it read batch 0"):
            list(DataLoader(Exhausted(), num_workers=workers))


def scale(x):
    return x * 2


class TestWorkers:
    def test_they_read_at_once_and_ahead(self):
        """Four samples that wait for each other can only be read by four threads."""
        meeting = threading.Barrier(4, timeout=20)

        class Meet(Numbers):
            def __getitem__(self, index):
                meeting.wait()
                return index

        assert lists(DataLoader(Meet(4), num_workers=4)) == [[0], [1], [2], [3]]

    def test_how_far_ahead(self):
        read = []

        class Watched(Numbers):
            def __getitem__(self, index):
                read.append(index)
                return index

        passing = iter(DataLoader(Watched(50), num_workers=2, prefetch_factor=3))
        next(passing)
        deadline = time.monotonic() + 20
        while len(read) < 6 and time.monotonic() < deadline:
            time.sleep(0.001)
        time.sleep(0.02)
        assert sorted(read) == list(range(6))

    def test_threads_end_with_the_pass(self):
        before = threading.active_count()
        loader = DataLoader(Numbers(20), num_workers=3)
        assert threading.active_count() == before
        for _ in loader:
            assert threading.active_count() == before + 3
        assert threading.active_count() == before
        for _ in loader:
            break
        gc.collect()
        assert threading.active_count() == before

    def test_threads_end_with_the_last_reference(self):
        before = threading.active_count()
        passing = iter(DataLoader(Numbers(1000), num_workers=2))
        next(passing)
        del passing
        gc.collect()
        assert threading.active_count() == before

    def test_start_function(self):
        started = []
        lists(DataLoader(Numbers(3), num_workers=2, worker_init_fn=started.append))
        assert sorted(started) == [0, 1]

        def fail(worker):
            raise OSError("no such drive")

        with pytest.raises(OSError, match="no such drive") as caught:
            lists(DataLoader(Numbers(3), num_workers=1, worker_init_fn=fail))
        assert "worker_init_fn in worker 0" in caught.value.__notes__[0]

    def test_timeout(self):
        release = threading.Event()

        class Stuck(Numbers):
            def __getitem__(self, index):
                release.wait(20)
                return index

        loader = DataLoader(Stuck(2), num_workers=1, timeout=0.05)
        passing = iter(loader)
        threading.Timer(0.2, release.set).start()
        with pytest.raises(TimeoutError, match=r"a batch within 0\.05 seconds"):
            next(passing)


# -- state -----------------------------------------------------------------------------------------


LOADERS = {
    "sequential": lambda **o: DataLoader(Numbers(10), 3, **o),
    "own seed": lambda **o: DataLoader(Numbers(10), 3, shuffle=True, seed=1, **o),
    "default generator": lambda **o: DataLoader(Numbers(10), 3, shuffle=True, **o),
    "noise": lambda **o: DataLoader(Noisy(10), 3, shuffle=True, **o),
    "tensors": lambda **o: DataLoader(TensorDataset(np.arange(10)), 3, shuffle=True, drop_last=True, seed=3, **o),
    "sampler": lambda **o: DataLoader(Numbers(10), 3, sampler=RandomSampler(range(10), generator=4), **o),
    "weights": lambda **o: DataLoader(Numbers(10), 3, sampler=WeightedRandomSampler(np.arange(10), 10), **o),
    "batch sampler": lambda **o: DataLoader(
        Numbers(10), batch_sampler=BatchSampler(RandomSampler(range(10), generator=4), 4, False), **o
    ),
    "MT19937": lambda **o: DataLoader(
        Numbers(10), 3, shuffle=True, generator=np.random.Generator(np.random.MT19937(0)), **o
    ),
    "Philox": lambda **o: DataLoader(
        Numbers(10), 3, shuffle=True, generator=np.random.Generator(np.random.Philox(0)), **o
    ),
    "SFC64": lambda **o: DataLoader(
        Numbers(10), 3, shuffle=True, generator=np.random.Generator(np.random.SFC64(0)), **o
    ),
    "stream": lambda **o: DataLoader(Stream(10), 3, seed=5, **o),
    "single": lambda **o: DataLoader(Numbers(10), None, shuffle=True, seed=5, **o),
}


def values(batch):
    return batch[0].tolist() if isinstance(batch, list) else batch.tolist() if hasattr(batch, "tolist") else batch


@pytest.mark.parametrize("workers", [0, 2])
@pytest.mark.parametrize("stop", [0, 1, 3, 4, 5])
@pytest.mark.parametrize("kind", LOADERS)
def test_a_pass_goes_on_where_it_was(kind, stop, workers):
    """Three passes, interrupted in the second after some batches, as JSON in between."""
    nn.manual_seed(7)
    make = LOADERS[kind]
    whole = make(num_workers=workers)
    expected = [[values(batch) for batch in whole] for _ in range(3)]

    nn.manual_seed(7)
    first = make(num_workers=workers)
    assert [values(batch) for batch in first] == expected[0]
    passing = iter(first)
    begun = [values(batch) for batch in islice(passing, stop)]
    state = json.loads(json.dumps([first.state_dict(), nn.data.randomness.generator_state(nn.default_generator())]))
    del passing

    nn.manual_seed(99)
    second = make(num_workers=workers)
    nn.data.randomness.set_generator_state(nn.default_generator(), state[1], "test")
    second.load_state_dict(state[0])
    assert json.loads(json.dumps(second.state_dict())) == state[0]
    if state[0]["pass"] is not None:
        assert begun + [values(batch) for batch in second] == expected[1]
    else:
        assert begun == expected[1]
    assert [values(batch) for batch in second] == expected[2]


class TestState:
    def test_what_is_read_ahead_does_not_count(self):
        loader = DataLoader(Numbers(100), num_workers=4)
        passing = iter(loader)
        next(passing)
        assert loader.state_dict()["pass"]["batches"] == 1

    def test_between_passes(self):
        loader = DataLoader(Numbers(3), seed=0)
        assert loader.state_dict()["pass"] is None
        list(loader)
        assert loader.state_dict()["pass"] is None

    @pytest.mark.parametrize(
        "state",
        [
            {},
            None,
            {"pass": None, "generator": None},
            {"pass": {"drawn": -1, "batches": 0, "sampler": None}, "generator": None, "sampler": {}},
            {"pass": {"drawn": 1, "batches": "2", "sampler": None}, "generator": None, "sampler": {}},
            {"pass": 3, "generator": None, "sampler": {}},
        ],
    )
    def test_other_states_are_refused(self, state):
        with pytest.raises(ValueError, match="the state of a DataLoader"):
            DataLoader(Numbers()).load_state_dict(state)

    def test_the_state_of_another_loader_is_refused_and_changes_nothing(self):
        loader = DataLoader(Numbers(), shuffle=True, seed=0)
        before = loader.state_dict()
        other = DataLoader(Numbers(), generator=np.random.Generator(np.random.MT19937(0))).state_dict()
        wrong = before | {"generator": before["generator"] | {"bit_generator": "Quantum"}}
        broken = before | {"generator": before["generator"] | {"state": {"state": "x", "inc": 1}}}
        huge = before | {"generator": before["generator"] | {"state": {"state": 2**130, "inc": 1}}}
        sampler = before | {"sampler": {"generator": before["generator"]}}
        for state, text in [
            (DataLoader(Numbers()).state_dict(), "with its own generator"),
            (other, "the state of a PCG64, got that of a MT19937"),
            (wrong, "no bit generator 'Quantum'"),
            (broken, "the state of a random generator"),
            (huge, "the state of a random generator"),
            (sampler, "a state without a generator"),
        ]:
            with pytest.raises(ValueError, match=text):
                loader.load_state_dict(state)
            assert loader.state_dict() == before


class TestArguments:
    @pytest.mark.parametrize(
        ("options", "text"),
        [
            (dict(batch_size=0), "batch_size, an integer of at least 1, got 0"),
            (dict(batch_size=2.5), "batch_size"),
            (dict(sampler=[1], shuffle=True), "either sampler or shuffle"),
            (dict(batch_sampler=[[1]], batch_size=2), "batch_sampler alone"),
            (dict(batch_sampler=[[1]], drop_last=True), "batch_sampler alone"),
            (dict(batch_size=None, drop_last=True), "drop_last=False"),
            (dict(num_workers=-1), "num_workers"),
            (dict(timeout=-1), "timeout"),
            (dict(prefetch_factor=2), "with num_workers above 0"),
            (dict(prefetch_factor=0, num_workers=1), "prefetch_factor of at least 1"),
            (dict(seed=0, generator=0), "either generator or seed"),
        ],
    )
    def test_refused(self, options, text):
        with pytest.raises(ValueError, match=text):
            DataLoader(Numbers(), **options)

    @pytest.mark.parametrize("options", [dict(shuffle=True), dict(sampler=[1]), dict(batch_sampler=[[1]])])
    def test_streams_cannot_be_ordered(self, options):
        with pytest.raises(ValueError, match="an iterable data set as it comes"):
            DataLoader(Stream(3), **options)

    def test_accepted_for_compatibility(self):
        loader = DataLoader(Numbers(2), 2, True, pin_memory=True, num_workers=1, persistent_workers=True)
        assert sorted(lists(loader)[0]) == [0, 1]


def test_random_generator_outside_of_a_loader():
    nn.manual_seed(1)
    assert random_generator() is nn.default_generator()
