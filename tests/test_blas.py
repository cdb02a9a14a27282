"""Matrix products shared out whole over threads."""

from __future__ import annotations

import multiprocessing
import os
import threading

import numpy as np
import pytest

from autograd_core import blas, blocks


class Library:
    """Stands in for OpenBLAS and remembers what it was told."""

    def __init__(self, count):
        self.count, self.told = count, []

    def get(self):
        return self.count

    def set(self, count):
        self.count = count
        self.told.append(count)


@pytest.fixture
def library(monkeypatch):
    fake = Library(2)
    monkeypatch.setattr(blas, "_library", lambda: fake)
    monkeypatch.setattr(blocks, "_workers", lambda: 3)
    return fake


def test_the_number_of_threads_is_put_back(library):
    assert blas.threads() == 2
    with blas.one_thread():
        assert library.count == 1
        assert blas.threads() == 2  # as it will be again
        with blas.one_thread():
            assert library.count == 1
        assert library.count == 1
    assert library.told == [1, 2]
    with pytest.raises(KeyError), blas.one_thread():
        raise KeyError
    assert library.count == 2


def test_threads_that_overlap_put_it_back_once(library):
    inside, leave = threading.Event(), threading.Event()

    def hold():
        with blas.one_thread():
            inside.set()
            leave.wait(10)

    thread = threading.Thread(target=hold)
    thread.start()
    inside.wait(10)
    with blas.one_thread():
        leave.set()
        thread.join(10)
        assert library.count == 1
    assert library.told == [1, 2]


@pytest.mark.parametrize("threads", [1, 2, 3, 4])
@pytest.mark.parametrize(("start", "stop"), [(0, 0), (0, 1), (3, 5), (0, 7), (2, 32)])
def test_stretches_cover_everything_in_order(library, threads, start, stop):
    library.count = threads
    found = blas.in_stretches(lambda low, high: (low, high, library.count), start, stop, least=2)
    assert [n for low, high, _ in found for n in range(low, high)] == list(range(start, stop))
    assert len(found) == (threads if 1 < threads <= 3 and stop - start >= 2 * threads else 1)
    assert all(count == (1 if threads <= 3 else threads) for _, _, count in found)
    assert library.count == threads


def _exit_with_threads():
    os._exit(10 * blas.threads() + blas._library().get())


@pytest.mark.skipif(not hasattr(os, "fork"), reason="there is no fork here")
@pytest.mark.filterwarnings("ignore:.*fork:DeprecationWarning")
def test_a_process_forked_while_another_thread_is_inside(library):
    inside, leave = threading.Event(), threading.Event()

    def hold():
        with blas.one_thread():
            inside.set()
            leave.wait(20)

    thread = threading.Thread(target=hold)
    thread.start()
    inside.wait(10)
    child = multiprocessing.get_context("fork").Process(target=_exit_with_threads)
    child.start()
    child.join(timeout=20)
    code = child.exitcode
    child.kill()
    leave.set()
    thread.join(10)
    assert code == 22
    assert library.told == [1, 2]


def test_errors_come_through(library):
    def fail(low, high):
        raise ValueError(low)

    with pytest.raises(ValueError, match=r"0|5"):
        blas.in_stretches(fail, 0, 10)
    assert library.count == 2


def test_without_a_library_that_can_be_told(monkeypatch):
    monkeypatch.setattr(blas, "_library", lambda: None)
    assert blas.threads() == 1
    with blas.one_thread():
        assert blas.threads() == 1
    assert blas.in_stretches(lambda low, high: (low, high), 0, 9) == [(0, 9)]


def test_the_library_of_this_numpy():
    before = blas.threads()
    assert before >= 1
    x = np.random.default_rng(0).standard_normal((64, 64))
    with blas.one_thread():
        np.testing.assert_allclose(x @ x, np.einsum("ij,jk->ik", x, x), atol=1e-12)
    assert blas.threads() == before
