"""The table of methods by name."""

from rewatch.memory.errors import SettingError
from rewatch.tools.compress.baselines import AvgPool, Random, Uniform
from rewatch.tools.compress.dtd import Dtd
from rewatch.tools.compress.evs import Evs
from rewatch.tools.compress.fastvid import FastVid
from rewatch.tools.compress.flexselect import FlexSelect
from rewatch.tools.compress.holitom import HoliTom
from rewatch.tools.compress.method import Method
from rewatch.tools.compress.prunevid import PruneVid
from rewatch.tools.compress.quota import Quota
from rewatch.tools.compress.rewatch import Rewatch
from rewatch.tools.compress.scissor import Scissor
from rewatch.tools.compress.sttm import Sttm

METHODS: dict[str, type[Method]] = {
    kind.name: kind
    for kind in (
        Rewatch,
        Evs,
        Dtd,
        FastVid,
        HoliTom,
        PruneVid,
        Scissor,
        Sttm,
        FlexSelect,
        Quota,
        Uniform,
        Random,
        AvgPool,
    )
}
"""Every method by its name, each a dataclass of its parameters with the paper's defaults."""


def find_method(method: str | Method) -> Method:
    """The method of a name, with default parameters; `quota:NAME` spends the quotas by another method.

    Raises:
        SettingError: There is no such method.
    """
    if isinstance(method, Method):
        return method
    name, _, inner = method.partition(":")
    if name == Quota.name and inner:
        return Quota(find_method(inner))
    if name not in METHODS or inner:
        raise SettingError(
            f"no compression method {method!r}; choose one of {', '.join(METHODS)}, quota:NAME"
        )
    return METHODS[name]()
