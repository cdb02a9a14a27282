"""``config``, and what notebooks are given to show."""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Callable

from .arguments import one_of

DISPLAYS = ("auto", "player", "picture", "svg", "png", "text")

_display = "auto"


class config:
    """Set what pictures, players and tables give a notebook to show: from now on, or within a ``with`` block.

    A notebook is given several forms of one thing and shows the best that it can: the player, a picture, or the
    table. Some hosts choose badly, since they spoil what they show: those that write a script out as text, or
    that take pictures out of HTML. For these, choose less.

    ===========  ================================================================================================
    ``display``  what is given
    ===========  ================================================================================================
    "auto"       everything: HTML with a picture that a script brings to life, SVG, text
    "player"     HTML with a picture that a script brings to life, and text; no SVG that could be preferred
    "picture"    HTML with a picture and no script, SVG, text
    "svg"        SVG and text, for hosts that remove tags from HTML; of tables text
    "png"        PNG and text, for hosts that show no SVG; needs the program ``dot`` or the package cairosvg
    "text"       text
    ===========  ================================================================================================

    Args:
        display: one of these; left out, nothing is changed.

    Attributes:
        display: what is in force.

    Raises:
        ValueError: for another word.

    >>> import autograd_core as ag, viz
    >>> x = ag.tensor(3.0, requires_grad=True, name="x")
    >>> with viz.config(display="text"):
    ...     list(viz.play(x * x)._repr_mimebundle_())
    ['text/plain']
    >>> viz.config()
    viz.config(display='auto')
    """

    def __init__(self, *, display: str | None = None) -> None:
        global _display
        if display is not None:
            one_of("config", "display", display, DISPLAYS)
        self._before = _display
        _display = display or _display

    @property
    def display(self) -> str:
        return _display

    def __enter__(self) -> config:
        return self

    def __exit__(self, *_: object) -> None:
        global _display
        _display = self._before

    def __repr__(self) -> str:
        return f"viz.config(display={_display!r})"


Form = Callable[[], str]


def bundle(
    text: Form,
    *,
    page: Form | None = None,
    still: Form | None = None,
    svg: Form | None = None,
    png: Callable[[], bytes] | None = None,
) -> dict[str, str]:
    """What a notebook is given of one thing, by MIME type, as the configuration wants it.

    Args:
        text: makes the plain text.
        page: makes HTML with a script, ``still`` such without.
        svg, png: make these.
    """
    encoded = None if png is None else lambda: b64encode(png()).decode()  # as notebooks store it
    choices: dict[str, tuple[tuple[str, Form | None], ...]] = {
        "auto": (("text/html", page or still), ("image/svg+xml", svg)),
        "player": (("text/html", page or still),),
        "picture": (("text/html", still), ("image/svg+xml", svg)),
        "svg": (("image/svg+xml", svg),),
        "png": (("image/png", encoded),),
        "text": (),
    }
    return {kind: form() for kind, form in (*choices[_display], ("text/plain", text)) if form is not None}
