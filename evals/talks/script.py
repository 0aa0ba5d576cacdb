"""The talk script: a Markdown file that says what is shown and what is said.

Owns the format (described in README.md beside this module) and its validation. When things happen is
`timeline`'s work; how they look is `slides`'s.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, fields
from hashlib import blake2b
from importlib.resources import files
from pathlib import Path
from typing import Literal, TypeVar, get_args

from rewatch.evals.talks.pictures import PICTURES
from rewatch.memory.errors import InputError

Layout = Literal[
    "bullets",
    "numbered",
    "section",
    "statement",
    "quote",
    "table",
    "graph",
    "picture",
    "flow",
    "break",
    "speaker",
]
"""How a slide is composed; "speaker" shows no slide at all, only the person who talks."""

Theme = Literal["paper", "night", "board", "band"]

_Word = TypeVar("_Word", bound=str)
_HEADER = re.compile(r"(\w+):\s*(.*)")
_DRAWABLE = frozenset(map(chr, range(32, 127))) | frozenset("©«°±´·»‘’“”…")
"""What the font inside Pillow can draw; a slide may hold nothing else."""
_MARK = re.compile(r"\((\+|speaker|slide|pause\s+[\d.]+(?:\s+[^)]*)?)\)")
_SENTENCE_END = re.compile(r"(?<=[.?!])\s+|(?<=[.?!][\"'’”])\s+")


@dataclass(frozen=True, slots=True)
class Pause:
    """Nobody speaks for a while: an experiment, a film, a break."""

    seconds: float
    sound: str = ""
    """What a subtitle calls the sound, such as "kettle whistles"; "" gives no subtitle."""


@dataclass(frozen=True, slots=True)
class Cue:
    """A change of the picture between two sentences."""

    action: Literal["reveal", "speaker", "slide"]


@dataclass(frozen=True, slots=True)
class Spoken:
    """One spoken sentence."""

    text: str
    opens_paragraph: bool


Step = Pause | Cue | Spoken


@dataclass(frozen=True, slots=True)
class Slide:
    """What is on the screen, and the steps of what is said and done while it is there."""

    key: str
    title: str
    layout: Layout
    bullets: tuple[str, ...]
    """Lines under the title; rows "a | b" of a table, stations of a flow, the words of a quote."""
    hidden: int
    """How many of the last bullets appear one by one, at the marks `(+)`."""
    drawing: str
    """Which picture or curve: see `slides`; "" for none."""
    steps: tuple[Step, ...]

    @property
    def sentences(self) -> Iterator[str]:
        return (step.text for step in self.steps if isinstance(step, Spoken))


@dataclass(frozen=True, slots=True)
class Chapter:
    title: str
    slides: tuple[Slide, ...]


@dataclass(frozen=True, slots=True)
class Talk:
    """A whole talk as it is written."""

    name: str
    """The script's file name without its suffix; also the video's name."""
    title: str
    chapters: tuple[Chapter, ...]
    speaker: str
    minutes: float
    """How long the video is to be; pauses between sentences stretch to fill it."""
    words_per_minute: float
    theme: Theme
    presenter: Literal["inset", "none"]
    """Whether a small figure stands beside the slides."""
    cuts: Literal["auto", "marked"]
    """Whether views of the speaker interrupt long slides, or only where the script says `(speaker)`."""
    digest: str
    """Hash of the script's text."""

    @property
    def slides(self) -> tuple[Slide, ...]:
        return tuple(slide for chapter in self.chapters for slide in chapter.slides)


def bundled_talks() -> list[str]:
    """Name the talks that come with the package."""
    data = files("rewatch.evals.talks") / "data"
    return sorted(entry.name[:-3] for entry in data.iterdir() if entry.name.endswith(".md"))


def load_talk(name_or_path: str | Path) -> Talk:
    """Read a talk by the name of a bundled script or by the path of a script file.

    Raises:
        InputError: There is no such script, or it breaks the format; the message names the line.
    """
    path = Path(name_or_path)
    if path.suffix == ".md":
        if not path.is_file():
            raise InputError(f"there is no talk script at {path}")
        return parse_talk(path.read_text(encoding="utf-8"), path.stem)
    if str(name_or_path) not in bundled_talks():
        raise InputError(
            f"talk {str(name_or_path)!r} is unknown; choose {', '.join(bundled_talks())} or a .md file"
        )
    entry = files("rewatch.evals.talks") / "data" / f"{name_or_path}.md"
    return parse_talk(entry.read_text(encoding="utf-8"), str(name_or_path))


def parse_talk(text: str, name: str) -> Talk:
    """Read a talk from its script.

    Args:
        text: The script, as README.md beside this module describes it.
        name: What the talk and its video file are called.

    Raises:
        InputError: The script breaks the format; the message names the place.
    """
    head, *parts = re.split(r"^## +(?=\S)", text, flags=re.MULTILINE)
    title, _, header_text = head.strip().partition("\n")
    if not title.startswith("# ") or not parts:
        raise InputError(f"talk {name}: a script opens with '# Title' and has chapters '## Title'")
    header = _read_header(header_text, name)
    talk = Talk(
        name=name,
        title=title[2:].strip(),
        chapters=tuple(_read_chapter(part, name) for part in parts),
        speaker=header.get("speaker", ""),
        minutes=_number(header, "minutes", 60.0, name),
        words_per_minute=_number(header, "words_per_minute", 135.0, name),
        theme=_choice(header, "theme", get_args(Theme), name),
        presenter=_choice(header, "presenter", ("inset", "none"), name),
        cuts=_choice(header, "cuts", ("auto", "marked"), name),
        digest=blake2b(text.encode(), digest_size=8).hexdigest(),
    )
    _check_slides(talk)
    return talk


def _read_header(text: str, name: str) -> dict[str, str]:
    header: dict[str, str] = {}
    allowed = {field.name for field in fields(Talk)} - {"name", "title", "chapters", "digest"}
    for line in filter(None, map(str.strip, text.splitlines())):
        match = _HEADER.fullmatch(line)
        if match is None or match[1] not in allowed:
            raise InputError(
                f"talk {name}: {line!r} is no header line; write one of {', '.join(sorted(allowed))}: value"
            )
        header[match[1]] = match[2].strip()
    return header


def _number(header: dict[str, str], key: str, default: float, name: str) -> float:
    try:
        value = float(header.get(key, default))
    except ValueError:
        value = 0.0
    if not value > 0:
        raise InputError(f"talk {name}: {key} {header[key]!r} is not a positive number")
    return value


def _choice(header: dict[str, str], key: str, allowed: Sequence[_Word], name: str) -> _Word:
    value = header.get(key, allowed[0])
    for option in allowed:
        if option == value:
            return option
    raise InputError(f"talk {name}: {key} {value!r} is unknown; choose {', '.join(allowed)}")


def _read_chapter(text: str, name: str) -> Chapter:
    title, *slides = re.split(r"^### +(?=\S)", text, flags=re.MULTILINE)
    if not slides or "\n" in title.strip():
        raise InputError(
            f"talk {name}: chapter {title.strip()[:40]!r} needs slides '### key | Title | layout' at once"
        )
    return Chapter(title.strip(), tuple(_read_slide(slide, name) for slide in slides))


def _read_slide(text: str, name: str) -> Slide:
    head, _, speech = text.partition("\n\n")
    first, *body = head.strip().splitlines()
    key, title, layout = ([part.strip() for part in first.split("|")] + ["", ""])[:3]
    layout = layout or "bullets"
    where = f"talk {name}, slide {key}"
    if layout not in get_args(Layout):
        raise InputError(f"{where}: layout {layout!r} is unknown; choose {', '.join(get_args(Layout))}")
    bullets, hidden, drawing = _read_body(body, where)
    steps = tuple(_read_steps(speech))
    if sum(step == Cue("reveal") for step in steps) != hidden:
        raise InputError(f"{where}: {hidden} lines begin with '+', so the speech needs as many marks (+)")
    return Slide(
        key,
        title,
        next(known for known in get_args(Layout) if known == layout),
        bullets,
        hidden,
        drawing,
        steps,
    )


def _read_body(lines: list[str], where: str) -> tuple[tuple[str, ...], int, str]:
    bullets: list[str] = []
    hidden, drawing = 0, ""
    for line in map(str.strip, lines):
        if line.startswith("draw:"):
            drawing = line[5:].strip()
        elif line[:2] in ("- ", "+ ") and (line[0] == "+" or not hidden):
            bullets.append(line[2:].strip())
            hidden += line[0] == "+"
        else:
            raise InputError(
                f"{where}: {line!r} is neither '- line', '+ later line' (after all '-') nor 'draw: name'"
            )
    return tuple(bullets), hidden, drawing


def _read_steps(speech: str) -> Iterator[Step]:
    for paragraph in filter(None, (" ".join(part.split()) for part in re.split(r"\n\s*\n", speech))):
        opens = True
        for index, piece in enumerate(_MARK.split(paragraph)):
            if index % 2:
                yield _read_mark(piece)
                continue
            for sentence in filter(None, map(str.strip, _SENTENCE_END.split(piece))):
                yield Spoken(sentence, opens)
                opens = False


def _read_mark(mark: str) -> Step:
    if mark.startswith("pause"):
        _, seconds, *sound = mark.split(maxsplit=2)
        return Pause(float(seconds), *sound)
    return Cue("reveal" if mark == "+" else "speaker" if mark == "speaker" else "slide")


def _check_slides(talk: Talk) -> None:
    keys = [slide.key for slide in talk.slides]
    twice = sorted({key for key in keys if keys.count(key) > 1})
    if twice or "" in keys:
        raise InputError(
            f"talk {talk.name}: slide keys must be there and differ; see {twice or 'an empty key'}"
        )
    for slide in talk.slides:
        if slide.drawing and slide.drawing not in PICTURES:
            raise InputError(
                f"talk {talk.name}, slide {slide.key}: drawing {slide.drawing!r} is unknown; "
                f"choose {', '.join(PICTURES)}"
            )
        odd = set(slide.title + "".join(slide.bullets)) - _DRAWABLE
        if odd:
            raise InputError(
                f"talk {talk.name}, slide {slide.key}: the font cannot draw {''.join(sorted(odd))!r}"
            )
    silent = [
        slide.key for slide in talk.slides if not any(not isinstance(step, Cue) for step in slide.steps)
    ]
    if silent:
        raise InputError(
            f"talk {talk.name}: slide {silent[0]} lasts no time; let something be said or write (pause 5)"
        )
