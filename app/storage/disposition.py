"""Content-Disposition (RFC 6266) for names that people chose."""

import re
import unicodedata
from typing import Literal
from urllib.parse import quote

Disposition = Literal["inline", "attachment"]

# SVG is an image that runs scripts.
INLINE_TYPES = frozenset({"image/jpeg", "image/png", "image/webp", "image/gif"})
UNSAFE_IN_FILE_NAMES = re.compile(r'[<>:"/\\|?*]')
# RFC 8187's attr-char, less the letters and digits that quote() always keeps.
ATTRIBUTE_CHARACTERS = "!#$&+-.^_`|~"
LONGEST_NAME = 150


def content_disposition(filename: str, content_type: str, wanted: Disposition) -> str:
    disposition = wanted if content_type in INLINE_TYPES else "attachment"
    name = safe_name(filename)
    # Some browsers decode a percent sign in the quoted form too.
    plain = name.encode("ascii", "replace").decode().replace("?", "_").replace("%", "_")
    return f"{disposition}; filename=\"{plain}\"; filename*=UTF-8''{quote(name, safe=ATTRIBUTE_CHARACTERS)}"


def safe_name(filename: str) -> str:
    # Controls, line ends, lone surrogates, and the marks that turn "gpj.exe" round.
    shown = "".join(each for each in filename if unicodedata.category(each) not in {"Cc", "Cf", "Cs", "Zl", "Zp"})
    name = UNSAFE_IN_FILE_NAMES.sub("_", shown).strip(" .")
    return shortened(name) or "download"


def shortened(name: str) -> str:
    stem, dot, suffix = name.rpartition(".")
    if not dot or len(suffix) > 10:
        return name[:LONGEST_NAME]
    return f"{stem[: LONGEST_NAME - len(suffix) - 1]}.{suffix}"
