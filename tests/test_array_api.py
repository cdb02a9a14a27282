"""What the array API standard asks beyond NumPy's behaviour, and the runner of its test suite."""

from __future__ import annotations

import inspect
import re

import numpy as np
import pytest

import autograd_core as ag
from conformance import array_api_suite

ACCUMULATIONS = ["cumsum", "cumprod", "nancumsum", "nancumprod", "sum", "prod", "nansum", "nanprod"]


@pytest.mark.parametrize("dtype", ["int8", "uint8", "int32", "float32", "bool"])
@pytest.mark.parametrize("name", ACCUMULATIONS)
def test_an_accumulation_has_the_dtype_that_was_asked_for(name, dtype):
    x = np.array([[1, 2, 3], [100, 50, 200]])
    expected = getattr(np, name)(x, axis=1, dtype=dtype)
    for got in (getattr(ag, name)(ag.tensor(x), axis=1, dtype=dtype), getattr(np, name)(ag.tensor(x), 1, dtype)):
        assert got.dtype == expected.dtype
        np.testing.assert_array_equal(got.numpy(), expected)


@pytest.mark.parametrize("dtype", ["uint8", "int16", "float32"])
@pytest.mark.parametrize("initial", [False, True])
@pytest.mark.parametrize("name", ["cumulative_sum", "cumulative_prod"])
def test_a_cumulative_function_has_the_dtype_that_was_asked_for(name, initial, dtype):
    out = getattr(ag, name)(ag.tensor(np.arange(4, dtype="uint8")), dtype=dtype, include_initial=initial)
    assert out.dtype == np.dtype(dtype)


@pytest.mark.parametrize("dtype", ["uint8", "int16", "float32"])
def test_a_sum_has_the_dtype_that_was_asked_for_whatever_else_was(dtype):
    x = np.array([[200, 100], [3, 4]], dtype="uint8")
    cases = {
        "trace": {},
        "sum": {"initial": 3, "where": np.array([True, False]), "keepdims": True},
        "prod": {"initial": 3, "axis": 0},
    }
    for name, options in cases.items():
        expected = getattr(np, name)(x, dtype=dtype, **options)
        got = getattr(ag, name)(ag.tensor(x), dtype=dtype, **options)
        assert got.dtype == expected.dtype, name
        np.testing.assert_array_equal(got.numpy(), expected)


def test_an_accumulation_in_another_dtype_passes_the_gradient():
    x = ag.tensor([1.0, 2.0, 3.0], dtype="float32", requires_grad=True)
    ag.cumsum(x, dtype="float64").sum().backward()
    assert x.grad.dtype == np.float32
    assert x.grad.tolist() == [3.0, 2.0, 1.0]


@pytest.mark.parametrize("dtype", ["float16", "float32", "float64", "complex64"])
def test_the_limits_of_a_dtype_are_python_floats(dtype):
    limits, expected = ag.finfo(ag.zeros(2, dtype=dtype)), np.finfo(dtype)
    for name in ("eps", "max", "min", "smallest_normal", "tiny"):
        value = getattr(limits, name)
        assert type(value) is float
        assert value == float(getattr(expected, name))
    assert (limits.bits, limits.dtype) == (expected.bits, expected.dtype)
    assert repr(limits) == repr(expected)
    with pytest.raises(AttributeError, match="nothing"):
        _ = limits.nothing


def test_dlpack_takes_the_arguments_of_the_standard():
    names = list(inspect.signature(ag.Tensor.__dlpack__).parameters)
    assert names == ["self", "stream", "max_version", "dl_device", "copy"]
    x = ag.tensor([1.0, 2.0])
    np.testing.assert_array_equal(np.from_dlpack(x), [1.0, 2.0])
    assert type(x.__dlpack__(stream=None)).__name__ == "PyCapsule"


# -- the suite -------------------------------------------------------------------------------------


def test_a_suite_that_cannot_be_had_is_skipped_with_a_reason(tmp_path, monkeypatch, capfd):
    monkeypatch.delenv("ARRAY_API_TESTS", raising=False)
    monkeypatch.setattr(array_api_suite, "REPOSITORY", str(tmp_path / "no repository"))
    monkeypatch.setattr(array_api_suite, "ROOT", tmp_path)
    assert array_api_suite.main([]) == 0
    assert re.search(r"suite was skipped: git .+\n.+set ARRAY_API_TESTS", capfd.readouterr().out)
    assert list((tmp_path / "build").iterdir()) == []


def test_a_folder_without_the_suite_is_an_error(tmp_path, monkeypatch):
    monkeypatch.setenv("ARRAY_API_TESTS", str(tmp_path))
    with pytest.raises(FileNotFoundError, match="expected a clone of"):
        array_api_suite.main([])


def test_the_suite_runs_from_a_folder_and_its_failure_is_told(tmp_path, monkeypatch):
    tests = tmp_path / "array_api_tests"
    tests.mkdir()
    (tests / "__init__.py").write_text("")
    (tmp_path / "conftest.py").write_text(
        "def pytest_addoption(parser):\n"
        "    parser.addoption('--max-examples')\n"
        "    parser.addoption('--disable-deadline', action='store_true')\n"
        "    parser.addoption('--xfails-file')\n"
    )
    (tests / "test_one.py").write_text(
        "import importlib, os\n"
        "def test_namespace():\n"
        "    xp = importlib.import_module(os.environ['ARRAY_API_TESTS_MODULE'])\n"
        "    assert xp.asarray([1.0]).__array_namespace__() is xp\n"
        "def test_wrong():\n"
        "    assert False\n"
    )
    monkeypatch.setenv("ARRAY_API_TESTS", str(tmp_path))
    assert array_api_suite.main(["-k", "namespace"]) == 0
    assert array_api_suite.main([]) == 1


def test_every_known_failure_has_a_reason():
    lines = array_api_suite.KNOWN_FAILURES.read_text(encoding="utf-8").splitlines()
    for before, line in zip(["", *lines], lines):
        assert not line.strip() or line.startswith("#") or before.strip(), f"no comment above {line}"
        assert not line.strip() or line.startswith(("#", "array_api_tests/test_")), line
