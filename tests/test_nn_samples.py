"""Data sets, their division, batches made of samples, and samplers."""

from __future__ import annotations

from collections import OrderedDict, namedtuple

import numpy as np
import pytest

import autograd_core as ag
import nn
from nn.data import (
    BatchSampler,
    ChainDataset,
    ConcatDataset,
    DataLoader,
    Dataset,
    IterableDataset,
    RandomSampler,
    SequentialSampler,
    StackDataset,
    Subset,
    SubsetRandomSampler,
    TensorDataset,
    TransformDataset,
    WeightedRandomSampler,
    default_collate,
    default_convert,
    random_split,
)
from tests.small_data import Numbers, Stream

# -- data sets -------------------------------------------------------------------------------------


class TestDatasets:
    def test_tensor_dataset(self):
        x, y = np.arange(6.0, dtype=np.float32).reshape(3, 2), ag.tensor([5, 6, 7])
        data = TensorDataset(x, y, [True, False, True])
        assert len(data) == 3
        assert [part.tolist() for part in data[1]] == [[2, 3], 6, False]
        assert data[0][0].dtype == np.float32
        assert data.tensors[1] is y
        assert [part.tolist() for part in data[-1]] == [[4, 5], 7, True]
        assert np.shares_memory(data.tensors[0].numpy(), x)

    def test_tensors_that_require_gradients_keep_them(self):
        x = ag.tensor([1.0, 2.0, 3.0], requires_grad=True)
        (batch,) = next(iter(DataLoader(TensorDataset(x), batch_size=2)))
        batch.sum().backward()
        assert x.grad.tolist() == [1, 1, 0]

    @pytest.mark.parametrize("tensors", [(), (np.ones(3), np.ones(2)), (np.array(1.0),)])
    def test_tensor_dataset_refuses(self, tensors):
        with pytest.raises(ValueError, match="all of one length"):
            TensorDataset(*tensors)

    def test_concatenation(self):
        data = Numbers(2) + Numbers(3) + Numbers(0)
        assert [data[i] for i in range(5)] == [0, 1, 0, 1, 2]
        assert data[-1] == 2
        assert isinstance(data, ConcatDataset)
        for index in (5, -6):
            with pytest.raises(IndexError, match="a number from -5 to 4"):
                data[index]
        with pytest.raises(ValueError, match="at least one data set"):
            ConcatDataset([])
        with pytest.raises(TypeError, match="use ChainDataset"):
            ConcatDataset([Stream(2)])

    def test_chain(self):
        data = Stream(2) + Stream(1)
        assert isinstance(data, ChainDataset)
        assert [int(x) for x in data] == [0, 1, 0]
        assert len(ChainDataset([[1], [2, 3]])) == 3

    def test_stack(self):
        assert StackDataset([1, 2], "ab")[1] == (2, "b")
        assert StackDataset(n=[1, 2], c="ab")[0] == {"n": 1, "c": "a"}
        assert len(StackDataset([1, 2], "ab")) == 2
        for arguments, names in [((), {}), (([1],), {"b": [1]}), (([1], [1, 2]), {})]:
            with pytest.raises(ValueError, match="data sets of one length"):
                StackDataset(*arguments, **names)

    def test_subset(self):
        data = Subset(Subset(Numbers(), [9, 8, 7]), [2, 0])
        assert (list(data), len(data), data[-1]) == ([7, 9], 2, 9)
        tensors = Subset(TensorDataset(np.arange(10)), [4, 2])
        assert tensors[:][0].tolist() == [4, 2]

    def test_transformed(self):
        data = TransformDataset(StackDataset([1, 2], [3, 4]), lambda x: 10 * x, lambda y: -y)
        assert (data[0], data[1], len(data)) == ((10, -3), (20, -4), 2)
        assert TransformDataset(Numbers(), str)[3] == "3"
        pair = namedtuple("pair", "x y")
        assert TransformDataset([pair(1, 2)], lambda x: x + 1)[0] == pair(2, 2)

    def test_methods_that_have_to_be_defined(self):
        for call, text in [
            (lambda: Dataset()[0], "__getitem__"),
            (lambda: iter(IterableDataset()), "__iter__"),
            (lambda: iter(nn.data.Sampler()), "__iter__"),
        ]:
            with pytest.raises(TypeError, match=text):
                call()


class TestRandomSplit:
    @pytest.mark.parametrize(
        ("lengths", "sizes"),
        [([7, 3], [7, 3]), ([0.7, 0.3], [7, 3]), ([0.25, 0.25, 0.5], [3, 2, 5]), ([1.0], [10]), ([10, 0], [10, 0])],
    )
    def test_sizes(self, lengths, sizes):
        parts = random_split(Numbers(), lengths, generator=0)
        assert [len(part) for part in parts] == sizes
        assert sorted(x for part in parts for x in part) == list(range(10))

    def test_fractions_of_a_third(self):
        assert [len(part) for part in random_split(Numbers(), [1 / 3] * 3)] == [4, 3, 3]

    def test_seeds(self):
        first, again, other = (list(random_split(Numbers(), [5, 5], seed)[0]) for seed in (0, 0, 1))
        assert first == again != other
        nn.manual_seed(3)
        default = list(random_split(Numbers(), [5, 5])[0])
        nn.manual_seed(3)
        assert default == list(random_split(Numbers(), [5, 5])[0])

    @pytest.mark.parametrize("lengths", [[5, 4], [0.5, 0.4], [-1, 11], [], [1.5, -0.5]])
    def test_lengths_that_do_not_add_up(self, lengths):
        with pytest.raises(ValueError, match="add up to the 10 samples"):
            random_split(Numbers(), lengths)

    def test_no_length(self):
        with pytest.raises(TypeError, match="define __len__"):
            random_split(Stream(3), [3])


# -- collate ---------------------------------------------------------------------------------------


class TestCollate:
    def test_kinds(self):
        pair = namedtuple("pair", "x y")
        batch = [
            {"a": np.ones(2, "f4"), "n": 1, "f": 0.5, "b": True, "t": "x", "p": pair(1, 2.0), "l": [1, (2, 3)]},
            {"a": np.zeros(2, "f4"), "n": 2, "f": 1.5, "b": False, "t": "y", "p": pair(3, 4.0), "l": [4, (5, 6)]},
        ]
        found = default_collate(batch)
        assert found["a"].tolist() == [[1, 1], [0, 0]]
        assert found["a"].dtype == np.float32
        assert found["n"].dtype == np.int64
        assert (found["f"].tolist(), found["b"].tolist(), found["t"]) == ([0.5, 1.5], [True, False], ["x", "y"])
        assert isinstance(found["p"], pair)
        assert found["p"].y.tolist() == [2, 4]
        assert found["l"][1][0].tolist() == [2, 5]
        assert isinstance(found["l"], list)

    def test_numpy_scalars_and_tensors(self):
        assert default_collate([np.float32(1), np.float32(2)]).dtype == np.float32
        assert default_collate([ag.tensor(1), ag.tensor(2)]).tolist() == [1, 2]
        x = ag.tensor([1.0], requires_grad=True)
        default_collate([x, x]).sum().backward()
        assert x.grad.tolist() == [2]
        assert type(default_collate([OrderedDict(a=1)])) is OrderedDict

    def test_samples_that_differ(self):
        for batch, text in [
            ([np.ones(2), np.ones(3)], r"shape \(2,\) and \(3,\)"),
            ([(1,), (1, 2)], "length 1 and 2"),
            ([{"a": 1}, {"b": 1}], "the same keys"),
        ]:
            with pytest.raises(ValueError, match=text):
                default_collate(batch)

    @pytest.mark.parametrize("sample", [None, object(), np.array(["text"])])
    def test_other_types(self, sample):
        with pytest.raises(TypeError, match="collate_fn"):
            default_collate([sample, sample])

    def test_convert(self):
        pair = namedtuple("pair", "x y")
        found = default_convert({"a": [np.ones(1)], "p": pair(np.float64(2), "t"), "n": 3, "o": None})
        assert isinstance(found["a"][0], ag.Tensor)
        assert isinstance(found["p"].x, ag.Tensor)
        assert (found["p"].y, found["n"], found["o"]) == ("t", 3, None)


# -- samplers --------------------------------------------------------------------------------------


class TestSamplers:
    def test_sequential(self):
        assert list(SequentialSampler(Numbers(3))) == [0, 1, 2]
        assert len(SequentialSampler(Numbers(3))) == 3

    def test_random(self):
        assert sorted(RandomSampler(Numbers())) == list(range(10))
        first, again = list(RandomSampler(Numbers(), generator=1)), list(RandomSampler(Numbers(), generator=1))
        assert first == again
        sampler = RandomSampler(Numbers(), generator=1)
        assert list(sampler) != list(sampler)
        assert all(type(number) is int for number in first)

    def test_random_with_a_number_of_samples(self):
        many = list(RandomSampler(Numbers(4), num_samples=10, generator=0))
        assert sorted(many[:4]) == sorted(many[4:8]) == [0, 1, 2, 3]
        assert len(many) == 10
        drawn = RandomSampler(Numbers(4), replacement=True, num_samples=100, generator=0)
        assert len(list(drawn)) == len(drawn) == 100
        assert set(drawn) == {0, 1, 2, 3}
        assert list(RandomSampler(Numbers(0))) == []
        with pytest.raises(ValueError, match="num_samples"):
            RandomSampler(Numbers(), num_samples=0)

    def test_subset_random(self):
        sampler = SubsetRandomSampler([5, 2, 7], generator=0)
        assert sorted(sampler) == [2, 5, 7]
        assert len(sampler) == 3

    def test_weighted(self):
        sampler = WeightedRandomSampler([1, 0, 3], 4000, generator=0)
        counts = np.bincount(list(sampler), minlength=3)
        assert counts[1] == 0
        assert counts[2] / 4000 == pytest.approx(0.75, abs=0.03)
        assert sorted(WeightedRandomSampler([1, 0, 3], 2, replacement=False)) == [0, 2]
        for weights, number, replacement in [
            ([1, -1], 1, True),
            ([0, 0], 1, True),
            ([1, np.nan], 1, True),
            ([[1]], 1, True),
            ([1, 0], 2, False),
        ]:
            with pytest.raises(ValueError, match="one weight of at least 0 per sample"):
                WeightedRandomSampler(weights, number, replacement)

    def test_batches(self):
        assert list(BatchSampler(range(5), 2, False)) == [[0, 1], [2, 3], [4]]
        assert list(BatchSampler(range(5), 2, True)) == [[0, 1], [2, 3]]
        assert (len(BatchSampler(range(5), 2, False)), len(BatchSampler(range(5), 2, True))) == (3, 2)
        with pytest.raises(ValueError, match="batch_size"):
            BatchSampler(range(5), 0, False)

    @pytest.mark.parametrize("seed", [-1, "a", 1.5, True])
    def test_seeds_that_are_none(self, seed):
        with pytest.raises(TypeError, match=r"a generator of numpy\.random, or a seed"):
            RandomSampler(Numbers(), generator=seed)
