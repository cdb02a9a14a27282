"""``Elementwise``: optimizers whose rule treats every number of the parameters alike."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import partial
from typing import Any

from .flat import FlatParameters, FlatStates, scratch
from .optimizer import Group, Optimizer

__all__ = ["Elementwise", "State"]

State = Callable[[str], Any]  # name -> the stretch of that array of state


class Elementwise(Optimizer):
    """Base class of optimizers whose rule treats every number of the parameters alike.

    A subclass defines ``update``, the rule for a stretch of numbers. The parameters of a group and their state
    are kept one after the other in flat arrays, so that one call of the rule serves many small parameters, and
    large ones are updated in pieces that stay in the processor's cache (``optim/flat.py``). A complex parameter
    counts as twice as many real ones.

    Args:
        params: Tensors, or parameter groups.
        defaults: the hyper-parameters of groups that do not name their own.
        nonfinite: ``"allow"``, ``"skip"`` or ``"raise"``, as for ``Optimizer``.

    >>> import autograd_core as ag, optim
    >>> class Descent(optim.Elementwise):
    ...     def update(self, group, numbers, p, g, state, scratch):
    ...         p -= group["lr"] * g
    >>> w = ag.tensor([1.0, 2.0], requires_grad=True)
    >>> optimizer = Descent([w], {"lr": 0.1})
    >>> table = (w * w).sum().backward()
    >>> optimizer.step()
    >>> w
    tensor([0.8, 1.6], requires_grad=True)
    """

    def __init__(self, params: Iterable[Any], defaults: dict[str, Any], *, nonfinite: str = "allow") -> None:
        self._flat: list[list[FlatParameters]] = []
        self._concludes = type(self).conclude is not Elementwise.conclude
        super().__init__(params, defaults, nonfinite=nonfinite)

    def add_param_group(self, group: Group) -> None:
        """Add Tensors with hyper-parameters of their own: see ``Optimizer.add_param_group``."""
        super().add_param_group(group)
        self._flat.append([])

    # -- what a subclass defines -------------------------------------------------------------------

    def update(self, group: Group, numbers: Group, p: Any, g: Any, state: State, scratch: list[Any]) -> None:
        """Change the stretch ``p`` of parameters in place.

        Args:
            group: the hyper-parameters.
            numbers: the numbers that are remembered of these parameters, ``numbers["step"]`` being how many
                updates they have had, this one included.
            p: parameters, flat.
            g: their gradient, flat; not to be changed.
            state: ``state(name)`` is the stretch of the state of that name, zeros at first.
            scratch: three arrays of the same length for intermediate results.
        """
        raise TypeError(f"{type(self).__name__} defines no update")

    def numbers(self, group: Group) -> dict[str, Any]:
        """What is remembered of a parameter besides arrays, before its first update; a ``"step"`` is needed."""
        return {"step": 0}

    def advance(self, group: Group, numbers: dict[str, Any]) -> None:
        """Change the numbers of a parameter right before an update."""
        numbers["step"] += 1

    def conclude(self, group: Group, numbers: dict[str, Any]) -> None:
        """Change the numbers of a parameter right after an update."""

    # ----------------------------------------------------------------------------------------------

    def _apply(self, gradients: Sequence[Sequence[Any]]) -> None:
        for position, group in enumerate(self.param_groups):
            for flat in self._attached(position):
                self._update_flat(group, flat, gradients[position])

    def _update_flat(self, group: Group, flat: FlatParameters, gradients: Sequence[Any]) -> None:
        present = flat.present(gradients)
        for i in present:
            self.advance(group, flat.numbers[i])

        # One block after the other: with a block a thread, two threads wait longer for each other between the
        # dozen short operations of a rule than they save.
        buffer, *arrays = scratch(flat.real_dtype)
        for block in flat.plan(present):
            p = flat.real[block.start : block.stop]
            g = flat.gather(block, gradients, buffer)
            numbers = flat.numbers[block.pieces[0].position]
            self.update(group, numbers, p, g, partial(flat.stretch, block), [array[: len(p)] for array in arrays])
        if self._concludes:
            for i in present:
                self.conclude(group, flat.numbers[i])

    def _attached(self, position: int) -> list[FlatParameters]:
        """The flat arrays of a group, laid out anew if a parameter changed its dtype."""
        flats = self._flat[position]
        if not flats or any(p._data.dtype is not flat.values.dtype for flat in flats for p in flat.parameters):
            group = self.param_groups[position]
            old = {id(p): flat.state_of(i) for flat in flats for i, p in enumerate(flat.parameters)}
            by_dtype: dict[Any, list[int]] = {}
            for index, parameter in enumerate(group["params"]):
                by_dtype.setdefault(parameter.dtype, []).append(index)
            self._flat[position] = flats = [
                FlatParameters([group["params"][i] for i in indices], indices, self.numbers(group))
                for indices in by_dtype.values()
            ]
            self._write(flats, old)
        for flat in flats:
            flat.attach()
        return flats

    @staticmethod
    def _write(flats: Sequence[FlatParameters], entries: Mapping[int, Mapping[str, Any]]) -> None:
        for flat in flats:
            for i, parameter in enumerate(flat.parameters):
                if id(parameter) in entries:
                    flat.restore(i, entries[id(parameter)])

    @property
    def state(self) -> Any:
        """Parameter -> its numbers and its arrays, for those that were updated.

        The numbers and arrays may be changed, ``state[p]["step"] = 0``; what is assigned is copied into the flat
        arrays. Parameters are not added or taken away here.
        """
        return FlatStates(
            {
                parameter: flat.state_of(i)
                for flats in self._flat
                for flat in flats
                for i, parameter in enumerate(flat.parameters)
                if flat.numbers[i]["step"]
            }
        )

    def _read_state(self, group: Group, parameter: Any, entry: dict[str, Any], number: Any) -> dict[str, Any]:
        numbers = self.numbers(group)
        return {
            key: self._fitted(key, number, value, numbers.get(key, parameter._data)) for key, value in entry.items()
        }

    def _restore(self, entries: Mapping[int, dict[str, Any]]) -> None:
        self._flat = [[] for _ in self.param_groups]
        for position in range(len(self.param_groups)):
            self._write(self._attached(position), entries)
