"""SubRip text of timed words."""

from collections.abc import Iterable


def subrip(cues: Iterable[tuple[float, float, str]]) -> str:
    """A whole subtitle file.

    Args:
        cues: Start and end in seconds, and text, in order.
    """
    return "\n".join(
        f"{number}\n{_stamp(start)} --> {_stamp(end)}\n{text}\n"
        for number, (start, end, text) in enumerate(cues, start=1)
    )


def _stamp(seconds: float) -> str:
    millis = round(seconds * 1000)
    return f"{millis // 3_600_000:02}:{millis // 60_000 % 60:02}:{millis // 1000 % 60:02},{millis % 1000:03}"
