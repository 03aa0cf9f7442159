"""What a browser is, in words for the person who uses it."""

import re

# Each also names some of those below it.
_BROWSERS = {
    "Edge": r"Edg(A|iOS)?/",
    "Opera": r"OPR/",
    "Samsung Internet": r"SamsungBrowser/",
    "Firefox": r"Firefox/|FxiOS/",
    "Chrome": r"Chrom(e|ium)/|CriOS/",
    "Safari": r"Safari/",
}
_SYSTEMS = {
    "iPhone": "iPhone",
    "iPad": "iPad",
    "Android": "Android",
    "Windows": "Windows",
    "macOS": "Macintosh",
    "ChromeOS": "CrOS",
    "Linux": "Linux",
}
UNKNOWN = "Unknown browser"


def in_words(user_agent: str) -> str:
    """The browser and its system, as it says of itself (RFC 9110, 10.1.5); nothing of its own words is in it."""
    browser, system = (_named(known, user_agent) for known in (_BROWSERS, _SYSTEMS))
    return f"{browser or UNKNOWN} on {system}" if system else browser or UNKNOWN


def _named(known: dict[str, str], user_agent: str) -> str | None:
    return next((name for name, pattern in known.items() if re.search(pattern, user_agent)), None)
