"""How YAML's core schema writes text, numbers, truth values and nothing; both directions."""

import json
import math
import re

from vedette.types.graph import Scalar

WORDS: dict[str, bool | float | None] = {
    **dict.fromkeys(("", "~", "null", "Null", "NULL"), None),
    **dict.fromkeys(("true", "True", "TRUE"), True),
    **dict.fromkeys(("false", "False", "FALSE"), False),
    **dict.fromkeys((".inf", ".Inf", ".INF", "+.inf", "+.Inf", "+.INF"), math.inf),
    **dict.fromkeys(("-.inf", "-.Inf", "-.INF"), -math.inf),
    **dict.fromkeys((".nan", ".NaN", ".NAN"), math.nan),
}
_WHOLE = re.compile(r"[-+]?[0-9]+|0o[0-7]+|0x[0-9a-fA-F]+")
_NUMBER = re.compile(r"[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?")
_PLAIN = re.compile(
    r"(?:[A-Za-z_/]|\.\.?/)(?:[\w./+@-]|(?<=\S) (?=[\w./+-])|:(?=[\w/]))*", re.ASCII
)
_RAW = re.compile(r"[^\x20-\x7e\xa0-\ud7ff\ue000-\ufefe\uff00-\ufffd\U00010000-\U0010ffff]")
_MOST_DIGITS = 300
_OLD_WORDS = {"y", "n", "yes", "no", "on", "off"}
"""Truth values of YAML 1.1, quoted for readers of that."""


def scalar(text: str) -> Scalar | None:
    """What unquoted text stands for.

    >>> [scalar(text) for text in ("12", "0x1f", "1e-3", "yes", "true", "~", "12:30")]
    [12, 31, 0.001, 'yes', True, None, '12:30']
    """
    if text in WORDS:
        return WORDS[text]
    if _WHOLE.fullmatch(text):
        if len(text) > _MOST_DIGITS:
            return -math.inf if text.startswith("-") else math.inf
        return int(text, {"0o": 8, "0x": 16}.get(text[:2], 10))
    return float(text) if _NUMBER.fullmatch(text) else text


def written(value: Scalar | None) -> str:
    """Text that :func:`scalar`, or a YAML parser where it is quoted, reads as ``value``.

    >>> [written(value) for value in (12, 1e-5, None, True, "true", "camera 1", "a: b")]
    ['12', '1e-05', 'null', 'true', '"true"', 'camera 1', '"a: b"']
    """
    if isinstance(value, str):
        is_plain = (
            _PLAIN.fullmatch(value) and value not in WORDS and value.lower() not in _OLD_WORDS
        )
        return value if is_plain else _quoted(value)
    if isinstance(value, float) and not math.isfinite(value):
        return ".nan" if math.isnan(value) else ".inf" if value > 0 else "-.inf"
    return json.dumps(value)


def _quoted(text: str) -> str:
    return _RAW.sub(_escaped, json.dumps(text, ensure_ascii=False))


def _escaped(match: re.Match[str]) -> str:
    return f"\\u{ord(match.group()):04x}"
