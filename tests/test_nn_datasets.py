"""The data sets that come with the library, and what is done to their samples."""

from __future__ import annotations

import contextlib
import gzip
import struct
import sys

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import autograd_core as ag
import nn
from nn.data import (
    MNIST,
    CharText,
    Compose,
    DataLoader,
    FashionMNIST,
    GaussianNoise,
    RandomHorizontalFlip,
    RandomRotation,
    RandomShift,
    Standardize,
    TensorDataset,
    TransformDataset,
    blobs,
    digits,
    moons,
    read_idx,
    sine_curves,
    spirals,
    xor,
)

RNG = np.random.default_rng(11)
CODES = {8: "u1", 9: "i1", 11: "i2", 12: "i4", 13: "f4", 14: "f8"}


def idx(array, code: int = 8) -> bytes:
    head = bytes([0, 0, code, array.ndim]) + struct.pack(f">{array.ndim}I", *array.shape)
    return head + array.astype(f">{CODES[code]}").tobytes()


# -- IDX files -------------------------------------------------------------------------------------


class TestIdx:
    @pytest.mark.parametrize("code", CODES)
    @pytest.mark.parametrize("shape", [(5,), (2, 3), (2, 3, 4), (0, 3)])
    @pytest.mark.parametrize("packed", [False, True])
    def test_round_trip(self, tmp_path, code, shape, packed):
        array = RNG.integers(0, 100, shape).astype(CODES[code])
        content = idx(array, code)
        (tmp_path / "a").write_bytes(gzip.compress(content) if packed else content)
        found = read_idx(tmp_path / "a")
        assert found.dtype == array.dtype
        np.testing.assert_array_equal(found, array)

    @pytest.mark.parametrize("packed", [False, True])
    @pytest.mark.parametrize(
        ("content", "text"),
        [
            (b"", "0 bytes: it is truncated"),
            (b"\0\0\x08", "3 bytes: it is truncated"),
            (b"\0\0\x08\x02\0\0\0\x01", "the lengths of 2 axes"),
            (b"\0\0\x07\x01\0\0\0\x01a", r"an IDX file.*the bytes \[0, 0, 7, 1\]"),
            (b"\0\0\x08\0", "an IDX file"),
            (b"\0\0\x08\x09" + b"\0" * 40, "an IDX file"),
            (b"\x89PNG", "an IDX file"),
            (b"\0\0\x08\x01\0\0\0\x03ab", r"3 bytes of elements.*shape \(3,\), got 2: it is truncated"),
            (b"\0\0\x08\x01\0\0\0\x01ab", "something is appended"),
            (b"\0\0\x0e\x08" + b"\xff" * 32, "it is truncated"),
            (b"\0\0\x08\x04" + b"\xff" * 12 + b"\0" * 4, "a possible shape"),
        ],
    )
    def test_wrong_files(self, tmp_path, content, text, packed):
        if packed and not content:
            return  # an empty file is no gzip file
        (tmp_path / "bad").write_bytes(gzip.compress(content) if packed else content)
        with pytest.raises(nn.FileFormatError, match=text) as caught:
            read_idx(tmp_path / "bad")
        assert str(tmp_path / "bad") in str(caught.value)

    def test_every_truncation_is_noticed(self, tmp_path):
        for content in (idx(np.arange(6)), gzip.compress(idx(np.arange(6)))):
            for length in range(len(content)):
                (tmp_path / "bad").write_bytes(content[:length])
                with pytest.raises(nn.FileFormatError):
                    read_idx(tmp_path / "bad")

    @settings(max_examples=150, deadline=None)
    @given(data=st.data())
    def test_a_changed_file_is_read_or_refused(self, tmp_path_factory, data):
        content = bytearray(data.draw(st.sampled_from([idx(np.arange(6)), gzip.compress(idx(np.arange(6)))])))
        for _ in range(data.draw(st.integers(1, 3))):
            content[data.draw(st.integers(0, len(content) - 1))] = data.draw(st.integers(0, 255))
        path = tmp_path_factory.mktemp("idx") / "a"
        path.write_bytes(content)
        with contextlib.suppress(nn.FileFormatError):
            assert read_idx(path).size <= len(content)


@pytest.fixture
def folder(tmp_path):
    """A small MNIST."""
    for part, number in (("train", 6), ("t10k", 3)):
        images = RNG.integers(0, 256, (number, 28, 28))
        (tmp_path / f"{part}-images-idx3-ubyte").write_bytes(idx(images))
        (tmp_path / f"{part}-labels-idx1-ubyte.gz").write_bytes(gzip.compress(idx(np.arange(number))))
    return tmp_path


class TestMNIST:
    def test_samples_and_batches(self, folder):
        data = MNIST(folder)
        image, label = data[2]
        assert (len(data), image.shape, image.dtype, label) == (6, (1, 28, 28), np.float32, 2)
        np.testing.assert_allclose(image.numpy()[0], data.data[2] / 255, rtol=1e-6)
        images, labels = next(iter(DataLoader(data, batch_size=4)))
        assert (images.shape, images.dtype, labels.dtype) == ((4, 1, 28, 28), np.float32, np.int64)
        np.testing.assert_array_equal(images[2].numpy(), image.numpy())
        assert labels.tolist() == [0, 1, 2, 3]
        assert len(MNIST(folder, train=False)) == 3
        assert data[-1][1] == 5
        with pytest.raises(IndexError, match="from -6 to 5"):
            data[6]

    def test_other_places_and_names(self, folder, tmp_path):
        raw = tmp_path / "root" / "FashionMNIST" / "raw"
        raw.mkdir(parents=True)
        for path in folder.glob("train*"):
            path.rename(raw / path.name.replace("-idx", ".idx"))
        data = FashionMNIST(tmp_path / "root")
        assert data.classes[data[1][1]] == "Trouser"
        with pytest.raises(FileNotFoundError, match=r"train-images-idx3-ubyte or .*nothing is downloaded"):
            MNIST(tmp_path / "root")
        with pytest.raises(FileNotFoundError, match="no such folder"):
            MNIST(tmp_path / "nowhere")

    def test_transformations(self, folder):
        by_batch = MNIST(folder, transform=Compose([RandomShift(2), GaussianNoise(0.1)]))
        images, _ = next(iter(DataLoader(by_batch, batch_size=6, seed=0)))
        again, _ = next(iter(DataLoader(by_batch, batch_size=6, seed=0)))
        np.testing.assert_array_equal(images.numpy(), again.numpy())
        one_by_one = MNIST(folder, transform=lambda x: x * 0, target_transform=lambda y: y + 10)
        images, labels = next(iter(DataLoader(one_by_one, batch_size=6)))
        assert images.numpy().max() == 0
        assert labels.tolist() == list(range(10, 16))

    def test_mislabelled_files(self, folder):
        images, labels = folder / "train-images-idx3-ubyte", folder / "train-labels-idx1-ubyte.gz"
        kept = {path: path.read_bytes() for path in (images, labels)}
        for path, content, text in [
            (images, kept[labels], "train-images.*it looks like a file of labels"),
            (labels, kept[images], "train-labels.*it looks like a file of images"),
            (images, idx(np.zeros((6, 8, 8))), r"shape \(6, 8, 8\)"),
            (images, idx(np.zeros((6, 28, 28)), 13), "dtype float32"),
            (labels, idx(np.zeros(6), 12), "dtype int32"),
            (labels, idx(np.zeros(5)), "6 labels, one for each image in .*train-images.*got 5"),
            (labels, idx(np.full(6, 10)), "labels from 0 to 9, got 10"),
            (images, kept[images][:-1], "it is truncated"),
            (labels, kept[labels][:-4], "a whole gzip file"),
        ]:
            path.write_bytes(content)
            with pytest.raises(nn.FileFormatError, match=text):
                MNIST(folder)
            path.write_bytes(kept[path])
        assert len(MNIST(folder)) == 6


# -- digits ----------------------------------------------------------------------------------------


def test_digits():
    pytest.importorskip("sklearn", reason="scikit-learn brings the images")
    images, labels = digits().tensors
    assert (images.shape, images.dtype, labels.dtype) == ((1797, 64), np.float32, np.int64)
    assert (images.numpy().min(), images.numpy().max()) == (0, 1)
    assert np.bincount(labels.numpy()).tolist() == [178, 182, 177, 183, 181, 182, 181, 179, 174, 180]
    pictures = digits(flat=False).tensors[0]
    assert pictures.shape == (1797, 1, 8, 8)
    np.testing.assert_array_equal(pictures.numpy().reshape(1797, 64), images.numpy())


def test_digits_without_scikit_learn(monkeypatch):
    monkeypatch.setitem(sys.modules, "sklearn.datasets", None)
    with pytest.raises(ModuleNotFoundError, match="pip install scikit-learn"):
        digits()


# -- generated data --------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "make",
    [
        lambda g: moons(51, 0.1, g),
        lambda g: spirals(50, arms=3, generator=g),
        lambda g: xor(10, 0.1, g),
        lambda g: blobs(40, 4, generator=g),
        lambda g: sine_curves(30, generator=g),
        lambda g: sine_curves(5, length=12, generator=g),
    ],
)
def test_generated_data_follow_the_seed(make):
    first, again, other = ([t.tolist() for t in make(seed).tensors] for seed in (0, 0, 1))
    assert first == again != other
    nn.manual_seed(4)
    default = [t.tolist() for t in make(None).tensors]
    nn.manual_seed(4)
    assert default == [t.tolist() for t in make(None).tensors]
    assert all(t.dtype in (np.float32, np.int64) for t in make(0).tensors)


class TestGenerated:
    def test_moons_lie_on_half_circles(self):
        points, classes = (t.numpy() for t in moons(101, noise=0, generator=0, dtype=np.float64).tensors)
        assert np.bincount(classes).tolist() == [51, 50]
        centres = np.where(classes[:, None] == 0, [[0.0, 0.0]], [[1.0, 0.5]])
        np.testing.assert_allclose(np.linalg.norm(points - centres, axis=1), 1)
        assert np.all(points[classes == 0, 1] >= 0)
        assert np.all(points[classes == 1, 1] <= 0.5)

    def test_spirals_wind(self):
        points, classes = (
            t.numpy() for t in spirals(90, arms=3, turns=2, noise=0, generator=0, dtype=np.float64).tensors
        )
        radius = np.linalg.norm(points, axis=1)
        angle = 2 * np.pi * (2 * radius + classes / 3)
        np.testing.assert_allclose(points, radius[:, None] * np.stack([np.cos(angle), np.sin(angle)], 1), atol=1e-12)
        assert np.bincount(classes).tolist() == [30, 30, 30]

    def test_xor(self):
        points, targets = xor(6).tensors
        assert points.tolist() == [[0, 0], [0, 1], [1, 0], [1, 1], [0, 0], [0, 1]]
        assert targets.tolist() == [[0], [1], [1], [0], [0], [1]]

    def test_blobs(self):
        points, classes = (t.numpy() for t in blobs(4, [[1.0, 2.0], [3.0, 4.0]], spread=0, generator=0).tensors)
        assert sorted(zip(classes.tolist(), points.tolist())) == [(0, [1, 2])] * 2 + [(1, [3, 4])] * 2
        middles = np.unique(blobs(8, 4, spread=0, generator=0).tensors[0].numpy().round(6), axis=0)
        assert middles.shape == (4, 2)

    def test_sine_curves(self):
        x, y = sine_curves(5, noise=0, dtype=np.float64).tensors
        np.testing.assert_allclose(y.numpy(), np.sin(2 * np.pi * x.numpy()))
        x, y = sine_curves(5, noise=0, function=np.square).tensors
        np.testing.assert_allclose(y.numpy(), x.numpy() ** 2)
        x, y = sine_curves(3, length=7, noise=0.1, generator=0).tensors
        assert x.shape == y.shape == (3, 7, 1)
        np.testing.assert_array_equal(x.numpy()[:, 1:], y.numpy()[:, :-1])

    @pytest.mark.parametrize(
        ("call", "text"),
        [
            (lambda: moons(0), "n of at least 1"),
            (lambda: moons(noise=-1), "noise of at least 0"),
            (lambda: spirals(arms=0), "arms of at least 1"),
            (lambda: xor(noise=float("nan")), "noise"),
            (lambda: blobs(centers=[]), "centers of at least 1"),
            (lambda: sine_curves(length=0), "length of at least 1"),
        ],
    )
    def test_sizes_out_of_range(self, call, text):
        with pytest.raises(ValueError, match=text):
            call()


# -- text ------------------------------------------------------------------------------------------


class TestCharText:
    TEXT = "the cat sat on the mat"

    def test_pieces(self):
        data = CharText(self.TEXT, length=5)
        assert data.vocabulary == " acehmnost"
        assert len(data) == 4
        for number in range(len(data)):
            x, y = data[number]
            assert data.decode(x) == self.TEXT[5 * number : 5 * number + 5]
            assert data.decode(y) == self.TEXT[5 * number + 1 : 5 * number + 6]
        assert len(CharText(self.TEXT, 5, stride=1)) == len(self.TEXT) - 5
        assert len(CharText("ab", 1)) == 1
        with pytest.raises(IndexError):
            data[4]

    def test_batches(self):
        data = CharText(self.TEXT, length=5, stride=2)
        x, y = next(iter(DataLoader(data, batch_size=3)))
        assert x.shape == y.shape == (3, 5)
        assert x.dtype == np.int64
        assert data.decode(x[2]) == self.TEXT[4:9]

    def test_another_text_with_the_same_numbers(self):
        first = CharText(self.TEXT, 5)
        second = CharText("mat on cat", 3, vocabulary=first.vocabulary)
        assert second.encode("cat").tolist() == first.encode("cat").tolist()
        assert first.decode(first.encode(self.TEXT)) == self.TEXT
        assert first.decode([3]) == "e"
        assert first.decode(np.int64(3)) == first.decode(ag.tensor(3)) == "e"

    @pytest.mark.parametrize(
        ("call", "text"),
        [
            (lambda: CharText("abc", 3), "a text longer than length"),
            (lambda: CharText("abc", 0), "length and stride of at least 1"),
            (lambda: CharText("abc", 1, stride=0), "length and stride of at least 1"),
            (lambda: CharText("abc", 1, vocabulary="abca"), "every character once"),
            (lambda: CharText("abc", 1, vocabulary="ab"), "got 'c'"),
            (lambda: CharText("abc", 1).encode("abd"), "characters of the vocabulary 'abc', got 'd'"),
            (lambda: CharText("abc", 1).decode([3]), "numbers from 0 to 2, got 3"),
            (lambda: CharText("abc", 1).decode([-1]), "numbers from 0 to 2, got -1"),
        ],
    )
    def test_refused(self, call, text):
        with pytest.raises(ValueError, match=text):
            call()


# -- transformations -------------------------------------------------------------------------------


class TestStandardize:
    def test_features(self):
        x = (RNG.standard_normal((50, 3)) * [1, 10, 100] + [5, 0, -300]).astype("f4")
        scale = Standardize().fit(x)
        z = scale(x)
        assert z.dtype == np.float32
        np.testing.assert_allclose(z.mean(axis=0), 0, atol=1e-5)
        np.testing.assert_allclose(z.std(axis=0), 1, rtol=1e-5)
        np.testing.assert_allclose(scale.inverse(z), x, rtol=1e-4, atol=1e-4)
        np.testing.assert_allclose(scale(x[3]), z[3])
        assert isinstance(scale(ag.tensor(x)), ag.Tensor)
        assert Standardize().fit(ag.tensor(x)).mean.tolist() == scale.mean.tolist()

    def test_channels(self):
        x = RNG.standard_normal((20, 3, 4, 4)) * np.array([1, 2, 3]).reshape(3, 1, 1) + 7
        scale = Standardize(axis=(0, 2, 3)).fit(x)
        assert scale.mean.shape == (3, 1, 1)
        np.testing.assert_allclose(scale(x).std(axis=(0, 2, 3)), 1)
        np.testing.assert_allclose(scale(x[0]), scale(x)[0])

    def test_features_that_do_not_vary(self):
        x = np.full((100, 1), 0.1, "f4")
        assert np.all(Standardize().fit(x)(x) == 0)
        assert np.all(np.isfinite(Standardize().fit(np.zeros((3, 2)))(np.ones((3, 2)))))

    def test_large_float32_data_keep_their_digits(self):
        x = (np.arange(100_000) % 2 + 1e4).astype("f4")[:, None]
        scale = Standardize().fit(x)
        assert scale.mean[0] == pytest.approx(10_000.5, rel=1e-7)
        assert scale.std[0] == pytest.approx(0.5, rel=1e-5)

    def test_integers(self):
        assert Standardize().fit([[1], [3]])([[1], [3]]).tolist() == [[-1], [1]]

    def test_state(self):
        first, second = Standardize().fit(RNG.random((5, 2))), Standardize()
        second.load_state_dict(first.state_dict())
        x = RNG.random((3, 2))
        np.testing.assert_array_equal(first(x), second(x))

    def test_refused(self):
        for call, text in [
            (lambda: Standardize(axis=1), "axis 0"),
            (lambda: Standardize().transform([1.0]), "call fit"),
            (lambda: Standardize().inverse([1.0]), "call fit"),
            (lambda: Standardize().fit([[1.0], [np.nan]]), "finite"),
            (lambda: Standardize().fit(np.ones((0, 2))), "got none"),
        ]:
            with pytest.raises(ValueError, match=text):
                call()

    def test_in_a_loader(self):
        x = RNG.random((8, 2)).astype("f4")
        data = TransformDataset(TensorDataset(x, np.arange(8)), Standardize().fit(x))
        images, _ = next(iter(DataLoader(data, batch_size=8)))
        np.testing.assert_allclose(images.numpy().mean(axis=0), 0, atol=1e-6)


def image(height: int, width: int):
    return np.arange(1, height * width + 1, dtype=np.float32).reshape(height, width)


class TestAugmentation:
    def test_shift(self):
        batch = np.stack([image(5, 6)] * 200)[:, None]
        moved = RandomShift(1, fill=-1, generator=0)(batch)
        assert moved.shape == batch.shape
        assert moved.dtype == np.float32
        padded = np.pad(image(5, 6), 1, constant_values=-1)
        possible = [padded[i : i + 5, j : j + 6] for i in range(3) for j in range(3)]
        counts = [sum(np.array_equal(picture[0], other) for picture in moved) for other in possible]
        assert sum(counts) == 200
        assert min(counts) > 5

    def test_channels_move_together(self):
        picture = np.stack([image(4, 4), image(4, 4) + 100])
        moved = RandomShift(2, fill=0, generator=3)(picture)
        inside = moved[0] > 0
        np.testing.assert_array_equal(moved[1][inside], moved[0][inside] + 100)

    def test_flip(self):
        batch = np.stack([image(2, 3)] * 200)[:, None]
        flipped = RandomHorizontalFlip(generator=0)(batch)
        mirrored = [np.array_equal(picture[0], image(2, 3)[:, ::-1]) for picture in flipped]
        kept = [np.array_equal(picture[0], image(2, 3)) for picture in flipped]
        assert sum(mirrored) + sum(kept) == 200
        assert 60 < sum(mirrored) < 140
        np.testing.assert_array_equal(RandomHorizontalFlip(0.0)(batch), batch)

    def test_rotation(self):
        picture = image(5, 5)
        np.testing.assert_array_equal(RandomRotation(0.0)(picture), picture)

        class Quarter:
            """In the place of a generator: always the greatest angle."""

            def uniform(self, low, high, size):
                return np.full(size, high)

        turned = RandomRotation(90.0)
        turned.generator = Quarter()
        found = turned(picture)
        assert any(np.array_equal(found, np.rot90(picture, k)) for k in (1, 3))
        small = RandomRotation(30.0, fill=-5.0, generator=0)(np.ones((9, 1, 8, 8)))
        assert set(np.unique(small)) == {-5.0, 1.0}

    def test_noise(self):
        x = np.zeros((1000, 3), np.float32)
        noisy = GaussianNoise(0.5, generator=0)(x)
        assert noisy.dtype == np.float32
        assert noisy.std() == pytest.approx(0.5, rel=0.05)
        with pytest.raises(TypeError, match="floating-point values, got dtype int64"):
            GaussianNoise()(np.ones(3, int))

    @pytest.mark.parametrize(
        "transform", [RandomShift(1), RandomHorizontalFlip(), RandomRotation(10.0), GaussianNoise()]
    )
    def test_kinds_and_shapes(self, transform):
        for shape in [(4, 4), (2, 4, 4), (5, 2, 4, 4)]:
            x = RNG.random(shape)
            before = x.copy()
            assert transform(x).shape == shape
            assert isinstance(transform(ag.tensor(x)), ag.Tensor)
            np.testing.assert_array_equal(x, before)
        nn.manual_seed(2)
        first = transform(x)
        nn.manual_seed(2)
        np.testing.assert_array_equal(transform(x), first)

    @pytest.mark.parametrize(
        ("call", "text"),
        [
            (lambda: RandomShift(-1), "pixels"),
            (lambda: RandomHorizontalFlip(1.5), "a probability p, got 1.5"),
            (lambda: RandomRotation(-1.0), "an angle"),
            (lambda: GaussianNoise(-1.0), "sigma"),
            (lambda: RandomShift(1)(np.ones(3)), r"images of shape .* got shape \(3,\)"),
        ],
    )
    def test_refused(self, call, text):
        with pytest.raises(ValueError, match=text):
            call()

    def test_composition(self):
        both = Compose([RandomShift(1), RandomHorizontalFlip()])
        assert both.takes_batches
        assert not Compose([RandomShift(1), str]).takes_batches
        assert both(np.ones((3, 1, 4, 4))).shape == (3, 1, 4, 4)

    def test_workers_draw_the_same(self):
        data = TransformDataset(TensorDataset(RNG.random((20, 1, 6, 6)), np.arange(20)), RandomShift(2))
        first, second = (
            [batch[0].tolist() for batch in DataLoader(data, 4, shuffle=True, seed=1, num_workers=workers)]
            for workers in (0, 3)
        )
        assert first == second
