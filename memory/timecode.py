"""Times as people write them: parsing and printing seconds on the video's clock.

Owns the three written forms ("90", "1:30", "0:01:30.5"). What a time means is said in `types`.
"""

import re

from rewatch.memory.errors import TimecodeError

_FORM = re.compile(r"(?:(?:(\d+):)?(\d{1,2}):)?(\d+(?:\.\d+)?)", re.ASCII)


def parse_seconds(text: str) -> float:
    """Parse "90", "1:30" or "0:01:30.5" into seconds.

    Args:
        text: Seconds, minutes:seconds, or hours:minutes:seconds, with an optional decimal part.

    Returns:
        Seconds, never negative.

    Raises:
        TimecodeError: The text has none of these forms, or a part after a colon reaches 60.
    """
    match = _FORM.fullmatch(text.strip())
    if match is None:
        raise TimecodeError(f"{text!r} is not a time; write 90, 1:30 or 0:01:30.5")
    hours, minutes, seconds = (float(part) if part else 0.0 for part in match.groups())
    if (match[2] is not None and seconds >= 60) or (match[1] is not None and minutes >= 60):
        raise TimecodeError(f"{text!r} is not a time; minutes and seconds after a colon stay below 60")
    return hours * 3600 + minutes * 60 + seconds


def format_seconds(seconds: float, *, decimals: int = 0) -> str:
    """Print seconds as "1:30" or "1:01:30", rounded to `decimals`; the parser reads it back."""
    scale: int = 10**decimals
    ticks = round(max(seconds, 0.0) * scale)
    whole, fraction = divmod(ticks, scale)
    minutes, rest = divmod(whole, 60)
    hours, minutes = divmod(minutes, 60)
    tail = f"{rest:02d}" + (f".{fraction:0{decimals}d}" if decimals else "")
    return f"{hours}:{minutes:02d}:{tail}" if hours else f"{minutes}:{tail}"
