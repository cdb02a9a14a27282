"""Weights in files: both formats, atomic writing, and files that are not what they should be."""

from __future__ import annotations

import io
import json
import os
import stat
import struct
import zipfile

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import nn
from nn.files import atomic_writer

RNG = np.random.default_rng(3)
DTYPES = ["?", "i1", "u1", "i2", "u2", "i4", "u4", "i8", "u8", "f2", "f4", "f8", "c8"]


def arrays() -> dict[str, np.ndarray]:
    state = {f"layer.{name}": (RNG.random((2, 3)) * 9 - 2).astype(name) for name in DTYPES if name[0] != "u"}
    state |= {f"layer.{name}": RNG.integers(0, 9, (3,), dtype=name) for name in DTYPES if name[0] == "u"}
    state |= {"empty": np.zeros((0, 4), "f4"), "number": np.array(2.5), "näme/ü": np.ones((1, 1, 2), "f4")}
    return state


def assert_same(given: dict, expected: dict) -> None:
    assert list(given) == list(expected)
    for name, array in expected.items():
        assert given[name].dtype == array.dtype
        assert given[name].shape == array.shape
        np.testing.assert_array_equal(given[name], array)


@pytest.mark.parametrize("form", ["safetensors", "npz"])
class TestBothFormats:
    def test_round_trip(self, tmp_path, form):
        save, load = getattr(nn, f"save_{form}"), getattr(nn, f"load_{form}")
        state = arrays()
        save(state, tmp_path / "a")
        found = load(tmp_path / "a")
        assert_same(found, state)
        found["number"][...] = 1  # the arrays are the caller's own, and writable
        assert [path.name for path in tmp_path.iterdir()] == ["a"]

    def test_other_orders_of_bytes_and_axes(self, tmp_path, form):
        save, load = getattr(nn, f"save_{form}"), getattr(nn, f"load_{form}")
        big, columns = np.arange(6, dtype=">i4").reshape(2, 3), np.asfortranarray(RNG.random((3, 4)))
        save({"big": big, "columns": columns, "slice": columns[::2, ::-1]}, tmp_path / "a")
        found = load(tmp_path / "a")
        assert found["big"].dtype == np.int32
        np.testing.assert_array_equal(found["big"], big)
        np.testing.assert_array_equal(found["columns"], columns)
        np.testing.assert_array_equal(found["slice"], columns[::2, ::-1])

    def test_tensors_and_lists(self, tmp_path, form):
        save, load = getattr(nn, f"save_{form}"), getattr(nn, f"load_{form}")
        save({"p": nn.Parameter([1.0, 2.0]), "l": [1, 2]}, tmp_path / "a")
        assert load(tmp_path / "a")["p"].dtype == np.float32
        assert load(tmp_path / "a")["l"].tolist() == [1, 2]

    def test_the_same_arrays_make_the_same_file(self, tmp_path, form):
        save = getattr(nn, f"save_{form}")
        state = arrays()
        save(state, tmp_path / "a")
        save(state, tmp_path / "b")
        assert (tmp_path / "a").read_bytes() == (tmp_path / "b").read_bytes()

    def test_nothing_to_save(self, tmp_path, form):
        getattr(nn, f"save_{form}")({}, tmp_path / "a")
        assert getattr(nn, f"load_{form}")(tmp_path / "a") == {}

    def test_it_refuses_what_it_cannot_hold(self, tmp_path, form):
        save = getattr(nn, f"save_{form}")
        with pytest.raises(TypeError, match=r"'o'.*got dtype object"):
            save({"o": np.array([None])}, tmp_path / "a")
        with pytest.raises(TypeError, match="names that are strings, got 3"):
            save({3: np.ones(1)}, tmp_path / "a")
        with pytest.raises(ValueError, match=r"surrogate|zip archive can hold"):
            save({"\ud800": np.ones(1)}, tmp_path / "a")
        assert not list(tmp_path.iterdir())

    def test_a_missing_file_or_folder(self, tmp_path, form):
        with pytest.raises(FileNotFoundError):
            getattr(nn, f"load_{form}")(tmp_path / "none")
        with pytest.raises(FileNotFoundError, match="make the folder first"):
            getattr(nn, f"save_{form}")({}, tmp_path / "no folder" / "a")


class TestSafetensors:
    def test_layout(self, tmp_path):
        path = tmp_path / "a.safetensors"
        nn.save_safetensors({"b": np.array([1, 2], "u1"), "w": np.array([[1.5]])}, path, {"made by": "hand"})
        content = path.read_bytes()
        (length,) = struct.unpack("<Q", content[:8])
        assert length % 8 == 0
        assert json.loads(content[8 : 8 + length]) == {
            "__metadata__": {"made by": "hand"},
            "b": {"dtype": "U8", "shape": [2], "data_offsets": [8, 10]},  # after the wider elements
            "w": {"dtype": "F64", "shape": [1, 1], "data_offsets": [0, 8]},
        }
        assert content[8 + length :] == struct.pack("<d", 1.5) + b"\1\2"
        assert nn.read_safetensors_metadata(path) == {"made by": "hand"}

    def test_bfloat16_is_read_as_float32(self, tmp_path):
        header = {"x": {"dtype": "BF16", "shape": [3], "data_offsets": [0, 6]}}
        header["scalar"] = {"dtype": "BF16", "shape": [], "data_offsets": [6, 8]}
        values = np.array([1.0, -2.5, np.inf, 3.0], "f4")
        write_file(tmp_path / "a", header, (values.view("u4") >> 16).astype("<u2").tobytes())
        found = nn.load_safetensors(tmp_path / "a")
        assert_same(found, {"x": values[:3], "scalar": values[3].reshape(())})

    def test_it_refuses_what_it_cannot_hold(self, tmp_path):
        for state, metadata, error, text in [
            ({"c": np.ones(1, complex)}, None, TypeError, "got dtype complex128"),
            ({"__metadata__": np.ones(1)}, None, ValueError, "keeps for strings"),
            ({}, {"epoch": 3}, TypeError, "metadata that maps strings to strings"),
        ]:
            with pytest.raises(error, match=text):
                nn.save_safetensors(state, tmp_path / "a", metadata)
        assert not list(tmp_path.iterdir())


def write_file(path, header, data: bytes = b"") -> None:
    text = header if isinstance(header, bytes) else json.dumps(header).encode()
    path.write_bytes(struct.pack("<Q", len(text)) + text + data)


def entry(dtype="F32", shape=(1,), offsets=(0, 4)) -> dict:
    return {"dtype": dtype, "shape": list(shape), "data_offsets": list(offsets)}


WRONG_HEADERS = {
    "no JSON": (b"{", "header in JSON"),
    "a list": (b"[1]", "begin with a brace"),
    "text after it": (b"{}x", "header in JSON"),
    "not UTF-8": (b'{"\xff": 1}', "header in JSON"),
    "NaN": (b'{"a": NaN}', "NaN is not JSON"),
    "too deep": (b'{"a":' + b"[" * 100_000, "header in JSON"),
    "too long a number": (b'{"a":' + b"1" * 5_000 + b"}", "header in JSON"),
    "a name twice": (b'{"a":1,"a":1}', "stands there twice"),
    "metadata no dict": ({"__metadata__": 3}, "maps strings to strings"),
    "metadata no strings": ({"__metadata__": {"a": 3}}, "maps strings to strings"),
    "entry no dict": ({"a": 3}, "dtype, shape and data_offsets of 'a'"),
    "entry lacks": ({"a": {"dtype": "F32", "shape": [1]}}, "dtype, shape and data_offsets"),
    "entry too much": ({"a": entry() | {"more": 1}}, "dtype, shape and data_offsets"),
    "dtype unknown": ({"a": entry("F7")}, "a dtype of 'a' out of BOOL.*got 'F7'"),
    "dtype no text": ({"a": entry(["F32"])}, "a dtype of 'a'"),
    "shape negative": ({"a": entry(shape=[-1])}, "a shape of 'a'"),
    "shape boolean": ({"a": entry(shape=[True])}, "a shape of 'a'"),
    "shape fraction": ({"a": entry(shape=[1.0])}, "a shape of 'a'"),
    "shape huge": ({"a": entry(shape=[2**63])}, "a shape of 'a'"),
    "shape of too many axes": ({"a": entry(shape=[1] * 65)}, "at most 64"),
    "shape overflows": ({"a": entry(shape=[2**62, 2**62])}, "bytes of 'a'"),
    "shape and bytes differ": ({"a": entry(shape=[2])}, "8 bytes of 'a'.*over 4 bytes"),
    "offsets fall": ({"a": entry(offsets=[4, 0])}, "two rising data_offsets"),
    "offsets three": ({"a": entry(offsets=[0, 4, 8])}, "two rising data_offsets"),
    "offsets beyond": (
        {"a": entry(offsets=[0, 4]), "b": entry(offsets=[4, 8])},
        "8 bytes of arrays, got 4: it is trunc",
    ),
    "a hole before": ({"a": entry(offsets=[4, 8])}, "to begin at 0, got 4: there is a hole"),
    "overlap": ({"a": entry(), "b": entry()}, "two arrays on the same bytes"),
    "something appended": ({"a": entry("U8", offsets=[0, 1])}, "something is appended"),
    "neither 0 nor 1": ({"a": entry("BOOL", [4])}, "bytes 0 and 1 in 'a'"),
}


@pytest.mark.parametrize("case", WRONG_HEADERS)
def test_a_wrong_header_is_refused(tmp_path, case):
    header, text = WRONG_HEADERS[case]
    write_file(tmp_path / "bad", header, b"\7" * 4)
    with pytest.raises(nn.FileFormatError, match=text) as caught:
        nn.load_safetensors(tmp_path / "bad")
    assert str(tmp_path / "bad") in str(caught.value)


def test_an_impossible_shape_without_elements(tmp_path):
    write_file(tmp_path / "bad", {"a": entry(shape=[0, 2**62, 4], offsets=[0, 0])})
    with pytest.raises(nn.FileFormatError, match="a possible shape of 'a'"):
        nn.load_safetensors(tmp_path / "bad")


@pytest.mark.parametrize(
    ("content", "text"),
    [
        (b"", "0 bytes: it is truncated"),
        (b"\1\2\3", "3 bytes: it is truncated"),
        (struct.pack("<Q", 10) + b"{}", "a file of 10 bytes: it is truncated"),
        (struct.pack("<Q", 100_000_001) + b"{}", "at most 100000000"),
        (b"\x93NUMPY\1\0 and more", "of another kind, or corrupted"),
    ],
)
def test_a_wrong_beginning_is_refused(tmp_path, content, text):
    (tmp_path / "bad").write_bytes(content)
    with pytest.raises(nn.FileFormatError, match=text):
        nn.load_safetensors(tmp_path / "bad")


@pytest.mark.parametrize("form", ["safetensors", "npz"])
def test_every_truncation_is_noticed(tmp_path, form):
    path = tmp_path / "a"
    getattr(nn, f"save_{form}")({"w": np.ones(3, "f4"), "b": np.array(1)}, path)
    content = path.read_bytes()
    for length in range(len(content)):
        path.write_bytes(content[:length])
        with pytest.raises(nn.FileFormatError):
            getattr(nn, f"load_{form}")(path)


MODEL = nn.Linear(3, 2)


@pytest.mark.parametrize("form", ["safetensors", "npz"])
@settings(max_examples=150, deadline=None)
@given(data=st.data())
def test_a_changed_file_loads_or_is_refused(tmp_path_factory, form, data):
    """Whatever happens to a file: it gives arrays or FileFormatError, and a model takes it whole or not at all."""
    path = tmp_path_factory.mktemp("changed") / f"a.{form}"
    nn.save_weights(MODEL, path)
    content = bytearray(path.read_bytes())
    for _ in range(data.draw(st.integers(1, 3))):
        at = data.draw(st.integers(0, len(content) - 1))
        piece = data.draw(st.binary(max_size=4))
        content[at : at + data.draw(st.integers(0, 4))] = piece
    path.write_bytes(content)
    model = nn.Linear(3, 2)
    before = model.state_dict()
    try:
        nn.load_weights(model, path)
    except (nn.FileFormatError, KeyError, ValueError, TypeError):
        assert_same(model.state_dict(), before)
    else:
        assert [array.shape for array in model.state_dict().values()] == [(2, 3), (2,)]


class TestNpz:
    def test_numpy_reads_it(self, tmp_path):
        state = arrays() | {"c": np.ones(2, complex), "file": np.ones(1), "allow_pickle": np.ones(1)}
        for compressed in (False, True):
            nn.save_npz(state, tmp_path / "a.npz", compressed=compressed)
            with np.load(tmp_path / "a.npz", allow_pickle=False) as found:
                assert_same(dict(found), state)
            assert_same(nn.load_npz(tmp_path / "a.npz"), state)

    def test_it_reads_numpy_s(self, tmp_path):
        state = {name.replace("/", "_"): array for name, array in arrays().items()}
        for save in (np.savez, np.savez_compressed):
            save(tmp_path / "a.npz", **state)
            assert_same(nn.load_npz(tmp_path / "a.npz"), state)

    def test_pickles_are_never_read(self, tmp_path):
        class Trap:
            def __reduce__(self):
                return (os.mkdir, (str(tmp_path / "sprung"),))

        np.savez(tmp_path / "a.npz", x=np.array([Trap()], dtype=object))
        with pytest.raises(nn.FileFormatError, match="objects and records are not read"):
            nn.load_npz(tmp_path / "a.npz")
        assert not (tmp_path / "sprung").exists()

    @pytest.mark.parametrize(
        ("header", "text"),
        [
            ("{'descr': '<f4', 'fortran_order': False, 'shape': (1000000000000,), }", "bytes of elements"),
            ("{'descr': '<f3', 'fortran_order': False, 'shape': (1,), }", "cannot be read"),
            ("{'descr': [('a', '<f4')], 'fortran_order': False, 'shape': (1,), }", "records are not read"),
            ("{'descr': '<U4', 'fortran_order': False, 'shape': (1,), }", "records are not read"),
            ("__import__('os')", "records are not read"),
        ],
    )
    def test_wrong_members(self, tmp_path, header, text):
        content = (header + "\n").encode()
        member = b"\x93NUMPY\1\0" + struct.pack("<H", len(content)) + content + b"\0" * 4
        self.write(tmp_path / "a.npz", {"x.npy": member})
        with pytest.raises(nn.FileFormatError, match=text):
            nn.load_npz(tmp_path / "a.npz")

    def test_other_archives(self, tmp_path):
        for members, text in [
            ({"readme.txt": b"text"}, r"members named \*\.npy"),
            ({"x.npy": b"text"}, "an array in 'x.npy'"),
            ({"x.npy": b"\x93NUMPY\1\0\xff\xff"}, "a header of at most"),
        ]:
            self.write(tmp_path / "a.npz", members)
            with pytest.raises(nn.FileFormatError, match=text):
                nn.load_npz(tmp_path / "a.npz")

    def test_a_name_twice(self, tmp_path):
        content = io.BytesIO()
        np.save(content, np.ones(1))
        with zipfile.ZipFile(tmp_path / "a.npz", "w") as archive:
            archive.writestr("x.npy", content.getvalue())
            with pytest.warns(UserWarning, match="Duplicate"):
                archive.writestr("x.npy", content.getvalue())
        with pytest.raises(nn.FileFormatError, match="every name once"):
            nn.load_npz(tmp_path / "a.npz")

    @staticmethod
    def write(path, members):
        with zipfile.ZipFile(path, "w") as archive:
            for name, content in members.items():
                archive.writestr(name, content)


class TestWeights:
    @pytest.mark.parametrize("suffix", [".safetensors", ".npz", ".SAFETENSORS"])
    def test_round_trip(self, tmp_path, suffix):
        first, second = nn.MLP([3, 4, 2]), nn.MLP([3, 4, 2])
        nn.save_weights(first, tmp_path / f"model{suffix}")
        keys = nn.load_weights(second, tmp_path / f"model{suffix}")
        assert not keys.missing_keys
        assert_same(second.state_dict(), first.state_dict())

    def test_another_suffix(self, tmp_path):
        for function in (nn.save_weights, nn.load_weights):
            with pytest.raises(ValueError, match=r"ends in \.safetensors or \.npz"):
                function(nn.Linear(1, 1), tmp_path / "model.pt")

    @pytest.mark.parametrize(
        ("state", "error", "text"),
        [
            ({"weight": np.ones((2, 3))}, KeyError, "missing"),
            ({"weight": np.ones((2, 3)), "bias": np.ones(2), "more": np.ones(1)}, KeyError, "unexpected"),
            ({"weight": np.ones((2, 3)), "bias": np.ones(3)}, ValueError, "shape"),
            ({"weight": np.ones((2, 3)), "bias": np.ones(2, complex)}, TypeError, "bias of a dtype.*complex128"),
        ],
    )
    def test_a_model_that_differs_is_not_touched(self, tmp_path, state, error, text):
        nn.save_npz(state, tmp_path / "a.npz")
        model = nn.Linear(3, 2)
        before = model.state_dict()
        with pytest.raises(error, match=text):
            nn.load_weights(model, tmp_path / "a.npz")
        assert_same(model.state_dict(), before)

    def test_not_strict(self, tmp_path):
        nn.save_npz({"weight": np.ones((2, 3)), "more": np.ones(1)}, tmp_path / "a.npz")
        model = nn.Linear(3, 2)
        assert nn.load_weights(model, tmp_path / "a.npz", strict=False) == (["bias"], ["more"])
        assert model.weight.dtype == np.float32
        assert model.weight.tolist() == [[1, 1, 1], [1, 1, 1]]


class TestAtomicWriting:
    @pytest.mark.parametrize("moment", ["write", "fsync", "replace"])
    def test_an_error_leaves_the_old_file(self, tmp_path, monkeypatch, moment):
        path = tmp_path / "a"
        nn.save_safetensors({"w": np.zeros(3)}, path)

        def fail(*arguments):
            raise OSError("the disk is full")

        def write_half(*arguments):
            with atomic_writer(path) as file:
                file.write(b"half of it")
                fail()

        if moment == "write":
            monkeypatch.setattr(nn, "save_safetensors", write_half)
        else:
            monkeypatch.setattr(os, moment, fail)
        with pytest.raises(OSError, match="disk"):
            nn.save_safetensors({"w": np.ones(3)}, path)
        assert nn.load_safetensors(path)["w"].tolist() == [0, 0, 0]
        assert list(tmp_path.iterdir()) == [path]

    def test_content_and_name_are_forced_to_the_disk_in_this_order(self, tmp_path, monkeypatch):
        log = []
        real_sync, real_replace = os.fsync, os.replace

        def sync(descriptor):
            log.append("sync folder" if stat.S_ISDIR(os.fstat(descriptor).st_mode) else "sync file")
            real_sync(descriptor)

        def replace(source, target):
            log.append("replace")
            real_replace(source, target)

        monkeypatch.setattr(os, "fsync", sync)
        monkeypatch.setattr(os, "replace", replace)
        nn.save_safetensors({}, tmp_path / "a")
        assert log == ["sync file", "replace", "sync folder"]

    def test_permissions_and_links_stay(self, tmp_path):
        path, link = tmp_path / "a", tmp_path / "link"
        nn.save_safetensors({}, path)
        usual = tmp_path / "usual"
        usual.write_bytes(b"")
        assert path.stat().st_mode == usual.stat().st_mode
        path.chmod(0o640)
        link.symlink_to(path)
        nn.save_safetensors({"w": np.ones(1)}, link)
        assert link.is_symlink()
        assert stat.S_IMODE(path.stat().st_mode) == 0o640
        assert list(nn.load_safetensors(path)) == ["w"]

    def test_a_folder_or_a_device_is_not_replaced(self, tmp_path):
        with pytest.raises(ValueError, match="a folder"):
            nn.save_safetensors({}, tmp_path)
        with pytest.raises(ValueError, match="a device"):
            nn.save_npz({}, os.devnull)
