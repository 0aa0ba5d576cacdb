"""Subtitle cues as they are written, made into clean text lines on the video's clock.

Owns what is common to subtitle files and to tracks inside a video: markup, entities, lengths that cannot be,
repeats, and captions that roll. Reading files is `subtitle_files`' work, reading tracks `subtitle_tracks`'.
"""

import html
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise

from rewatch.memory.types import Span, TextLine

# A mark ends before the next one begins, and no two repetitions match the same characters: a file of opening brackets
# takes time in proportion to its length.
_HTML_TAG = re.compile(
    r"</?\s*(?:i|b|u|s|em|strong|font|c|v|lang|ruby|rt|span|p|div|blink)\b[^<>]*>|<\d[\d:.]*>|</?c[.\w]*>",
    re.IGNORECASE,
)
_VOICE = re.compile(r"<v(?:\.[^\s<>]*)?\s+([^\s<>][^<>]*)>", re.IGNORECASE)
_BREAK_TAG = re.compile(r"<\s*br\s*(?:/\s*)?>", re.IGNORECASE)
_ASS_OVERRIDE = re.compile(r"(?<!\\)\{\\[^{}]*\}")
_NO_CHARACTER = re.compile(r"&#\d{8,};?")
"""A number beyond all code points, which `html.unescape` fails on when it has thousands of digits."""
_INVISIBLE = re.compile("[\u200b\u200e\u200f\u202a-\u202e\u2060\ufeff\x00-\x08\x0b\x0c\x0e-\x1f]")

_READING_CHARACTERS_A_SECOND = 15.0
"""How fast subtitles are read (the usual guideline of 15 to 17): gives cues without a length one."""
_SHORTEST_SECONDS = 0.5
_TOUCHING_SECONDS = 0.3
"""Cues that follow each other this closely may be one rolling caption."""
_MOST_SHOWN_WORDS = 500
"""A caption that rolls shows fewer; more words than this are not looked for in the next one."""


@dataclass(frozen=True, slots=True)
class Cue:
    """One entry as written: seconds on the clock of the file it stands in, which may be wrong in any way."""

    start_seconds: float
    end_seconds: float
    text: str
    """Clean text; a newline separates the lines on the screen."""


def clean_text(written: str) -> str:
    """Strip markup and unescape entities; speaker labels stay, a WebVTT voice becomes one.

    Args:
        written: Text of a cue in SubRip, WebVTT or ASS form; `\\N` and newlines separate lines.

    Returns:
        Lines without outer blanks, joined by newlines; "" when nothing is shown.
    """
    text = _ASS_OVERRIDE.sub("", written)
    text = text.replace("\\N", "\n").replace("\\n", "\n").replace("\\h", " ")
    # Braces that are text: FFmpeg writes "\\{{}", others "\\{".
    text = text.replace("\\{{}", "{").replace("\\{", "{").replace("\\}", "}")
    text = _VOICE.sub(r"\1: ", _BREAK_TAG.sub("\n", text))
    text = html.unescape(_NO_CHARACTER.sub("\ufffd", _HTML_TAG.sub("", text)))
    lines = (" ".join(_INVISIBLE.sub("", line).split()) for line in text.splitlines())
    return "\n".join(line for line in lines if line)


def to_lines(
    cues: Iterable[Cue], *, shift_seconds: float, duration_seconds: float, source: str
) -> tuple[list[TextLine], int]:
    """Make cues into text lines on the video's clock.

    Args:
        cues: In any order.
        shift_seconds: Added to the cues' times to reach the video's clock.
        duration_seconds: End of the video; cues are cut there and at 0.
        source: What the lines say they were read from.

    Returns:
        Lines by start time, repeats removed, and the number of cues that lie wholly outside the video.
    """
    shifted = [
        Cue(cue.start_seconds + shift_seconds, cue.end_seconds + shift_seconds, cue.text)
        for cue in cues
        if cue.text
    ]
    ordered = sorted(_give_lengths(shifted), key=lambda cue: (cue.start_seconds, cue.end_seconds))
    inside = [cue for cue in ordered if cue.start_seconds < duration_seconds and cue.end_seconds > 0]
    lines = [
        TextLine(
            "subtitle",
            Span(max(cue.start_seconds, 0.0), min(cue.end_seconds, duration_seconds)),
            cue.text.replace("\n", " "),
            source,
        )
        for cue in _without_repeats(inside)
    ]
    return lines, len(ordered) - len(inside)


def _give_lengths(cues: Sequence[Cue]) -> Iterable[Cue]:
    """Let a cue of zero or negative length last as long as reading it takes, at most until the next one."""
    starts = sorted({cue.start_seconds for cue in cues})
    following = dict(pairwise([*starts, float("inf")]))
    for cue in cues:
        if cue.end_seconds > cue.start_seconds:
            yield cue
            continue
        reading = max(len(cue.text) / _READING_CHARACTERS_A_SECOND, 1.0)
        end = min(cue.start_seconds + reading, following[cue.start_seconds])
        yield replace(cue, end_seconds=max(end, cue.start_seconds + _SHORTEST_SECONDS))


def _without_repeats(cues: Sequence[Cue]) -> list[Cue]:
    """Merge equal cues that touch, and keep of a rolling caption only the words that are new."""
    kept: list[Cue] = []
    shown = Cue(-1.0, -1.0, "")
    for cue in cues:
        touches = cue.start_seconds <= shown.end_seconds + _TOUCHING_SECONDS
        same = next((n for n in (-1, -2) if len(kept) >= -n and kept[n].text == cue.text), None)
        if touches and same is not None and cue.start_seconds <= kept[same].end_seconds + _TOUCHING_SECONDS:
            kept[same] = replace(kept[same], end_seconds=max(kept[same].end_seconds, cue.end_seconds))
            continue
        fresh = _new_words(shown.text, cue.text) if touches else cue.text
        shown = cue
        if fresh:
            kept.append(replace(cue, text=fresh))
    return kept


def _new_words(shown: str, text: str) -> str:
    """What `text` adds to `shown`: all of it, unless it begins with the end of what is shown.

    The shared part must be whole lines of either or at least three words, so that a word that happens to be
    repeated ("no" / "no, wait") is not taken for a rolling caption.
    """
    before, after = shown.split(), text.split()
    for count in range(min(len(before), len(after), _MOST_SHOWN_WORDS), 0, -1):
        if before[-count:] != after[:count]:
            continue
        if count >= 3 or _ends_a_line(text, count) or (count == len(before) and count >= 2):
            return " ".join(after[count:])
    return text


def _ends_a_line(text: str, count: int) -> bool:
    """Whether the first `count` words of the text are whole lines."""
    total = 0
    for line in text.split("\n"):
        total += len(line.split())
        if total >= count:
            return total == count
    return False
