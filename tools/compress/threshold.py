"""Finding the threshold at which a method without a token count meets one."""

from collections.abc import Callable, Sequence


def smallest_reaching(
    count: Callable[[float], int], limit: int, candidates: Sequence[float], steps: int
) -> float:
    """The lowest threshold found by bisection at which at least `limit` rows come out.

    Args:
        count: Rows at a threshold; grows with it, up to small disorder.
        limit: How many are wanted.
        candidates: Thresholds worth trying, ascending, at least one.
        steps: How often the range may be halved.

    Returns:
        One of the candidates; the last one when no tried one reaches the limit.
    """
    low, high = 0, len(candidates) - 1
    for _ in range(steps):
        if low >= high:
            break
        middle = (low + high) // 2
        if count(candidates[middle]) >= limit:
            high = middle
        else:
            low = middle + 1
    return candidates[high]
