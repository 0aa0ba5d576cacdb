"""What holds for every method and every clip, odd ones included."""

from typing import Any

import pytest
import torch
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from torch import Tensor

from rewatch.memory.errors import InputError, SettingError
from rewatch.tools.compress import METHODS, Compressed, TokenBudget, compress
from rewatch.tools.compress.cover import hand_over
from rewatch.tools.compress.rewatch import Rewatch

WIDTH = 6
quick = settings(max_examples=12, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
every_method = pytest.mark.parametrize("method", [*METHODS, "quota:evs", "quota:scissor"])


@st.composite
def clips(draw: st.DrawFn) -> tuple[Tensor, tuple[int, int, int]]:
    """Random, repeated, all-equal and zero tokens, on grids down to one token."""
    grid = (draw(st.integers(1, 7)), draw(st.integers(1, 6)), draw(st.integers(1, 6)))
    shape = (grid[0], grid[1] * grid[2], WIDTH)
    generator = torch.Generator().manual_seed(draw(st.integers(0, 10_000)))
    tokens = torch.randn(shape, generator=generator)
    kind = draw(st.sampled_from(["random", "still", "equal", "zero", "some zero"]))
    if kind == "still":
        tokens = tokens[:1].repeat(grid[0], 1, 1)
    elif kind == "equal":
        tokens = tokens[:1, :1].repeat(grid[0], shape[1], 1)
    elif kind == "zero":
        tokens = torch.zeros(shape)
    elif kind == "some zero":
        tokens[:, ::2] = 0
    return tokens, grid


def budgets() -> st.SearchStrategy[TokenBudget]:
    least = st.integers(0, 3)
    return st.one_of(
        st.builds(lambda n, m: TokenBudget(tokens=n, min_per_frame=m), st.integers(1, 80), least),
        st.builds(lambda r, m: TokenBudget(ratio=r, min_per_frame=m), st.floats(0.01, 1.0), least),
    )


def run(
    method: str, tokens: Tensor, grid: tuple[int, int, int], budget: TokenBudget, **more: Any
) -> Compressed:
    scores = torch.rand(grid[0], grid[1] * grid[2], generator=torch.Generator().manual_seed(5))
    return compress(tokens, grid, method=method, budget=budget, attention=scores, **more)


@every_method
@quick
@given(clip=clips(), budget=budgets())
def test_results_are_ordered_within_budget_and_explain_themselves(
    method: str, clip: tuple[Tensor, tuple[int, int, int]], budget: TokenBudget
) -> None:
    tokens, grid = clip
    found = run(method, tokens, grid, budget)
    total = grid[0] * grid[1] * grid[2]
    kept = found.index.shape[0]
    allowed = budget.tokens if budget.tokens is not None else int(total * (budget.ratio or 0))
    assert kept <= allowed
    assert found.index.dtype == torch.int64
    assert bool((found.index.diff() > 0).all())
    assert found.tokens.shape == (kept, WIDTH)
    assert bool(torch.isfinite(found.tokens).all())
    assert int(found.sizes.sum()) == int((found.assign >= 0).sum()) == found.links[:, 0].unique().numel()
    totals = torch.zeros(kept).index_add_(0, found.links[:, 1], found.weights)
    torch.testing.assert_close(totals, torch.ones(kept))
    rebuilt = torch.zeros(kept, WIDTH).index_add_(
        0, found.links[:, 1], found.weights[:, None] * tokens.reshape(-1, WIDTH)[found.links[:, 0]]
    )
    torch.testing.assert_close(found.tokens, rebuilt, atol=1e-5, rtol=1e-4)
    torch.testing.assert_close(found.apply(tokens), found.tokens)
    if found.boxes is not None:
        assert bool(((found.boxes >= 0) & (found.boxes <= 1)).all())
        assert bool((found.boxes[:, :2] < found.boxes[:, 2:]).all())
    frames = torch.bincount(found.index // (grid[1] * grid[2]), minlength=grid[0])
    assert int(frames.min()) >= min(budget.min_per_frame, grid[1] * grid[2], allowed // grid[0])


@every_method
@quick
@given(clip=clips(), ratio=st.floats(0.05, 0.9))
def test_the_same_input_gives_the_same_result(
    method: str, clip: tuple[Tensor, tuple[int, int, int]], ratio: float
) -> None:
    results = [
        run(method, *clip, TokenBudget(ratio=ratio), generator=torch.Generator().manual_seed(3))
        for _ in range(2)
    ]
    assert torch.equal(results[0].index, results[1].index)
    assert torch.equal(results[0].tokens, results[1].tokens)


@every_method
def test_memory_layout_does_not_matter(method: str) -> None:
    tokens = torch.randn(5, 12, WIDTH, generator=torch.Generator().manual_seed(1))
    scattered = tokens.permute(2, 1, 0).contiguous().permute(2, 1, 0)
    assert not scattered.is_contiguous()
    found = [run(method, given, (5, 3, 4), TokenBudget(ratio=0.4)) for given in (tokens, scattered)]
    assert torch.equal(found[0].index, found[1].index)
    assert torch.equal(found[0].tokens, found[1].tokens)


@every_method
@pytest.mark.parametrize("kind", [torch.float16, torch.bfloat16])
def test_half_precision_is_computed_in_single_and_returned_in_half(method: str, kind: torch.dtype) -> None:
    tokens = torch.randn(4, 12, WIDTH, generator=torch.Generator().manual_seed(2)).to(kind)
    half = run(method, tokens, (4, 3, 4), TokenBudget(ratio=0.5))
    single = run(method, tokens.float(), (4, 3, 4), TokenBudget(ratio=0.5))
    assert half.tokens.dtype == kind
    assert torch.equal(half.index, single.index)
    torch.testing.assert_close(half.tokens, single.tokens.to(kind))


@every_method
@pytest.mark.parametrize("value", [float("nan"), float("inf")])
def test_values_that_cannot_be_ranked_are_refused(method: str, value: float) -> None:
    tokens = torch.ones(3, 4, WIDTH)
    tokens[1, 2, 3] = value
    with pytest.raises(InputError, match="NaN"):
        run(method, tokens, (3, 2, 2), TokenBudget(ratio=0.5))


@every_method
def test_a_budget_for_everything_keeps_everything_unchanged(method: str) -> None:
    tokens = torch.randn(3, 6, WIDTH)
    found = run(method, tokens, (3, 2, 3), TokenBudget(tokens=18))
    assert torch.equal(found.tokens, tokens.reshape(-1, WIDTH))


@pytest.mark.parametrize("method", ["evs", "dtd", "sttm", "random"])
def test_clips_of_a_batch_do_not_depend_on_their_order(method: str) -> None:
    batch = [torch.randn(4, 9, WIDTH, generator=torch.Generator().manual_seed(seed)) for seed in range(3)]
    there = [run(method, clip, (4, 3, 3), TokenBudget(ratio=0.3)).index.tolist() for clip in batch]
    back = [run(method, clip, (4, 3, 3), TokenBudget(ratio=0.3)).index.tolist() for clip in batch[::-1]]
    assert there == back[::-1]


def test_a_papers_own_minimum_is_cut_to_the_budget_and_noted() -> None:
    found = compress(torch.randn(4, 9, WIDTH), (4, 3, 3), method="evs", budget=TokenBudget(tokens=5))
    assert found.index.tolist() == [0, 1, 2, 3, 4]
    assert found.stats["paper_minimum"] == 9


def test_every_frame_keeps_its_least_share() -> None:
    tokens = torch.randn(1, 16, WIDTH).repeat(6, 1, 1)
    found = compress(tokens, (6, 4, 4), method="dtd", budget=TokenBudget(tokens=24, min_per_frame=3))
    frames = torch.bincount(found.index // 16, minlength=6)
    assert int(frames.min()) >= 3
    assert int(frames.sum()) == 24


@pytest.mark.parametrize(
    "given_",
    [{}, {"tokens": 3, "ratio": 0.5}, {"tokens": 0}, {"ratio": 0.0}, {"ratio": 1.5}, {"threshold": 2.0}],
)
def test_a_budget_is_exactly_one_sensible_number(given_: dict[str, Any]) -> None:
    with pytest.raises(SettingError):
        TokenBudget(**given_)


@pytest.mark.parametrize("method", ["evs", "uniform", "fastvid", "holitom", "rewatch"])
def test_a_threshold_is_for_methods_that_have_one(method: str) -> None:
    with pytest.raises(SettingError, match="tokens or ratio"):
        compress(torch.randn(2, 4, WIDTH), (2, 2, 2), method=method, budget=TokenBudget(threshold=0.5))


def test_inputs_that_do_not_fit_are_named() -> None:
    tokens = torch.randn(2, 4, WIDTH)
    with pytest.raises(InputError, match="grid"):
        compress(tokens, (2, 3, 2), method="evs", budget=TokenBudget(ratio=0.5))
    with pytest.raises(InputError, match="attention"):
        compress(tokens, (2, 2, 2), method="evs", budget=TokenBudget(ratio=0.5), attention=torch.ones(2, 3))
    with pytest.raises(InputError, match="scores"):
        compress(tokens, (2, 2, 2), method="flexselect", budget=TokenBudget(ratio=0.5))
    with pytest.raises(SettingError, match="choose one of"):
        compress(tokens, (2, 2, 2), method="best", budget=TokenBudget(ratio=0.5))


def test_ours_spends_less_on_what_was_shown_before() -> None:
    generator = torch.Generator().manual_seed(4)
    seen, fresh = torch.randn(2, 4, 16, 24, generator=generator)
    state: dict[str, Any] = {}
    compress(seen, (4, 4, 4), method="rewatch", budget=TokenBudget(ratio=0.9), state=state)
    both = torch.cat([seen, fresh])
    found = compress(both, (8, 4, 4), method="rewatch", budget=TokenBudget(tokens=40), state=state)
    alone = compress(both, (8, 4, 4), method="rewatch", budget=TokenBudget(tokens=40))
    again, before = (int((result.index < 64).sum()) for result in (found, alone))
    assert 0 < again <= 14
    assert before >= 18


def test_ours_spends_more_where_the_question_points() -> None:
    tokens = torch.randn(8, 16, 24, generator=torch.Generator().manual_seed(6))
    weights = torch.tensor([0.0, 0, 0, 0, 1, 1, 1, 1])
    found = compress(
        tokens, (8, 4, 4), method="rewatch", budget=TokenBudget(tokens=40), frame_weights=weights
    )
    assert int((found.index >= 64).sum()) > 25


def test_ours_serves_every_known_shot() -> None:
    tokens = torch.randn(1, 16, 24, generator=torch.Generator().manual_seed(7)).repeat(12, 1, 1)
    method = Rewatch(shot_starts=(0, 2, 3, 11))
    found = compress(tokens, (12, 4, 4), method=method, budget=TokenBudget(tokens=24))
    frames = set((found.index // 16).tolist())
    assert all(frames & set(shot) for shot in (range(2), range(2, 3), range(3, 11), range(11, 12)))


def test_ours_keeps_what_shows_once() -> None:
    """A patch that differs in one frame of a clip that repeats itself, noise apart."""
    generator = torch.Generator().manual_seed(8)
    tokens = torch.randn(1, 36, 24, generator=generator).repeat(20, 1, 1)
    tokens = tokens + 0.05 * torch.randn(tokens.shape, generator=generator)
    tokens[13, 21] = torch.randn(24, generator=generator)
    found = compress(tokens, (20, 6, 6), method="rewatch", budget=TokenBudget(tokens=44))
    row = int(found.assign[13 * 36 + 21])
    assert torch.nn.functional.cosine_similarity(found.tokens[row], tokens[13, 21], dim=0) > 0.99


def test_ours_stands_in_as_many_frames_as_it_has_rows_for() -> None:
    generator = torch.Generator().manual_seed(9)
    tokens = torch.randn(1, 36, 24, generator=generator).repeat(20, 1, 1)
    tokens = tokens + 0.05 * torch.randn(tokens.shape, generator=generator)
    found = compress(tokens, (20, 6, 6), method="rewatch", budget=TokenBudget(tokens=40))
    assert len(set((found.index // 36).tolist())) == 20
    own = found.assign[found.index]
    assert own.tolist() == list(range(40))


def test_an_outline_narrowed_is_what_compressing_at_once_gives() -> None:
    generator = torch.Generator().manual_seed(10)
    tokens, weights = torch.randn(10, 36, 24, generator=generator), torch.rand(10, generator=generator)
    method = Rewatch()
    whole = compress(tokens, (10, 6, 6), method=method, budget=TokenBudget(tokens=30), frame_weights=weights)
    before, most = method.before_question(30, 360)
    outline = compress(tokens, (10, 6, 6), method=before, budget=TokenBudget(tokens=most))
    narrowed, grouping = method.narrow(outline, 30, weights, None)
    assert torch.equal(narrowed.index, whole.index)
    assert torch.equal(narrowed.assign, whole.assign)
    torch.testing.assert_close(narrowed.tokens, whole.tokens)
    torch.testing.assert_close(narrowed.weights, whole.weights)
    assert most == outline.index.shape[0] == 120
    assert grouping is not None
    torch.testing.assert_close(grouping.apply(outline.tokens), whole.tokens)


@pytest.mark.parametrize("seed", range(4))
def test_every_frame_keeps_a_row_of_ours_where_rows_suffice(seed: int) -> None:
    """Frames that repeat others are merged with them by preference, and three of these are black."""
    generator = torch.Generator().manual_seed(seed)
    tokens = torch.randn(12, 25, 16, generator=generator)
    tokens[[0, 10, 11]] = 1.0
    tokens[5:8] = tokens[4]
    for limit in (24, 60, 100):
        kept = compress(tokens, (12, 5, 5), method="rewatch", budget=TokenBudget(tokens=limit))
        assert torch.unique(kept.index // 25).tolist() == list(range(12))


def test_rows_are_handed_to_parts_without_any_and_taken_from_where_they_are_missed_least() -> None:
    """Two of the four chosen are nearly the same; one of them goes to what is covered worst of the empty part."""
    unit = torch.nn.functional.normalize(
        torch.tensor([[1.0, 0, 0], [0, 1.0, 0], [0, 0, 1.0], [0, 0.01, 1.0], [-1.0, 0, 0.5], [0.9, 0.1, 0]]),
        dim=1,
    )
    group = torch.tensor([0, 1, 2, 3, 1, 0])
    part = torch.tensor([0, 0, 0, 0, 1, 1])
    chosen, free = torch.arange(4), torch.tensor([True, True, True, False])
    handed, joined = hand_over(unit, torch.ones(6), chosen, group, free, part, torch.tensor([1]))
    assert handed.tolist() == [0, 1, 4, 3]
    assert joined.tolist() == [0, 1, 3, 3, 2, 0]  # who lost its row joins the one beside it


def test_the_package_is_light_until_it_compresses() -> None:
    import subprocess
    import sys

    code = "import sys, rewatch.tools.compress, rewatch.tools.compress.hooks; print('torch' in sys.modules)"
    run_ = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert run_.stdout.strip() == "False"
