"""The table of methods by name. It is read without torch; a method is imported when it is used."""

from collections.abc import Iterator, Mapping
from importlib import import_module
from typing import TYPE_CHECKING

from rewatch.memory.errors import SettingError

if TYPE_CHECKING:
    from rewatch.tools.compress.method import Method

_PLACES = {
    "rewatch": "rewatch:Rewatch",
    "evs": "evs:Evs",
    "dtd": "dtd:Dtd",
    "fastvid": "fastvid:FastVid",
    "holitom": "holitom:HoliTom",
    "prunevid": "prunevid:PruneVid",
    "scissor": "scissor:Scissor",
    "sttm": "sttm:Sttm",
    "flexselect": "flexselect:FlexSelect",
    "quota": "quota:Quota",
    "uniform": "baselines:Uniform",
    "random": "baselines:Random",
    "avgpool": "baselines:AvgPool",
}
_NESTING = "quota"
_SCORED_BY_CALLER = "flexselect"


class _Methods(Mapping[str, "type[Method]"]):
    def __getitem__(self, name: str) -> "type[Method]":
        module, _, kind = _PLACES[name].partition(":")
        found: type[Method] = getattr(import_module(f"rewatch.tools.compress.{module}"), kind)
        return found

    def __iter__(self) -> Iterator[str]:
        return iter(_PLACES)

    def __len__(self) -> int:
        return len(_PLACES)


METHODS: Mapping[str, "type[Method]"] = _Methods()
"""Every method by its name, each a dataclass of its parameters with the paper's defaults."""


def check_name(name: str, *, scores: bool = False) -> None:
    """Refuse what `find_method` would, without importing a method.

    Args:
        name: A name of `METHODS`, or `quota:NAME`.
        scores: Whether the caller has the scores of the language model that `flexselect` ranks by.

    Raises:
        SettingError: There is no such method, or nothing that it could rank by.
    """
    outer, _, inner = name.partition(":")
    if outer not in METHODS or (inner and outer != _NESTING) or name.endswith(":"):
        raise SettingError(f"no compression method {name!r}; choose one of {', '.join(METHODS)}, quota:NAME")
    if inner:
        check_name(inner, scores=scores)
    if outer == _SCORED_BY_CALLER and not scores:
        others = ", ".join(other for other in METHODS if other != outer)
        raise SettingError(
            f"{outer} ranks by scores of the language model, which there are none of here; choose one of {others}"
        )


def find_method(method: "str | Method") -> "Method":
    """The method of a name, with default parameters; `quota:NAME` spends the quotas by another method.

    Raises:
        SettingError: There is no such method.
    """
    if not isinstance(method, str):
        return method
    check_name(method, scores=True)
    name, _, inner = method.partition(":")
    if not inner:
        return METHODS[name]()
    from rewatch.tools.compress.quota import Quota

    return Quota(find_method(inner))
