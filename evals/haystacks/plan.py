"""What is hidden, when, and what is asked about it: decided by a seed, before anything is drawn.

No two needles overlap. Questions are of five kinds: to find a needle, to order two, to count the repeats of one, to
notice that one is not there, and to say when one is shown.
"""

import random
from collections.abc import Sequence
from dataclasses import dataclass
from string import ascii_uppercase
from typing import Literal

from rewatch.evals.metrics.spans import Pair
from rewatch.evals.tasks.sample import Sample
from rewatch.memory.errors import SettingError
from rewatch.memory.timecode import format_seconds

NeedleKind = Literal["text", "speech", "picture", "clip"]
"""Words on the screen, words in the subtitles, a still picture, a moving one."""

KINDS: tuple[NeedleKind, ...] = ("text", "speech", "picture", "clip")
SHOWN_SECONDS = 5
"""How long a needle lasts."""
SLOT_SECONDS = 6
"""Least distance between the starts of two needles."""
SHORTEST_SECONDS, LONGEST_SECONDS = 60.0, 36_000.0
_COUNTED = 2
"""Sets of repeated needles."""
_ABSENT = 5
"""Questions about what is not there, for each kind of needle."""
_OPTIONS = 4

_COLOURS = ("red", "blue", "green", "silver", "golden", "purple", "orange", "white")
_THINGS = (
    "kettle",
    "ladder",
    "piano",
    "bicycle",
    "umbrella",
    "suitcase",
    "anchor",
    "saddle",
    "wardrobe",
    "violin",
)
_WORDS = (
    "lantern", "harvest", "pebble", "compass", "velvet", "thunder", "orchard", "marble", "falcon", "ginger", "meadow",
    "copper", "willow", "basket", "canyon", "ribbon", "glacier", "pepper", "timber", "feather", "magnet", "blossom",
    "saffron", "harbour", "cinnamon", "quartz", "hammock", "juniper",
)  # fmt: skip
_BIRDS = ("heron", "sparrow", "pelican", "magpie", "raven", "ostrich")
PICTURE_NAMES = ("cup", "dice", "globe", "compass", "jar", "loaf", "engine", "window")
DIRECTIONS = ("left", "right", "up", "down")


@dataclass(frozen=True, slots=True)
class Needle:
    """Something hidden."""

    kind: NeedleKind
    start_seconds: int
    text: str
    """What is written or said; for pictures the name of the drawing, for clips "drawing direction"."""

    @property
    def span(self) -> Pair:
        return float(self.start_seconds), float(self.start_seconds + SHOWN_SECONDS)


@dataclass(frozen=True, slots=True)
class Plan:
    """A haystack before it is drawn."""

    name: str
    length_seconds: int
    seed: int
    needles: tuple[Needle, ...]
    """In order of time."""
    samples: tuple[Sample, ...]


def make_plan(length_seconds: float, kinds: Sequence[NeedleKind], num_needles: int, seed: int) -> Plan:
    """Decide a haystack.

    Args:
        length_seconds: Length of the video; whole seconds are kept.
        kinds: Kinds of needle to hide.
        num_needles: Different needles of each kind; repeated ones come on top.
        seed: The same seed gives the same haystack.

    Raises:
        SettingError: The length is out of range, or too short for so many needles, or there are too many of them.
    """
    if not SHORTEST_SECONDS <= length_seconds <= LONGEST_SECONDS:
        told = format_seconds(length_seconds)
        raise SettingError(f"a length of {told} is outside 0:01:00 to 10:00:00; choose one in between")
    length = int(length_seconds)
    name = f"hay_{length}s_{seed}"
    draw = random.Random(f"{name} {','.join(kinds)} {num_needles}")
    asked = _Asked(name, length, draw, _slots(length, _needed(kinds, num_needles), draw))
    for kind in kinds:
        if kind in ("text", "speech"):
            asked.secret_words(kind, num_needles)
            asked.repeats(kind)
        elif kind == "picture":
            asked.pictures(num_needles)
        else:
            asked.clips(num_needles)
    needles = tuple(sorted(asked.needles, key=lambda needle: needle.start_seconds))
    return Plan(name, length, seed, needles, tuple(asked.samples))


def _needed(kinds: Sequence[NeedleKind], num_needles: int) -> int:
    """Slots that the needles take at most."""
    most = {"picture": len(PICTURE_NAMES), "clip": len(PICTURE_NAMES)}
    total = 0
    for kind in kinds:
        limit = most.get(kind, (len(_WORDS) - _OPTIONS) // 2)
        if not 2 <= num_needles <= limit:
            raise SettingError(f"{num_needles} needles of kind {kind} are outside 2 to {limit}")
        total += num_needles + (_COUNTED * _OPTIONS if kind in ("text", "speech") else 0)
    return total


def _slots(length: int, count: int, draw: random.Random) -> list[int]:
    """Starts of needles, anywhere in the video, none nearer to another than a slot."""
    spare = length - SLOT_SECONDS * count
    if spare < 0:
        raise SettingError(
            f"{count} needles, repeats included, do not fit into {format_seconds(length)}; "
            f"take {format_seconds(SLOT_SECONDS * count)}, or fewer --needles or kinds"
        )
    offsets = sorted(draw.randint(0, spare) for _ in range(count))
    starts = [offset + SLOT_SECONDS * number for number, offset in enumerate(offsets)]
    draw.shuffle(starts)
    return starts


class _Asked:
    """Collects needles and the questions about them."""

    def __init__(self, name: str, length: int, draw: random.Random, starts: list[int]) -> None:
        self.needles: list[Needle] = []
        self.samples: list[Sample] = []
        self._name, self._length, self._draw, self._starts = name, length, draw, starts
        self._owners = [f"{colour} {thing}" for colour in _COLOURS for thing in _THINGS]
        self._words = list(_WORDS)
        self._birds = list(_BIRDS)
        for values in (self._owners, self._words, self._birds):
            draw.shuffle(values)

    def secret_words(self, kind: NeedleKind, count: int) -> None:
        """Sentences that give each of several things a word of its own."""
        told: list[tuple[str, str, Needle]] = []
        for _ in range(count):
            owner, word = self._owners.pop(), self._words.pop()
            told.append((owner, word, self._hide(kind, f"The secret word of the {owner} is {word}.")))
        words = [word for _, word, _ in told]
        for owner, word, needle in told:
            question = f"What is the secret word of the {owner}?"
            self._choice("retrieval", kind, question, word, words, (needle.span,))
            asked = f"When is the secret word of the {owner} {_shown(kind)}?"
            self._ask("grounding", kind, asked, spans=(needle.span,))
        for first, second in zip(told[::2], told[1::2], strict=False):
            early, late = sorted((first, second), key=lambda item: item[2].start_seconds)
            things = [f"the secret word of the {owner}" for owner, _, _ in (first, second)]
            question = f"Which is {_shown(kind)} first: {things[0]} or {things[1]}?"
            options = dict(zip("AB", things, strict=True))
            answer = "A" if early is first else "B"
            self._ask("ordering", kind, question, options, answer, (early[2].span, late[2].span))
        for _ in range(_ABSENT):
            texts = [*self._draw.sample(words, min(_OPTIONS - 1, len(words))), "the video does not say"]
            question = f"What is the secret word of the {self._owners.pop()}?"
            self._ask(
                "not there", kind, question, dict(zip("ABCD", texts, strict=False)), "ABCD"[len(texts) - 1]
            )

    def repeats(self, kind: NeedleKind) -> None:
        """Sentences that come one to four times."""
        for _ in range(_COUNTED):
            bird, times = self._birds.pop(), self._draw.randint(1, _OPTIONS)
            spans = tuple(self._hide(kind, f"The {bird} bell rings now.").span for _ in range(times))
            question = f"How many times is the {bird} bell mentioned?"
            options = dict(zip("ABCD", ("1", "2", "3", "4"), strict=True))
            self._ask("counting", kind, question, options, "ABCD"[times - 1], spans)

    def pictures(self, count: int) -> None:
        """Pictures that fill the screen."""
        names = self._draw.sample(PICTURE_NAMES, count)
        needles = {name: self._hide("picture", name) for name in names}
        for name, needle in needles.items():
            self._ask(
                "grounding",
                "picture",
                f"When does a drawing of a {name} fill the screen?",
                spans=(needle.span,),
            )
        order = sorted(names, key=lambda name: needles[name].start_seconds)
        first, second = self._draw.sample(names, 2)
        early = min(first, second, key=order.index)
        question = f"Which drawing fills the screen first, the {first} or the {second}?"
        options = {"A": f"the {first}", "B": f"the {second}"}
        self._ask(
            "ordering", "picture", question, options, "A" if early == first else "B", (needles[early].span,)
        )
        self._choice(
            "retrieval",
            "picture",
            "Which drawing fills the screen last?",
            order[-1],
            order[:-1],
            (needles[order[-1]].span,),
        )

    def clips(self, count: int) -> None:
        """Drawings that move over the screen."""
        for name in self._draw.sample(PICTURE_NAMES, count):
            way = self._draw.choice(DIRECTIONS)
            needle = self._hide("clip", f"{name} {way}")
            others = [other for other in DIRECTIONS if other != way]
            self._choice(
                "retrieval",
                "clip",
                f"Which way does the drawing of the {name} move?",
                way,
                others,
                (needle.span,),
            )

    def _hide(self, kind: NeedleKind, text: str) -> Needle:
        needle = Needle(kind, self._starts.pop(), text)
        self.needles.append(needle)
        return needle

    def _choice(
        self,
        category: str,
        kind: NeedleKind,
        question: str,
        right: str,
        pool: Sequence[str],
        spans: tuple[Pair, ...],
    ) -> None:
        """Ask with options out of a pool, the right one among them; missing ones are words that are nowhere."""
        others = [text for text in pool if text != right]
        spare = (
            [word for word in self._words if word not in others]
            if category == "retrieval" and kind != "clip"
            else []
        )
        chosen = self._draw.sample(others, min(len(others), _OPTIONS - 1))
        texts = [right, *chosen, *spare[: _OPTIONS - 1 - len(chosen)]]
        self._draw.shuffle(texts)
        options = dict(zip(ascii_uppercase, texts, strict=False))
        self._ask(category, kind, question, options, ascii_uppercase[texts.index(right)], spans)

    def _ask(
        self,
        category: str,
        kind: NeedleKind,
        question: str,
        options: dict[str, str] | None = None,
        answer: str | None = None,
        spans: tuple[Pair, ...] = (),
    ) -> None:
        self.samples.append(
            Sample(
                f"{self._name}/{len(self.samples)}",
                f"{self._name}.mp4",
                question,
                options or {},
                answer,
                spans if category == "grounding" else (),
                category=f"{category}, {kind}",
                duration_group=format_seconds(self._length),
                subtitles=f"{self._name}.srt",
                extra={"needles": [list(span) for span in spans]},
            )
        )


def _shown(kind: NeedleKind) -> str:
    return "shown on the screen" if kind == "text" else "mentioned"
