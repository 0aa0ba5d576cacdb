"""Frames for a model: more of them smaller or fewer of them larger at one cost, and no repetitions."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from videos import numbered

from rewatch.memory.errors import ToolError
from rewatch.memory.types import Frame, Span
from rewatch.tools.vision.frame_plan import (
    MAX_FRAMES,
    Detail,
    fit_size,
    plan_frames,
    resized,
    without_repeats,
)

HOUR = Span(0.0, 3600.0)
SIZE = (1280, 720)


def _count(frames: int, width: int, height: int) -> int:
    return frames * math.ceil(width / 28) * math.ceil(height / 28)


def test_detail_trades_number_against_size_at_one_cost() -> None:
    details: tuple[Detail, ...] = ("motion", "balanced", "fine")
    plans = [plan_frames(HOUR, SIZE, 4000, _count, detail=detail) for detail in details]
    numbers = [len(plan.seconds) for plan in plans]
    widths = [plan.width for plan in plans]
    assert numbers == sorted(numbers, reverse=True)
    assert widths == sorted(widths)
    assert numbers[0] >= 4 * numbers[-1]
    for plan in plans:
        assert 0.7 * 4000 <= _count(len(plan.seconds), plan.width, plan.height) <= 4000


def test_a_short_span_gets_larger_frames_rather_than_more() -> None:
    plan = plan_frames(Span(10.0, 11.0), SIZE, 4000, _count, detail="motion")
    assert plan.seconds == (10.25, 10.75)
    assert (plan.width, plan.height) == SIZE


def test_frames_stand_in_the_middles_of_equal_parts() -> None:
    plan = plan_frames(Span(100.0, 200.0), SIZE, 4000, _count, detail="fine")
    step = 100 / len(plan.seconds)
    assert plan.seconds == pytest.approx([100 + (part + 0.5) * step for part in range(len(plan.seconds))])


def test_a_span_without_length_is_one_frame() -> None:
    assert plan_frames(Span(5.0, 5.0), SIZE, 4000, _count).seconds == (5.0,)


@given(
    st.floats(0, 7200),
    st.tuples(st.integers(64, 4000), st.integers(64, 4000)),
    st.integers(16, 50_000),
    st.sampled_from(["motion", "balanced", "fine"]),
)
def test_the_cost_is_never_passed(seconds: float, size: tuple[int, int], tokens: int, detail: Detail) -> None:
    plan = plan_frames(Span(0.0, seconds), size, tokens, _count, detail=detail)
    assert 1 <= len(plan.seconds) <= MAX_FRAMES
    assert _count(len(plan.seconds), plan.width, plan.height) <= tokens
    assert plan.width <= size[0]
    assert plan.height <= size[1]


def test_too_few_tokens_for_one_frame_are_refused() -> None:
    with pytest.raises(ToolError, match="2 visual tokens are too few"):
        plan_frames(HOUR, SIZE, 2, _count)
    with pytest.raises(ToolError, match="too few for 3 frames"):
        fit_size(SIZE, 3, 100, lambda frames, width, height: 64 * frames)


def test_repetitions_are_left_out_and_small_changes_are_not() -> None:
    generator = np.random.default_rng(0)
    still = numbered(7, width=640, height=360)
    noisy = np.clip(still + generator.normal(0, 3, still.shape), 0, 255).astype(np.uint8)
    spot = still.copy()
    spot[100:112, 300:320] = 255
    frames = [Frame(float(n), image) for n, image in enumerate([still, noisy, still, spot, spot, still])]
    assert [frame.seconds for frame in without_repeats(frames)] == [0.0, 3.0, 5.0]


def test_a_slow_change_is_not_taken_for_a_repetition() -> None:
    grey = [np.full((90, 160, 3), level, np.uint8) for level in range(60, 100, 2)]
    kept = without_repeats([Frame(float(n), image) for n, image in enumerate(grey)])
    assert [frame.seconds for frame in kept] == [0.0, 4.0, 8.0, 12.0, 16.0]


def test_resizing_keeps_time_and_mean() -> None:
    frame = Frame(3.2, numbered(5, width=640, height=360))
    small = resized(frame, 160, 90)
    assert small.seconds == 3.2
    assert small.image.shape == (90, 160, 3)
    assert np.abs(small.image.mean(axis=(0, 1)) - frame.image.mean(axis=(0, 1))).max() < 1
    assert resized(frame, 640, 360) is frame
