"""A plan as files: the video, its subtitles, the questions with their truth.

A part of the video without needles is encoded once and its packets are taken again whenever it comes round; parts with
needles are drawn and encoded anew. The subtitles hold filler speech, sentences of written lectures in an order that the
seed decides, with the spoken needles between them.
"""

import json
import os
import random
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from dataclasses import asdict
from fractions import Fraction
from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import Any

import av

from rewatch.evals.haystacks.base import FRAMES_PER_SECOND, HEIGHT, PART_SECONDS, WIDTH, Base
from rewatch.evals.haystacks.needles import draw_needle
from rewatch.evals.haystacks.plan import SHOWN_SECONDS, Needle, Plan
from rewatch.evals.subrip import subrip
from rewatch.evals.talks.encode import ENCODER, VideoPacket, as_planes, encode_frames
from rewatch.memory.errors import StorageError

_WORDS_A_SECOND = 2.4
_BREATH_SECONDS = 0.4

TRUTH_FILE = "truth.jsonl"
NEEDLES_FILE = "needles.jsonl"


def render(
    plans: Sequence[Plan], base: Base, folder: Path, progress: Callable[[float], None] | None = None
) -> None:
    """Write haystacks into a folder that `rewatch eval run haystack` reads.

    Args:
        plans: One for each video.
        base: What the needles are hidden in.
        folder: Made if missing; videos of the same name are replaced.
        progress: Is told how many seconds of all videos are done.

    Raises:
        StorageError: The files cannot be written.
    """
    encoded = cache(lambda number: _encode(base.part(number)))
    done = 0.0
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for plan in plans:
            _write_video(plan, base, encoded, folder / f"{plan.name}.mp4")
            (folder / f"{plan.name}.srt").write_text(_subtitles(plan), "utf-8")
            done += plan.length_seconds
            if progress is not None:
                progress(done)
        samples = [sample.to_plain() for plan in plans for sample in plan.samples]
        _write_lines(folder / TRUTH_FILE, samples)
        _write_lines(folder / NEEDLES_FILE, [_told(plan, base) for plan in plans])
    except (OSError, av.FFmpegError) as error:
        raise StorageError(
            f"{folder} cannot be written: {error}; free some space or choose another"
        ) from error


def _told(plan: Plan, base: Base) -> dict[str, Any]:
    needles = [asdict(needle) for needle in plan.needles]
    return {
        "video": f"{plan.name}.mp4",
        "length_seconds": plan.length_seconds,
        "seed": plan.seed,
        "base": base.says,
        "shown_seconds": SHOWN_SECONDS,
        "needles": needles,
    }


def _write_lines(path: Path, values: Sequence[dict[str, Any]]) -> None:
    unfinished = path.with_suffix(".part")
    unfinished.write_text("".join(json.dumps(value, ensure_ascii=False) + "\n" for value in values), "utf-8")
    os.replace(unfinished, path)


def _write_video(plan: Plan, base: Base, encoded: Callable[[int], list[VideoPacket]], path: Path) -> None:
    unfinished = path.with_suffix(".part.mp4")
    try:
        with av.open(unfinished, "w") as container:
            container.metadata["title"] = plan.name
            video = container.add_stream("libx264", FRAMES_PER_SECOND, options=ENCODER)
            video.width, video.height, video.pix_fmt = WIDTH, HEIGHT, "yuv420p"
            video.codec_context.time_base = Fraction(1, FRAMES_PER_SECOND)
            container.start_encoding()
            for packet in _packets(plan, base, encoded):
                stamped = av.Packet(packet.data)
                stamped.stream, stamped.time_base = video, Fraction(1, FRAMES_PER_SECOND)
                stamped.pts, stamped.dts, stamped.is_keyframe = packet.pts, packet.dts, packet.is_keyframe
                container.mux(stamped)
        os.replace(unfinished, path)
    finally:
        with suppress(OSError):
            unfinished.unlink(missing_ok=True)


def _packets(plan: Plan, base: Base, encoded: Callable[[int], list[VideoPacket]]) -> Iterator[VideoPacket]:
    """The video's packets; the last part is cut at the wanted length."""
    drawn = [needle for needle in plan.needles if needle.kind != "speech"]
    for number in range(-(-plan.length_seconds // PART_SECONDS)):
        first = number * PART_SECONDS
        seconds = min(PART_SECONDS, plan.length_seconds - first)
        inside = [
            n for n in drawn if n.start_seconds < first + seconds and n.start_seconds + SHOWN_SECONDS > first
        ]
        source = number % base.num_parts
        if inside or seconds < PART_SECONDS:
            frames = base.part(source)[: seconds * FRAMES_PER_SECOND]
            part = _encode([_with_needles(frame, inside, first, at) for at, frame in enumerate(frames)])
        else:
            part = encoded(source)
        shift = first * FRAMES_PER_SECOND
        for packet in part:
            yield VideoPacket(packet.pts + shift, packet.dts + shift, packet.is_keyframe, packet.data)


def _with_needles(frame: Any, needles: Sequence[Needle], first: int, at: int) -> Any:
    now = first + at / FRAMES_PER_SECOND
    for needle in needles:
        if needle.start_seconds <= now < needle.start_seconds + SHOWN_SECONDS:
            frame = draw_needle(frame, needle, now - needle.start_seconds)
    return frame


def _encode(frames: Sequence[Any]) -> list[VideoPacket]:
    return encode_frames(map(as_planes, frames), WIDTH, HEIGHT, FRAMES_PER_SECOND)


def _subtitles(plan: Plan) -> str:
    """Filler speech with the spoken needles; nobody speaks over a needle."""
    cues = [(*needle.span, needle.text) for needle in plan.needles if needle.kind == "speech"]
    spoken = sorted(cues)
    sentences = _filler(plan.seed)
    now, at = 0.0, 0
    while now < plan.length_seconds:
        text = sentences[at % len(sentences)]
        end = now + max(len(text.split()) / _WORDS_A_SECOND, 1.5)
        over = next((cue for cue in spoken if cue[0] < end + _BREATH_SECONDS and cue[1] > now), None)
        if over is not None:
            now = over[1] + _BREATH_SECONDS
            continue
        if end <= plan.length_seconds:
            cues.append((now, end, text))
        now, at = end + _BREATH_SECONDS, at + 1
    return subrip(sorted(cues))


def _filler(seed: int) -> list[str]:
    """Sentences of the written lectures that the package ships, shuffled."""
    folder = files("rewatch.evals.answerability").joinpath("transcripts")
    read = [
        json.loads(file.read_text("utf-8")) for file in sorted(folder.iterdir(), key=lambda file: file.name)
    ]
    sentences = [sentence for script in read for sentence in script["sentences"]]
    random.Random(seed).shuffle(sentences)
    return sentences
