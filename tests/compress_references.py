"""The papers' definitions, written down slowly and literally: one token at a time, no batching, no shortcuts."""

import math
from itertools import pairwise

import torch
from torch import Tensor

Rows = dict[int, Tensor]
"""Flat position of each kept or merged token, and the token."""


def cos(a: Tensor, b: Tensor) -> float:
    return float(torch.nn.functional.cosine_similarity(a, b, dim=0))


def evs(x: Tensor, ratio: float) -> list[int]:
    frames, places, _ = x.shape
    scores = [
        255.0 if t == 0 else 1 - cos(x[t, n], x[t - 1, n]) for t in range(frames) for n in range(places)
    ]
    count = max(places, int(frames * places * ratio))
    ranked = sorted(range(len(scores)), key=lambda i: -scores[i])
    return sorted(ranked[:count])


def dtd(x: Tensor, threshold: float) -> list[int]:
    frames, places, _ = x.shape
    return [
        t * places + n
        for t in range(frames)
        for n in range(places)
        if t == 0 or not cos(x[t, n], x[t - 1, n]) > threshold
    ]


def peaks(members: list[Tensor], neighbours: int) -> tuple[list[list[float]], list[float]]:
    """Distances and peak scores; without noise, the earlier of equals is denser."""
    distance = [[float((a - b).norm()) / math.sqrt(len(a)) for b in members] for a in members]
    density = [
        math.exp(-sum(d * d for d in sorted(row)[:neighbours]) / min(neighbours, len(row)))
        for row in distance
    ]
    largest = max(max(row) for row in distance)
    scores = []
    for i in range(len(members)):
        denser = [j for j in range(len(members)) if (density[j], -j) > (density[i], -i)]
        scores.append(min((distance[i][j] for j in denser), default=largest) * density[i])
    return distance, scores


def best(scores: list[float], count: int) -> list[int]:
    return sorted(sorted(range(len(scores)), key=lambda i: -scores[i])[:count])


def clusters(members: list[Tensor], count: int, neighbours: int) -> tuple[list[int], list[int]]:
    """Centres, and the centre (by number) of each member."""
    distance, scores = peaks(members, neighbours)
    centres = best(scores, count)
    group = [
        centres.index(i) if i in centres else min(range(count), key=lambda c: distance[i][centres[c]])
        for i in range(len(members))
    ]
    return centres, group


def fastvid(x: Tensor, features: Tensor, attention: Tensor, ratio: float, c: int, tau: float) -> Rows:
    d, p, beta = 0.4, 4, 0.6
    frames, places, _ = x.shape
    similar = [cos(features[t], features[t + 1]) for t in range(frames - 1)]
    cuts = set(sorted(range(frames - 1), key=lambda t: similar[t])[: c - 1])
    cuts |= {t for t in range(frames - 1) if similar[t] < tau}
    kept = int(places * ratio)
    context = int(kept * d)
    salient = kept - context
    rows: Rows = {}
    for start, end in pairwise([0, *(t + 1 for t in sorted(cuts)), frames]):
        length = end - start
        top = {t: best(attention[t].tolist(), salient) for t in range(start, end)}
        for t in range(start, end):
            rows.update({t * places + n: x[t, n] for n in top[t]})
        rest = [(t, n) for t in range(start, end) for n in range(places) if n not in top[t]]
        anchor_frames = [t for t in range(start, end) if (end - 1 - t) % p == 0]
        count = length * context // math.ceil(length / p)
        for frame in anchor_frames:
            own = [n for t, n in rest if t == frame]
            _, scores = peaks([x[frame, n] for n in own], 4)
            anchors = [own[i] for i in best(scores, count)]
            members: dict[int, list[Tensor]] = {n: [] for n in anchors}
            for t, n in rest:
                if count and not (t == frame and n in anchors):
                    nearest = max(anchors, key=lambda a: cos(x[t, n], x[frame, a]))
                    members[nearest].append(x[t, n])
            for n in anchors:
                weight = max(1 / (len(members[n]) + 1), beta)
                mean = torch.stack(members[n]).mean(dim=0) if members[n] else x[frame, n]
                rows[frame * places + n] = weight * x[frame, n] + (1 - weight) * mean
    return rows


def holitom(x: Tensor, attention: Tensor, ratio: float, tau: float, centre_weight: float | None) -> Rows:
    frames, places, _ = x.shape
    sim = [[cos(x[t, n], x[t + 1, n]) for n in range(places)] for t in range(frames - 1)]

    def static(s: int, e: int) -> list[int]:
        return [n for n in range(places) if e > s and all(sim[t][n] > tau for t in range(s, e))]

    total, first = [0], []
    for e in range(frames):
        value, start = total[e], e
        for s in range(e - 1, -1, -1):
            tried = total[s] + len(static(s, e)) * (e - s)
            if tried > value:
                value, start = tried, s
        total.append(value)
        first.append(start)
    windows, end = [], frames - 1
    while end >= 0:
        windows.append((first[end], end))
        end = first[end] - 1
    share = min(ratio * frames * places / (frames * places - total[-1]), 1)
    rows: Rows = {}
    for s, e in windows:
        still = static(s, e)
        count = round(len(still) * share)
        if count:
            means = [torch.stack([x[t, n] for t in range(s, e + 1)]).mean(dim=0) for n in still]
            centres, group = clusters(means, count, min(7, count))
            for number, centre in enumerate(centres):
                others = [means[i] for i in range(len(still)) if group[i] == number and i != centre]
                token = means[centre]
                if others and centre_weight is not None:
                    token = centre_weight * token + (1 - centre_weight) * torch.stack(others).mean(dim=0)
                elif others:
                    token = torch.stack([token, *others]).mean(dim=0)
                rows[s * places + still[centre]] = token
        moving = [n for n in range(places) if n not in still]
        keep = math.ceil(len(moving) * share)
        for t in range(s, e + 1):
            for i in best([float(attention[t, n]) for n in moving], keep):
                rows[t * places + moving[i]] = x[t, moving[i]]
    return rows


def prunevid(x: Tensor, windows: list[tuple[int, int]], tau: float) -> Rows:
    _, places, _ = x.shape

    def spatial(tokens: list[Tensor], place: list[int], frame: int, rows: Rows) -> None:
        if len(tokens) <= 14:
            rows.update({frame * places + n: token for n, token in zip(place, tokens, strict=True)})
            return
        centres, group = clusters(tokens, int(len(tokens) * 0.5), 7)
        for number, centre in enumerate(centres):
            members = [tokens[i] for i in range(len(tokens)) if group[i] == number]
            rows[frame * places + place[centre]] = torch.stack(members).mean(dim=0)

    rows: Rows = {}
    for start, end in windows:
        still = []
        for n in range(places):
            pairs = [cos(x[a, n], x[b, n]) for a in range(start, end) for b in range(start, end) if a != b]
            if pairs and sum(pairs) / len(pairs) > tau:
                still.append(n)
        if still:
            spatial([x[start:end, n].mean(dim=0) for n in still], still, start, rows)
        moving = [n for n in range(places) if n not in still]
        for t in range(start, end):
            if moving:
                spatial([x[t, n] for n in moving], moving, t, rows)
    return rows


def components(tokens: list[Tensor], tau: float) -> list[list[int]]:
    seen: set[int] = set()
    found = []
    for start in range(len(tokens)):
        if start in seen:
            continue
        group, todo = [], [start]
        seen.add(start)
        while todo:
            i = todo.pop()
            group.append(i)
            near = [j for j in range(len(tokens)) if j not in seen and cos(tokens[i], tokens[j]) > tau]
            seen.update(near)
            todo += near
        found.append(sorted(group))
    return found


def scissor(x: Tensor, tau: float) -> Rows:
    frames, places, width = x.shape
    inner: list[tuple[int, Tensor]] = []
    for t in range(frames):
        for group in components(list(x[t]), tau):
            inner.append((t * places + group[0], x[t, group].mean(dim=0)))
    survivors = [
        (min(inner[i][0] for i in group), torch.stack([inner[i][1] for i in group]).mean(dim=0))
        for group in components([mean for _, mean in inner], tau)
    ]
    joined: dict[int, list[Tensor]] = {position: [mean] for position, mean in survivors}
    for token in x.reshape(-1, width):
        nearest = max(survivors, key=lambda survivor: cos(token, survivor[1]))[0]
        joined[nearest].append(token)
    return {position: torch.stack(tokens).mean(dim=0) for position, tokens in joined.items()}


def sttm(x: Tensor, height: int, width: int, spatial: float, temporal: float) -> Rows:
    """For even sides that halve down to two."""
    frames = x.shape[0]
    grid = x.view(frames, height, width, -1)
    levels = [grid]
    while min(levels[-1].shape[1:3]) > 2:
        fine = levels[-1]
        coarse = torch.stack([fine[:, i::2, j::2] for i in (0, 1) for j in (0, 1)]).mean(dim=0)
        levels.append(coarse)
    nodes: list[tuple[int, int, int, int, Tensor]] = []

    def split(t: int, level: int, row: int, column: int) -> None:
        mean, size = levels[level][t, row, column], 2**level
        children = [(2 * row + i, 2 * column + j) for i in (0, 1) for j in (0, 1)] if level else []
        if all(cos(mean, levels[level - 1][t, i, j]) >= spatial for i, j in children):
            nodes.append((t, row * size, column * size, size, mean))
        else:
            for i, j in children:
                split(t, level - 1, i, j)

    for t in range(frames):
        for row in range(levels[-1].shape[1]):
            for column in range(levels[-1].shape[2]):
                split(t, len(levels) - 1, row, column)

    def within(a: tuple[int, int, int, int, Tensor], b: tuple[int, int, int, int, Tensor]) -> bool:
        return b[1] <= a[1] and b[2] <= a[2] and a[1] + a[3] <= b[1] + b[3] and a[2] + a[3] <= b[2] + b[3]

    parent = list(range(len(nodes)))

    def root(i: int) -> int:
        return i if parent[i] == i else root(parent[i])

    for i, a in enumerate(nodes):
        for j, b in enumerate(nodes):
            if b[0] == a[0] + 1 and (within(a, b) or within(b, a)) and cos(a[4], b[4]) >= temporal:
                parent[root(i)] = root(j)
    tubes: dict[int, list[tuple[int, int, int, int, Tensor]]] = {}
    for i, node in enumerate(nodes):
        tubes.setdefault(root(i), []).append(node)
    rows: Rows = {}
    for tube in tubes.values():
        first = min(t * height * width + y * width + x0 for t, y, x0, _, _ in tube)
        rows[first] = torch.stack([node[4] for node in tube]).mean(dim=0)
    return rows
