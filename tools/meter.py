"""The meter of one run: what has been spent, and the hard limits that stop it."""

import time
from dataclasses import fields
from threading import Lock

from rewatch.memory.errors import LimitReached
from rewatch.memory.types import Cost, Limits


class Meter:
    """Adds up the cost of a run and refuses what would pass a limit. Safe to use from several threads."""

    def __init__(self, limits: Limits, spent: Cost | None = None) -> None:
        """Start the clock.

        Args:
            limits: Hard limits of the run.
            spent: What an interrupted part of the same run has spent already.
        """
        self.limits = limits
        self.refused = ""
        """What the last refusal said, or "" while nothing was refused."""
        self._spent = spent or Cost()
        self._started = time.monotonic()
        self._lock = Lock()

    @property
    def cost(self) -> Cost:
        """What has been spent until now; `seconds` is wall time."""
        return self._spent + Cost(seconds=time.monotonic() - self._started)

    def charge(self, cost: Cost) -> None:
        """Spend before acting.

        Raises:
            LimitReached: The limits do not allow it; nothing is charged.
        """
        with self._lock:
            self._refuse_beyond(cost)
            self._spent = self._spent + cost

    def require(self, cost: Cost) -> None:
        """Make sure that this much may still be spent; nothing is charged.

        Raises:
            LimitReached: The limits do not allow it.
        """
        with self._lock:
            self._refuse_beyond(cost)

    def settle(self, reserved: Cost, spent: Cost) -> None:
        """Put what something came to in place of what was charged for it beforehand."""
        with self._lock:
            left = {f.name: getattr(self._spent, f.name) - getattr(reserved, f.name) for f in fields(Cost)}
            self._spent = Cost(**left) + spent

    def check(self) -> None:
        """Raise LimitReached when the time of the run is over."""
        self.charge(Cost())

    def _refuse_beyond(self, cost: Cost) -> None:
        full = self.limits.passed_by(self.cost + cost)
        if full is not None:
            self.refused = f"the limit on {full} is reached; raise it to look further"
            raise LimitReached(self.refused)
