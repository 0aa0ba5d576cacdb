"""Captions are made by looking, kept as text, found by searching, and told what they cost beforehand."""

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest
from seeing import CountingVlm, context_with, red_video, see_red

from rewatch.memory.errors import LimitReached, ToolError
from rewatch.memory.ingest.pipeline import default_stages
from rewatch.memory.library import Library
from rewatch.memory.types import Cost, Coverage, Frame, Limits, Span, VideoInfo
from rewatch.tools.caption_stage import CaptionEstimate, CaptionStage, estimate_captions, segments_to_caption
from rewatch.tools.captions import caption
from rewatch.tools.models import Models
from rewatch.tools.search import search
from rewatch.tools.vision.scripted import ScriptedVlm

RED, GREY = Span(3.0, 5.0), Span(5.0, 8.0)


@pytest.fixture(scope="module")
def path(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return red_video(tmp_path_factory.mktemp("video") / "wall.mp4")


@pytest.fixture
def library(tmp_path: Path) -> Iterator[Library]:
    with Library.open(tmp_path / "library") as opened:
        yield opened


@pytest.fixture
def video(library: Library, path: Path) -> VideoInfo:
    return library.recognise(path)


def _open(folder: Path, vlm: ScriptedVlm) -> Library:
    return Library.open(folder, (*default_stages(), CaptionStage(Models(vlm=lambda: vlm))))


def test_a_caption_is_text_of_its_span_and_can_be_searched(library: Library, video: VideoInfo) -> None:
    context = context_with(library, video, CountingVlm())
    made = caption(context, video.video_id, [RED, GREY])
    assert [(item.span, item.text) for item in made] == [(RED, "A crimson wall"), (GREY, "A slate wall")]
    lines = library.store.text_lines(video.video_id, kinds=["caption"])
    assert [(line.span, line.text, line.source) for line in lines] == [
        (RED, "A crimson wall", "red-seer"),
        (GREY, "A slate wall", "red-seer"),
    ]
    best = search(context, "crimson wall")[0]
    assert (best.span, best.channel) == (RED, "visual")
    assert search(context, "crimson", channels=["speech"]) == []


def test_coverage_says_which_part_is_described_and_by_whom(library: Library, video: VideoInfo) -> None:
    def visual() -> Coverage:
        return next(item for item in library.coverage(video.video_id) if item.channel == "visual")

    assert visual().status == "unavailable"
    context = context_with(library, video, CountingVlm())
    caption(context, video.video_id, [RED, GREY, Span(10.0, 11.0)])
    assert visual() == Coverage(
        "visual", "read", (Span(3.0, 8.0), Span(10.0, 11.0)), note="described by red-seer"
    )


def test_a_segment_is_described_once(library: Library, video: VideoInfo) -> None:
    first = caption(context_with(library, video, CountingVlm()), video.video_id, [RED])
    vlm = CountingVlm()
    context = context_with(library, video, vlm, Limits(frames=0, visual_tokens=0, tool_calls=0))
    assert caption(context, video.video_id, [RED]) == first
    assert not vlm.shown
    assert len(library.store.text_lines(video.video_id, kinds=["caption"])) == 1


def test_what_was_described_before_a_limit_is_kept(library: Library, video: VideoInfo) -> None:
    context = context_with(library, video, CountingVlm(), Limits(frames=5))
    with pytest.raises(LimitReached):
        caption(context, video.video_id, [RED, GREY])
    assert [line.span for line in library.store.text_lines(video.video_id)] == [RED]


def test_a_segment_that_cannot_be_described_says_so_and_the_next_one_is(
    library: Library, video: VideoInfo
) -> None:
    def script(frames: Sequence[Frame], prompt: str) -> Mapping[str, Any]:
        return see_red(frames, prompt) if frames[0].seconds >= 5 else {"wrong": 1}

    made = caption(context_with(library, video, ScriptedVlm(script)), video.video_id, [RED, GREY])
    assert ["cannot be used" in item.error for item in made] == [True, False]
    assert [line.span for line in library.store.text_lines(video.video_id)] == [GREY]


def test_the_stage_describes_all_of_a_video_and_only_once(tmp_path: Path, path: Path) -> None:
    vlm = CountingVlm()
    with _open(tmp_path / "library", vlm) as library:
        video = library.add(path)
        spans = segments_to_caption(library.store, video)
        lines = library.store.text_lines(video.video_id, kinds=["caption"])
        assert [line.span for line in lines] == spans
        assert spans[0].start_seconds == 0
        assert spans[-1].end_seconds == video.duration_seconds
        asked = len(vlm.shown)
        library.add(path)
        assert len(vlm.shown) == asked == len(spans)
        assert segments_to_caption(library.store, video, "red-seer") == []


def test_captions_survive_when_the_text_is_read_again(tmp_path: Path, path: Path) -> None:
    with _open(tmp_path / "library", CountingVlm()) as library:
        video = library.add(path)
        before = [
            (item.span, item.text) for item in library.store.sentences(video.video_id, kinds=["caption"])
        ]
        path.with_suffix(".srt").write_text("1\n00:00:01,000 --> 00:00:03,000\nA wall is painted.\n")
        library.add(path)
        kinds = {item.kind for item in library.store.sentences(video.video_id)}
        after = [
            (item.span, item.text) for item in library.store.sentences(video.video_id, kinds=["caption"])
        ]
        assert after == before
        assert "subtitle" in kinds
        assert search(context_with(library, video, CountingVlm()), "crimson")[0].channel == "visual"
    path.with_suffix(".srt").unlink()


def test_an_interrupted_stage_goes_on_where_it_was(tmp_path: Path, path: Path) -> None:
    def dying(frames: Sequence[Frame], prompt: str) -> Mapping[str, Any]:
        if frames[0].seconds > 4:
            raise ToolError("the model has gone")
        return see_red(frames, prompt)

    with (
        _open(tmp_path / "library", ScriptedVlm(dying, name="red-seer")) as library,
        pytest.raises(ToolError),
    ):
        library.add(path)
    vlm = CountingVlm()
    with _open(tmp_path / "library", vlm) as library:
        video = library.add(path)
        spans = segments_to_caption(library.store, video)
        assert 0 < len(vlm.shown) < len(spans)
        assert [line.span for line in library.store.text_lines(video.video_id)] == spans


def test_long_scenes_are_described_in_parts_of_half_a_minute(library: Library) -> None:
    from talks import video_info

    video = video_info("f00d" * 8, 100.0)
    library.store.put_video(video)
    spans = segments_to_caption(library.store, video)
    assert [span.duration_seconds for span in spans] == [25.0] * 4


def test_the_estimate_is_what_the_rest_then_costs(tmp_path: Path, path: Path) -> None:
    vlm = CountingVlm()
    with Library.open(tmp_path / "library") as library:
        video = library.add(path)
        context = context_with(library, video, vlm)
        estimate = estimate_captions(context, video)
        spans = segments_to_caption(library.store, video)
        assert estimate.segments == len(spans) - 1 > 0
        assert estimate.cost.seconds > 0
        assert estimate_captions(context, video) == estimate
        before = context.meter.cost
        caption(context, video.video_id, spans)
        after = context.meter.cost
        assert after.visual_tokens - before.visual_tokens <= estimate.cost.visual_tokens
        assert after.llm_tokens - before.llm_tokens == pytest.approx(estimate.cost.llm_tokens, rel=0.2)
        assert estimate_captions(context, video) == CaptionEstimate(0, Cost())
        assert len(vlm.shown) == len(spans)
