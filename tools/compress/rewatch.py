"""Our own method: an outline of the clip that knows no question, narrowed to the budget for the question at hand.

`docs/compression.md` explains it.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import ClassVar

import torch
from torch import Tensor

from rewatch.memory.errors import InputError, SettingError
from rewatch.tools.compress.clip import Clip, Grid, State, unit_rows
from rewatch.tools.compress.compressed import Compressed, Draft, Links, build
from rewatch.tools.compress.cover import choose, exchange, hand_over, nearest, settle
from rewatch.tools.compress.fastvid import cut_after
from rewatch.tools.compress.grouping import Grouping
from rewatch.tools.compress.method import Method

SHOWN = "shown"
"""Key of the state: unit vectors of the tokens that the model was shown in this run `[M, D]`."""
MOST_SHOWN = 8192
"""So many of them are remembered, the latest."""
SHOWN_MASS = 0.25
"""What is left of a token's mass when the same was shown before."""
NEW_DISSIMILARITY = 0.1
"""One minus the cosine with the frame before, from which a token is wholly new."""
_NEW_POWER = 1.5
AREAS = 4
"""Rows and columns of areas in a picture."""
_SHOT_SHARE = 0.5
_MOST_SHOT_MASS = 4.0
_HANDINGS = 2
"""How often frames without a row are given one; giving one up may empty another frame."""
_GRAM_SHARE = 0.5
"""What settling and exchanging may cost, as a share of one Gram product of all tokens."""


@dataclass(frozen=True, slots=True)
class Rewatch(Method):
    """Draw tokens in proportion to what is not covered yet, gather the others around them, and average.

    First without the question, to `outline` times the budget: short shots and what is new since the frame before weigh
    more. Then those rows are narrowed to the budget in the same way; how much each stands for, the weights of the
    frames and what was shown before say how much it weighs. Rows stand so that as many frames, and areas of
    every shot, as possible keep one.
    """

    name: ClassVar[str] = "rewatch"
    uses_question: ClassVar[bool] = True
    shot_starts: tuple[int, ...] | None = None
    """First frames of the shots, where they are known; otherwise cuts are where adjacent frames differ."""
    cut_similarity: float = 0.9
    """Cosine of adjacent frames below which a cut is assumed."""
    outline: int = 4
    """How many times the budget the outline keeps."""
    exchanges: int = 3
    """How often the rows that do least are given to what is covered worst, as far as time allows."""
    sweeps: int = 8
    """How often means are taken, as far as time allows."""

    def __post_init__(self) -> None:
        if self.outline < 1 or self.exchanges < 0 or self.sweeps < 1:
            raise SettingError(
                "rewatch needs an outline and sweeps of at least 1, and exchanges of 0 or more"
            )

    def draft(self, clip: Clip, limit: int) -> Draft:
        outline = Outline(self).draft(clip, self.outline * limit)
        outlined = build(clip, outline, outline.notes)
        result = outlined
        if outlined.index.shape[0] > limit:
            grouping = self._grouping(outlined, limit, clip.frame_weights, clip.state)
            result = grouping.merge(outlined)
        notes = {"shots": outlined.stats["shot"][-1] + 1, "outline": outlined.index.shape[0]}
        links = Links(result.links[:, 0], result.links[:, 1], result.weights)
        return Draft(result.index, result.sizes.to(clip.norms.dtype), links, notes)

    def remember(self, clip: Clip, compressed: Compressed) -> None:
        remember_shown(clip.state, compressed.tokens)

    def with_shots(self, shots: Sequence[int]) -> "Rewatch":
        """The method with known shots, unless it has been told some."""
        if self.shot_starts is not None:
            return self
        starts = [frame for frame in range(len(shots)) if frame == 0 or shots[frame] != shots[frame - 1]]
        return replace(self, shot_starts=tuple(starts))

    def before_question(self, limit: int, total: int) -> tuple[Method, int]:
        """The outline, `outline` times the budget."""
        return Outline(self), min(self.outline * limit, total)

    def narrow(
        self, outlined: Compressed, limit: int, frame_weights: Tensor | None, state: State | None
    ) -> tuple[Compressed, Grouping | None]:
        """Cut an outline to the budget, and remember what is shown then."""
        result, grouping = outlined, None
        if outlined.index.shape[0] > limit:
            grouping = self._grouping(outlined, limit, frame_weights, state)
            result = grouping.merge(outlined, method=self.name, after=limit, outline=outlined.index.shape[0])
        if state is not None:
            remember_shown(state, result.tokens)
        return result, grouping

    def _grouping(
        self, outlined: Compressed, limit: int, frame_weights: Tensor | None, state: State | None
    ) -> Grouping:
        frames, height, width = outlined.grid
        places, total = height * width, frames * height * width
        unit = unit_rows(outlined.tokens.to(outlined.weights.dtype))
        frame = outlined.index // places
        shot = torch.as_tensor(outlined.stats["shot"], device=unit.device)
        of_frames = frame_mass(frame_weights, frames, unit) * shot_mass(shot).to(unit)
        mass = outlined.sizes.to(unit.dtype) * of_frames[frame] * _unseen(unit, state)
        order, rounds, exchanges = alike(outlined.index, shot, places), 6, self.exchanges
        if unit.shape[0] == total:
            mass, rounds, exchanges = mass * newness(unit.view(frames, places, -1)), 10, 0
        chosen, group = self._cover(unit, mass, order, limit, total, rounds=rounds, exchanges=exchanges)
        area = areas(outlined.index, shot, outlined.grid)
        stands, group = placed(unit, mass, chosen, group, frame, area)
        return Grouping.of(outlined, stands, group)

    def _cover(
        self,
        unit: Tensor,
        mass: Tensor,
        order: Tensor,
        limit: int,
        total: int,
        *,
        rounds: int,
        exchanges: int,
    ) -> tuple[Tensor, Tensor]:
        """The chosen rows `[limit]`, and the group of each row."""
        passes = int(_GRAM_SHARE * total * total / (unit.shape[0] * limit))
        exchanges = min(exchanges, passes // 6)
        chosen, group = choose(unit, mass, order, limit, rounds)
        for _ in range(exchanges):
            chosen = exchange(unit, mass, order, chosen)
        sweeps = min(self.sweeps, passes - 3 * exchanges)
        if sweeps > 1:
            group, _ = settle(unit, mass, chosen, sweeps)
        return chosen, group

    def shots(self, clip: Clip) -> list[tuple[int, int]]:
        """Half-open runs of frames."""
        frames = clip.norms.shape[0]
        if self.shot_starts is None:
            starts = [cut + 1 for cut in cut_after(clip.frame_features, 1, self.cut_similarity)]
        else:
            starts = [start for start in sorted(set(self.shot_starts)) if 0 < start < frames]
        return list(pairwise([0, *starts, frames]))


@dataclass(frozen=True, slots=True)
class Outline(Method):
    """What `Rewatch` keeps before it knows the question; it can be kept and narrowed for every question."""

    name: ClassVar[str] = "outline"
    rewatch: Rewatch

    def draft(self, clip: Clip, limit: int) -> Draft:
        frames, places = clip.norms.shape
        total = frames * places
        shot = torch.zeros(frames, dtype=torch.int64, device=clip.norms.device)
        shot[[start for start, _ in self.rewatch.shots(clip)][1:]] = 1
        shot = shot.cumsum(0)
        everything = torch.arange(total, device=shot.device)
        notes = {"shot": shot.tolist()}
        if limit >= total:
            return Draft(everything, clip.norms.reshape(-1), None, notes)
        unit = clip.unit.reshape(total, -1)
        mass = shot_mass(shot).to(unit.dtype).repeat_interleave(places) * newness(clip.unit)
        chosen, group = self.rewatch._cover(
            unit, mass, alike(everything, shot, places), limit, total, rounds=10, exchanges=0
        )
        area = areas(everything, shot, clip.grid)
        chosen, group = placed(unit, mass, chosen, group, everything // places, area)
        size = torch.bincount(group, minlength=limit).to(unit.dtype)
        return Draft(chosen, size, Links(everything, group, (1 / size)[group]), notes)


def placed(
    unit: Tensor, mass: Tensor, chosen: Tensor, group: Tensor, frame: Tensor, area: Tensor
) -> tuple[Tensor, Tensor]:
    """Where rows stand `[K]`, and the group of each member: as many frames as possible keep one, then areas.

    A frame that no row can move to is given one, chosen there instead of one that would be missed least.
    """
    for _ in range(_HANDINGS):
        stands = stand_apart(chosen, group, _likeness(unit, chosen, group), frame, area)
        held = torch.bincount(frame[stands], minlength=int(frame.max()) + 1)
        empty = torch.unique(frame[held[frame] == 0])
        free = held[frame[stands]] > 1
        if not empty.numel() or not bool(free.any()):
            return stands, group
        chosen, group = hand_over(unit, mass, chosen, group, free, frame, empty)
    return stand_apart(chosen, group, _likeness(unit, chosen, group), frame, area), group


def stand_apart(chosen: Tensor, group: Tensor, likeness: Tensor, *parts: Tensor) -> Tensor:
    """Move rows to where none stands: to a member of theirs, if another row stands in the part that they leave.

    A less important division never empties a part of a more important one.

    Args:
        chosen: int64 `[K]`: the member that each row stands at.
        group: int64 `[n]`: the row of each member.
        likeness: `[n]`: how well each member is told by its row.
        parts: int64 `[n]` each: the part of the clip that each member lies in; divisions in order of importance.

    Returns:
        int64 `[K]`: where the rows stand then; each at one of its members.
    """
    chosen = chosen.clone()
    held = [torch.bincount(part[chosen], minlength=int(part.max()) + 1) for part in parts]
    for rank, part in enumerate(parts):
        for empty in torch.nonzero(held[rank] == 0).squeeze(1).tolist():
            members = torch.nonzero(part == empty).squeeze(1)
            for other, standing in zip(parts[: rank + 1], held, strict=False):
                members = members[standing[other[chosen[group[members]]]] > 1]
            if members.numel() == 0:
                continue
            member = members[likeness[members].argmax()]
            for other, standing in zip(parts, held, strict=True):
                standing[other[chosen[group[member]]]] -= 1
                standing[other[member]] += 1
            chosen[group[member]] = member
    return chosen


def _likeness(unit: Tensor, chosen: Tensor, group: Tensor) -> Tensor:
    """How well each member is told by the one that its row was chosen for: their cosine `[n]`."""
    return (unit * unit[chosen][group]).sum(dim=1)


def areas(index: Tensor, shot: Tensor, grid: Grid) -> Tensor:
    """The area of a shot that each token lies in: one of `AREAS` x `AREAS` parts of the picture."""
    _, height, width = grid
    frame, place = index // (height * width), index % (height * width)
    row, column = place // width * AREAS // height, place % width * AREAS // width
    return (shot[frame] * AREAS + row) * AREAS + column


def shot_mass(shot: Tensor) -> Tensor:
    """Mass of each frame `[T]`: half a share for the frame, half for its shot, so that short shots are not lost."""
    lengths = torch.bincount(shot).double()
    of_shots = (shot.shape[0] / lengths.shape[0]) / lengths[shot]
    return ((1 - _SHOT_SHARE) + _SHOT_SHARE * of_shots).clamp_max(_MOST_SHOT_MASS)


def _unseen(unit: Tensor, state: State | None) -> Tensor:
    """What is left of the mass of each row `[n]` after what was shown before."""
    shown = _shown(state, unit)
    if not shown.shape[0]:
        return torch.ones_like(unit[:, 0])
    return 1 - (1 - SHOWN_MASS) * nearest(unit, shown)[0].clamp_min(0)


def frame_mass(weights: Tensor | None, frames: int, like: Tensor) -> Tensor:
    """Mass of each frame `[T]` by its relevance: half to one and a half of the average, so that nothing is lost."""
    if weights is None or float(weights.sum()) == 0:
        return like.new_ones(frames)
    relative = (weights / weights.mean()).to(like)
    of_frames: Tensor = 0.5 + 0.5 * relative.clamp_max(2.0)
    return of_frames


def newness(unit: Tensor) -> Tensor:
    """How new each token is since the frame before, 0 to 1, flat `[T*N]`; all of the first frame is new.

    Args:
        unit: `[T, N, D]`, unit length.
    """
    changed = 1 - torch.einsum("tnd,tnd->tn", unit[1:], unit[:-1])
    new = (changed / NEW_DISSIMILARITY).clamp(0, 1) ** _NEW_POWER
    return torch.cat([torch.ones_like(unit[:1, :, 0]), new]).reshape(-1)


def alike(index: Tensor, shot: Tensor, places: int) -> Tensor:
    """The order of tokens by shot, then place, then time: neighbours in it are alike."""
    frame, place = index // places, index % places
    return torch.argsort((shot[frame] * places + place) * shot.shape[0] + frame)


def remember_shown(state: State, tokens: Tensor) -> None:
    """Add tokens `[K, D]` to what was shown."""
    shown = unit_rows(tokens.float())
    state[SHOWN] = torch.cat([_shown(state, shown), shown])[-MOST_SHOWN:]


def _shown(state: State | None, like: Tensor) -> Tensor:
    shown = None if state is None else state.get(SHOWN)
    if shown is None:
        return like[:0]
    if shown.shape[1] != like.shape[1]:
        raise InputError(
            f"state of tokens of width {shown.shape[1]} for tokens of width {like.shape[1]}; start another"
        )
    return torch.as_tensor(shown, dtype=like.dtype, device=like.device)
