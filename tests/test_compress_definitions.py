"""Each published method selects and averages what its paper defines, as a slow literal version computes it."""

import compress_references as reference
import pytest
import torch
from torch import Tensor

from rewatch.tools.compress import Compressed, TokenBudget, compress
from rewatch.tools.compress.clip import make_clip
from rewatch.tools.compress.compressed import build
from rewatch.tools.compress.fastvid import FastVid
from rewatch.tools.compress.holitom import HoliTom
from rewatch.tools.compress.prunevid import contiguous, runs_of
from rewatch.tools.compress.sttm import Sttm

FRAMES, HEIGHT, WIDTH, DIMENSIONS = 9, 8, 8, 24
GRID = (FRAMES, HEIGHT, WIDTH)


def scenes(seed: int, noise: float = 0.25) -> Tensor:
    """Three scenes of three frames; neighbouring places are alike, and some places change in every frame."""
    generator = torch.Generator().manual_seed(seed)
    blocks = torch.randn(3, HEIGHT // 2, WIDTH // 2, DIMENSIONS, generator=generator)
    blocks = blocks.repeat_interleave(2, dim=1).repeat_interleave(2, dim=2).reshape(3, -1, DIMENSIONS)
    x = blocks.repeat_interleave(3, dim=0)
    moving = torch.rand(HEIGHT * WIDTH, generator=generator) < 0.3
    shake = noise + moving[None, :, None] * 1.5
    return x + shake * torch.randn(x.shape, generator=generator)


def attention_of(seed: int) -> Tensor:
    return torch.rand(FRAMES, HEIGHT * WIDTH, generator=torch.Generator().manual_seed(100 + seed))


def assert_same(found: Compressed, expected: reference.Rows) -> None:
    assert found.index.tolist() == sorted(expected)
    torch.testing.assert_close(found.tokens, torch.stack([expected[i] for i in sorted(expected)]))


@pytest.mark.parametrize("ratio", [0.5, 0.25, 0.12])
def test_evs_keeps_the_largest_changes_and_the_first_frame(ratio: float) -> None:
    x = scenes(1)
    found = compress(x, GRID, method="evs", budget=TokenBudget(ratio=ratio))
    assert found.index.tolist() == reference.evs(x, ratio)
    torch.testing.assert_close(found.tokens, x.reshape(-1, DIMENSIONS)[found.index], rtol=0, atol=0)


@pytest.mark.parametrize("threshold", [0.25, 0.5, 0.9])
def test_dtd_drops_what_is_above_the_threshold(threshold: float) -> None:
    x = scenes(2)
    found = compress(x, GRID, method="dtd", budget=TokenBudget(threshold=threshold))
    assert found.index.tolist() == reference.dtd(x, threshold)


def test_dtd_goes_on_over_a_stream_as_if_it_were_whole() -> None:
    x = scenes(3)
    whole = compress(x, GRID, method="dtd", budget=TokenBudget(threshold=0.6)).index.tolist()
    state: dict[str, object] = {}
    parts: list[int] = []
    for start in range(0, FRAMES, 2):
        piece = x[start : start + 2]
        grid = (piece.shape[0], HEIGHT, WIDTH)
        found = compress(piece, grid, method="dtd", budget=TokenBudget(threshold=0.6), state=state)
        parts += (found.index + start * HEIGHT * WIDTH).tolist()
    assert parts == whole


@pytest.mark.parametrize(("segments", "tau"), [(8, 0.9), (1, 0.5), (2, -1.0)])
@pytest.mark.parametrize("ratio", [0.1, 0.25, 0.4])
def test_fastvid_merges_around_anchors(ratio: float, segments: int, tau: float) -> None:
    x, attention = scenes(4), attention_of(4)
    features = x.mean(dim=1)
    found = compress(
        x,
        GRID,
        method=FastVid(segments=segments, cut_similarity=tau),
        budget=TokenBudget(ratio=ratio),
        attention=attention,
        frame_features=features,
    )
    assert_same(found, reference.fastvid(x, features, attention, ratio, segments, tau))


@pytest.mark.parametrize("centre_weight", [0.6, None])
@pytest.mark.parametrize("ratio", [0.15, 0.3])
def test_holitom_finds_the_best_windows_and_merges_in_them(ratio: float, centre_weight: float | None) -> None:
    x, attention = scenes(5), attention_of(5)
    clip = make_clip(x, GRID, attention, None, None, None, None, None)
    method = HoliTom(centre_weight=centre_weight)
    total = FRAMES * HEIGHT * WIDTH
    drafted = build(clip, method.draft(clip, int(ratio * total)), {})
    assert_same(drafted, reference.holitom(x, attention, int(ratio * total) / total, 0.8, centre_weight))


def test_holitom_cuts_what_rounding_up_adds_by_attention() -> None:
    x, attention = scenes(5), attention_of(5)
    expected = reference.holitom(x, attention, 86 / 576, 0.8, 0.6)
    assert len(expected) > 86
    found = compress(x, GRID, method="holitom", budget=TokenBudget(tokens=86), attention=attention)
    assert found.index.shape[0] == 86
    assert set(found.index.tolist()) < set(expected)
    assert found.stats["proposed"] == len(expected)


def test_prunevid_averages_static_places_and_clusters_the_rest() -> None:
    x = scenes(6)
    means = list(x.mean(dim=1))
    _, labels = reference.clusters(means, int(0.25 * FRAMES), 7)
    windows = runs_of(contiguous(labels))
    found = compress(x, GRID, method="prunevid", budget=TokenBudget(threshold=0.8))
    assert_same(found, reference.prunevid(x, windows, 0.8))
    assert found.stats["windows"] == len(windows) > 1


@pytest.mark.parametrize(
    ("labels", "expected"),
    [
        ([0, 0, 0, 1, 0, 1, 1], [0, 0, 0, 0, 0, 1, 1]),
        ([0, 1, 2, 3], [0, 0, 0, 0]),
        ([2, 2, 1, 0, 0, 0], [2, 2, 0, 0, 0, 0]),
        ([1, 1, 0, 2, 2], [1, 1, 1, 2, 2]),
    ],
)
def test_prunevid_scenes_become_runs(labels: list[int], expected: list[int]) -> None:
    assert contiguous(labels) == expected


@pytest.mark.parametrize("threshold", [0.6, 0.9])
def test_scissor_merges_connected_components_twice(threshold: float) -> None:
    x = scenes(7)[:4]
    found = compress(x, (4, HEIGHT, WIDTH), method="scissor", budget=TokenBudget(threshold=threshold))
    assert_same(found, reference.scissor(x, threshold))


@pytest.mark.parametrize(("spatial", "temporal"), [(0.8, 0.5), (0.95, 0.9), (0.6, 0.95)])
def test_sttm_keeps_alike_nodes_whole_and_merges_tubes(spatial: float, temporal: float) -> None:
    x = scenes(8)
    method = Sttm(spatial_similarity=spatial, temporal_similarity=temporal)
    found = compress(x, GRID, method=method, budget=TokenBudget(threshold=spatial))
    assert_same(found, reference.sttm(x, HEIGHT, WIDTH, spatial, temporal))


def test_flexselect_takes_the_top_of_each_group_of_strided_frames() -> None:
    from rewatch.tools.compress.flexselect import FlexSelect

    x, scores = scenes(9), attention_of(9)
    found = compress(x, GRID, method=FlexSelect(groups=3), budget=TokenBudget(tokens=30), attention=scores)
    for group in range(3):
        ranked = scores[group::3].flatten().sort(descending=True).values[:10]
        frames = found.index // (HEIGHT * WIDTH)
        mine = scores.flatten()[found.index[frames % 3 == group]]
        torch.testing.assert_close(mine.sort(descending=True).values, ranked)


def test_quota_gives_each_frame_its_share_and_pools_to_it() -> None:
    x = scenes(10)
    weights = torch.arange(FRAMES, dtype=torch.float32)
    found = compress(x, GRID, method="quota", budget=TokenBudget(tokens=200), frame_weights=weights)
    frames = found.index // (HEIGHT * WIDTH)
    for frame, share in enumerate(found.stats["quotas"]):
        assert share == min(int(200 * frame / 36), HEIGHT * WIDTH)
        assert int((frames == frame).sum()) <= share
    assert found.stats["quotas"][0] == 0


def test_quota_spends_by_the_scores_of_another_method() -> None:
    x = scenes(11)
    weights = torch.ones(FRAMES)
    found = compress(x, GRID, method="quota:dtd", budget=TokenBudget(tokens=90), frame_weights=weights)
    change = [
        [0.0 if t == 0 else reference.cos(x[t, n], x[t - 1, n]) for n in range(HEIGHT * WIDTH)]
        for t in range(FRAMES)
    ]
    expected = [
        t * HEIGHT * WIDTH + n for t in range(FRAMES) for n in reference.best([-c for c in change[t]], 10)
    ]
    assert found.index.tolist() == expected


@pytest.mark.parametrize(("height", "width", "cells"), [(8, 8, 16), (6, 9, 6), (5, 7, 12)])
def test_avgpool_means_its_cells(height: int, width: int, cells: int) -> None:
    x = torch.randn(3, height * width, 5, generator=torch.Generator().manual_seed(0))
    found = compress(x, (3, height, width), method="avgpool", budget=TokenBudget(tokens=3 * cells))
    flat = x.reshape(-1, 5)
    assert found.assign.min() == 0
    for row in range(found.index.shape[0]):
        torch.testing.assert_close(found.tokens[row], flat[found.assign == row].mean(dim=0))
    if height % 4 == 0 and width % 4 == 0:
        pooled = torch.nn.functional.adaptive_avg_pool2d(x.view(3, height, width, 5).permute(0, 3, 1, 2), 4)
        torch.testing.assert_close(found.tokens.view(3, 4, 4, 5).permute(0, 3, 1, 2), pooled)


def test_uniform_keeps_whole_frames_at_the_middles_of_equal_intervals() -> None:
    x = scenes(12)
    found = compress(x, GRID, method="uniform", budget=TokenBudget(tokens=3 * HEIGHT * WIDTH))
    assert torch.unique(found.index // (HEIGHT * WIDTH)).tolist() == [1, 4, 7]
