"""What modules say when something is wrong: misspelt names, modules that would be lost, where an error arose."""

from __future__ import annotations

import difflib
import sys
from collections.abc import Iterable
from itertools import chain
from typing import Any

from autograd_core.errors import explain

SHOWN = 20  # names listed in an error; more are counted


def listed(names: Iterable[str]) -> str:
    """Names as text, the first twenty of them."""
    names = list(names)
    more = f" and {len(names) - SHOWN} more" if len(names) > SHOWN else ""
    return ", ".join(names[:SHOWN]) + more


def closest(name: str, names: Iterable[str]) -> str | None:
    """The name that ``name`` may be a misspelling of, for a suggestion in an error."""
    found = difflib.get_close_matches(name, list(names), n=1, cutoff=0.6)
    return found[0] if found else None


def did_you_mean(name: str, names: Iterable[str]) -> str:
    """``" Did you mean 'weight'?"``, or nothing."""
    meant = closest(name, names)
    return "" if meant is None else f" Did you mean {meant!r}?"


class UnknownAttributeError(AttributeError):
    """A module has no attribute of that name. The text is made when it is asked for, ``hasattr`` being common."""

    def __init__(self, module: Any, name: str) -> None:
        super().__init__(f"{type(module).__name__} has no attribute {name!r}.")
        self._module = module
        self._name = name

    def __str__(self) -> str:
        held = held_names(self._module)
        suggestion = did_you_mean(self._name, [*held, *dir(type(self._module))])
        return f"{self.args[0]}{suggestion} It holds {listed(held) or 'no parameters yet'}."

    def __reduce__(self) -> Any:  # a pickle carries the text, not the module
        return AttributeError, (str(self),)


def held_names(module: Any) -> list[str]:
    """The parameters, buffers and submodules of a module and its public plain attributes."""
    own = module.__dict__
    registries = (own.get(registry, ()) for registry in ("_parameters", "_buffers", "_modules"))
    plain = (name for name in own if not name.startswith("_") and name != "training")
    return list(chain(*registries, plain))


# -- names that are written --------------------------------------------------------------------------


def check_name(module: Any, name: str, kind: str, free: bool = False) -> None:
    """Raise unless a parameter, buffer or submodule can be held under ``name``.

    Args:
        module: what is to hold it.
        name: the name.
        kind: what it is, for the error.
        free: whether no other attribute may have the name.

    Raises:
        TypeError: for a name that is no string.
        ValueError: for an empty name, one with a dot, and one that the class itself uses, or another attribute.
    """
    owner = type(module).__name__
    if not isinstance(name, str):
        raise TypeError(
            explain(f"{owner}: name of a {kind}", expected="a string", got=repr(name), remedy=f"pass {str(name)!r}")
        )
    if not name or "." in name:
        raise ValueError(
            explain(
                f"{owner}: name of a {kind}",
                expected="a name without dots, which stand between the names in a path",
                got=repr(name),
                remedy=f"pass {(name.replace('.', '_') or kind)!r}",
            )
        )
    if any(name in base.__dict__ for base in type(module).__mro__):
        raise ValueError(
            explain(
                f"{owner}: name of a {kind}",
                expected="one that the class does not use itself",
                got=f"{name!r}, an attribute of the class, which would hide it",
                remedy=f"choose another name, such as {name + '_'!r}",
            )
        )
    own = module.__dict__
    if free and (name in own or any(name in own[other] for other in ("_parameters", "_buffers", "_modules"))):
        raise ValueError(
            explain(
                f"{owner}: name of a {kind}",
                expected="a name that is free",
                got=f"{name!r}, which another attribute has",
                remedy=f"choose another name, or del module.{name} first",
            )
        )


def check_new_attribute(module: Any, name: str) -> None:
    """Raise if a new attribute looks like a misspelling of one that is there already. Not while ``__init__`` runs.

    Raises:
        AttributeError: naming the attribute that seems to be meant.
    """
    if name.startswith("_"):
        return
    names = (*held_names(module), "training", "train", "forward")
    meant = next((known for known in names if one_slip(name, known)), None)
    if meant is None or being_constructed(module):
        return
    raise AttributeError(
        explain(
            f"{type(module).__name__}.{name} = ...",
            expected=f"{meant!r}, which is there" if meant != "train" else "train(mode) or training = ...",
            got=f"the new name {name!r}, which looks like a misspelling of it",
            remedy=f"write {meant!r}; if the new name is meant, set it in __init__, enter it with register_parameter, "
            f"register_buffer or add_module, or call object.__setattr__(module, {name!r}, value)",
        )
    )


def one_slip(name: str, known: str) -> bool:
    """Whether ``name`` is ``known`` with one slip of the fingers.

    A slip is: two neighbouring letters exchanged; one letter or underscore too many, left out or wrong
    inside a word. What tells names apart on purpose is none: digits (``conv1``, ``conv2``), single
    letters (``w_q``, ``w_k``), beginnings and endings of words (``encoder``, ``decoder``, ``weights``).

    >>> one_slip("wieght", "weight"), one_slip("traning", "training"), one_slip("conv1", "conv2")
    (True, True, False)
    """
    if name == known or min(len(name), len(known)) < 4:
        return False
    if len(name) == len(known):
        apart = [i for i, (a, b) in enumerate(zip(name, known)) if a != b]
        if len(apart) == 2 and apart[1] == apart[0] + 1:
            i, j = apart
            return name[i] == known[j] and name[j] == known[i] and (name[i] + name[j]).isalpha()
        return len(apart) == 1 and _inside_word(known, apart[0]) and name[apart[0]].isalpha()
    short, long = sorted((name, known), key=len)
    if len(long) != len(short) + 1:
        return False
    place = next((i for i, (a, b) in enumerate(zip(short, long)) if a != b), len(short))
    if long[:place] + long[place + 1 :] != short:
        return False
    return _inside_word(long, place) or (long[place] == "_" and 0 < place < len(short))


def _inside_word(name: str, place: int) -> bool:
    """Whether a letter stands neither first nor last in a word of at least four."""
    start = name.rfind("_", 0, place) + 1
    stop = name.find("_", place)
    stop = len(name) if stop < 0 else stop
    return name[place].isalpha() and stop - start >= 4 and start < place < stop - 1


def being_constructed(module: Any) -> bool:
    """Whether an ``__init__`` of ``module`` is running. Looks through the stack, so it is asked last."""
    frame = sys._getframe(1)
    while frame is not None:
        code = frame.f_code
        if code.co_name == "__init__" and code.co_argcount and frame.f_locals.get(code.co_varnames[0]) is module:
            return True
        frame = frame.f_back  # type: ignore[assignment]
    return False


def check_not_lost(module: Any, name: str, value: Any, kinds: tuple[type, ...]) -> None:
    """Raise if a plain list, tuple, set or dict holds modules or parameters that ``module`` does not know of.

    Args:
        module: to be given the attribute.
        name: of the attribute.
        value: the list.
        kinds: the classes of parameters and modules.

    Raises:
        TypeError: since they would be left out of ``parameters()``, ``state_dict()``, ``to()`` and ``train()``.
    """
    found = []
    pending = [value]
    while pending:
        for item in _items(pending.pop()):
            if isinstance(item, kinds):
                found.append(item)
            elif isinstance(item, list | tuple | set | dict):
                pending.append(item)
    if not found:
        return
    known = {id(item) for item in chain(module.modules(), module.parameters())}
    lost = [item for item in found if id(item) not in known]
    if not lost:
        return
    parameters = isinstance(lost[0], kinds[0])
    what = "Parameter" if parameters else "Module"
    container = f"{'Parameter' if parameters else 'Module'}{'Dict' if isinstance(value, dict) else 'List'}"
    raise TypeError(
        explain(
            f"{type(module).__name__}.{name}",
            expected=f"an nn.{container}, so that parameters(), state_dict(), to() and train() find what it holds",
            got=f"a plain {type(value).__name__} that holds a {what} ({type(lost[0]).__name__})",
            remedy=f"write nn.{container}(...); if it is to be kept out of the module on purpose, call "
            f"object.__setattr__(module, {name!r}, value)",
        )
    )


def _items(container: Any) -> Iterable[Any]:
    return container.values() if isinstance(container, dict) else container


# -- where an error arose ------------------------------------------------------------------------------


def note_module(error: Exception, module: Any) -> None:
    """Add a note that says in which module an error arose: the path of the innermost one, seen from the outermost.

    Called by every module that the error passes, from the inside out; it writes one note and mends it.
    """
    attributes = getattr(error, "__dict__", None)
    if attributes is None:
        return
    trail = attributes.get("_module_trail")
    if trail is None:
        trail = (id(module), "", _brief(module), None)
    else:
        passed, path, innermost, _ = trail
        above = next((name for name, inner in module.named_modules() if id(inner) == passed), "")
        if not above:  # not one of its submodules: a function that was passed in, or the same error raised again
            return
        trail = (id(module), f"{above}.{path}" if path else above, innermost, trail[3])
    _, path, innermost, before = trail
    note = f"In module {path!r} of {type(module).__name__}: {innermost}" if path else f"In module {innermost}"
    try:
        notes = getattr(error, "__notes__", [])
        if before in notes:
            notes[notes.index(before)] = note
        else:
            error.add_note(note)
    except (AttributeError, TypeError):  # an exception that cannot be given attributes
        return
    attributes["_module_trail"] = (*trail[:3], note)


def _brief(module: Any) -> str:
    """A module on one line, whatever state the error has left it in."""
    try:
        text = module.extra_repr()
    except Exception:
        text = "..."
    return f"{type(module).__name__}({' '.join(text.split())})"
