"""Scripts and their data inside of HTML, in few bytes."""

from __future__ import annotations

import base64
import zlib
from pathlib import Path
from typing import Any

from .text import as_json

HERE = Path(__file__).parent


def packed(data: Any) -> str:
    """``data`` as compressed JSON in letters and digits, which nothing mistakes for markup.

    In a script, ``await unpack(text)`` gives them back.

    >>> zlib.decompress(base64.b64decode(packed({"λ": [1, 2]}))).decode()
    '{"λ":[1,2]}'
    """
    text = as_json(data, separators=(",", ":"))
    return base64.b64encode(zlib.compress(text.encode(), 9)).decode()


def script(*paths: Path) -> str:
    """The text of scripts, one after the other, without comments and indentation; ``unpack`` is there for them."""
    texts = [path.read_text(encoding="utf-8") for path in (HERE / "unpack.js", *paths)]
    lines = (line.strip() for text in texts for line in text.splitlines())
    return "\n".join(line for line in lines if line and not line.startswith("//"))
