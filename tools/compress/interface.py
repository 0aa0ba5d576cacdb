"""The one entrance: check, let the method draft, hold the draft to the budget, build the result."""

from dataclasses import replace

import torch
from torch import Tensor

from rewatch.tools.compress.budget import TokenBudget
from rewatch.tools.compress.clip import Clip, Grid, State, make_clip
from rewatch.tools.compress.compressed import Compressed, Draft, build
from rewatch.tools.compress.method import Method, whole
from rewatch.tools.compress.methods import find_method
from rewatch.tools.compress.trimming import top_up, trim


@torch.no_grad()
def compress(
    tokens: Tensor,
    grid: Grid,
    *,
    method: str | Method,
    budget: TokenBudget,
    attention: Tensor | None = None,
    frame_features: Tensor | None = None,
    query: Tensor | None = None,
    frame_weights: Tensor | None = None,
    state: State | None = None,
    generator: torch.Generator | None = None,
) -> Compressed:
    """Keep or merge visual tokens within a budget.

    Args:
        tokens: Floats `[T, N, D]`: merged patch tokens of T frames, row by row.
        grid: `(T, H, W)` with `N = H * W`.
        method: A name of `METHODS` with the paper's defaults, `quota:NAME`, or a method with other parameters.
        budget: How many tokens may be kept. A number that holds all tokens keeps all, unchanged.
        attention: `[T, N]`: attention that each token drew, or for `flexselect` the language model's scores.
        frame_features: `[T, G]`: one vector a frame; the mean token where not given.
        query: `[D]` or `[Q, D]` in the space of the tokens, for methods that weigh tokens by the question.
        frame_weights: `[T]`, 0 or more: relevance of each frame to the question.
        state: A dict that a method keeps what it must remember in; pass an empty one first and the same again.
        generator: Source of the noise and draws of methods that have them; without it they are fixed.

    Returns:
        The kept tokens, their positions and memberships.

    Raises:
        InputError: The inputs do not fit each other, hold NaN, or lack what the method needs.
        SettingError: There is no such method, or it has no threshold.
    """
    chosen = find_method(method)
    clip = make_clip(tokens, grid, attention, frame_features, query, frame_weights, state, generator)
    frames, places = clip.norms.shape
    total = frames * places
    limit = budget.limit(total)
    draft = _draft(chosen, clip, budget, limit)
    proposed = draft.index.shape[0]
    if budget.min_per_frame:
        draft = top_up(draft, frames, places, budget.min_per_frame, limit)
    if limit is not None:
        draft = trim(draft, limit, frames, places, budget.min_per_frame)
    kept = draft.index.shape[0]
    stats = {"method": chosen.name, "before": total, "after": kept, "proposed": proposed, **draft.notes}
    compressed = build(clip, draft, stats)
    chosen.remember(clip, compressed)
    return compressed


def _draft(method: Method, clip: Clip, budget: TokenBudget, limit: int | None) -> Draft:
    if limit is None:
        assert budget.threshold is not None
        return method.draft_at(clip, budget.threshold)
    if limit >= clip.norms.numel():
        return whole(clip.norms)
    if limit == 0:
        return replace(whole(clip.norms[:0]), notes={"empty": "the budget rounds down to no token"})
    return method.draft(clip, limit)
