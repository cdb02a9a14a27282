"""Threads that read batches ahead of their use."""

from __future__ import annotations

import queue
import threading
import weakref
from collections.abc import Callable
from typing import Any

from autograd_core.errors import explain

PATIENCE = 5.0
"""Seconds to wait for a worker that is still reading when the loader is done with it."""


class WorkerPool:
    """Threads that work on numbered tasks and hand back results by number.

    The pool ends with ``close``, with the last reference to it, or with the program, whichever comes first.

    Args:
        count: how many threads.
        work: is called with the task's number and the task, in some thread.
        start: is called with the thread's number in each thread first, if given.
        timeout: seconds to wait for a result, 0 for any length of time.
    """

    def __init__(
        self, count: int, work: Callable[[int, Any], Any], start: Callable[[int], Any] | None, timeout: float
    ) -> None:
        self._tasks: queue.SimpleQueue[Any] = queue.SimpleQueue()
        self._results: queue.SimpleQueue[Any] = queue.SimpleQueue()
        self._early: dict[int, tuple[Any, BaseException | None]] = {}
        self._timeout = timeout
        stop = threading.Event()
        # The threads know the queues, not the pool, so that an abandoned pool is collected and ends them.
        threads = [
            threading.Thread(
                target=_serve,
                args=(number, self._tasks, self._results, stop, work, start),
                name=f"DataLoader worker {number}",
                daemon=True,
            )
            for number in range(count)
        ]
        self.close = weakref.finalize(self, _shut_down, self._tasks, stop, threads)
        for thread in threads:
            thread.start()

    def submit(self, number: int, task: Any) -> None:
        """Have a task done."""
        self._tasks.put((number, task))

    def result(self, number: int) -> Any:
        """Wait for the result of a task.

        Raises:
            TimeoutError: if it does not come in time.
            BaseException: what the task raised, with the worker's traceback.
        """
        while number not in self._early:
            try:
                finished, value, error = self._results.get(timeout=self._timeout or None)
            except queue.Empty:
                raise TimeoutError(
                    explain(
                        "DataLoader",
                        expected=f"a batch within {self._timeout} seconds",
                        got="none",
                        remedy="pass a greater timeout, or look for what blocks the data set",
                    )
                ) from None
            if finished is None:  # a worker could not start
                raise error
            self._early[finished] = value, error
        value, error = self._early.pop(number)
        if error is not None:
            raise error
        return value


def _serve(
    worker: int,
    tasks: queue.SimpleQueue[Any],
    results: queue.SimpleQueue[Any],
    stop: threading.Event,
    work: Callable[[int, Any], Any],
    start: Callable[[int], Any] | None,
) -> None:
    """What a worker does until it is told to stop."""
    try:
        if start is not None:
            start(worker)
    except BaseException as error:
        error.add_note(f"This came from worker_init_fn in worker {worker} of a DataLoader.")
        results.put((None, None, error))
        return
    while True:
        task = tasks.get()
        if task is None or stop.is_set():
            return
        number, argument = task
        result: tuple[int, Any, BaseException | None]
        try:
            result = number, work(number, argument), None
        except BaseException as error:
            error.add_note(f"This came from worker {worker} of a DataLoader, while it read batch {number}.")
            result = number, None, error
        results.put(result)
        del task, argument, result  # a waiting worker keeps no batch alive


def _shut_down(tasks: queue.SimpleQueue[Any], stop: threading.Event, threads: list[threading.Thread]) -> None:
    stop.set()
    for _ in threads:
        tasks.put(None)
    for thread in threads:
        if thread is not threading.current_thread() and thread.ident is not None:
            thread.join(PATIENCE)
