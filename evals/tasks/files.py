"""Records of published files, each with the line it begins on: JSON, JSON lines, CSV, parquet.

A file that cannot be read at all is an `InputError`; what a record must hold is told by `Row`, whose errors become
faults of that record alone.
"""

import csv
import io
import json
import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from rewatch.memory.errors import InputError, SettingError

_DECODER = json.JSONDecoder()
_SPACE = " \t\r\n"


class FormatError(ValueError):
    """A record does not hold what its format promises."""


@dataclass(frozen=True, slots=True)
class Row:
    """One record of a file, read field by field."""

    where: str
    """File and line."""
    values: Mapping[str, Any]
    key: str = ""
    """The record's name, where the file is a table of names."""
    broken: str = ""
    """Why there is no record here."""

    def has(self, name: str) -> bool:
        """Whether the field is there and holds something."""
        return self.values.get(name) not in (None, "")

    def get(self, name: str) -> Any:
        """A field that must be there.

        Raises:
            FormatError: It is not, or this is no record at all.
        """
        if self.broken:
            raise FormatError(self.broken)
        if self.values.get(name) is None:
            raise FormatError(f"the field {name!r} is missing")
        return self.values[name]

    def text(self, name: str, absent: str | None = None) -> str:
        """A field of text that is not blank; numbers are written out.

        Args:
            name: Of the field.
            absent: What stands for a field that is not there; None where it must be.
        """
        if absent is not None and not self.has(name):
            return absent
        value = self.get(name)
        if isinstance(value, bool) or not isinstance(value, str | int | float):
            raise FormatError(f"the field {name!r} holds {_short(value)}, not text")
        if not (text := str(value).strip()):
            raise FormatError(f"the field {name!r} is blank")
        return text

    def number(self, name: str) -> float:
        """A field that holds a number, or text of one."""
        return as_number(self.get(name), name)

    def index(self, name: str, size: int) -> int:
        """A field that counts from 0 into a list of so many."""
        value = self.number(name)
        if value != int(value) or not 0 <= value < size:
            raise FormatError(f"the field {name!r} holds {value:g}, outside 0 to {size - 1}")
        return int(value)

    def listed(self, name: str) -> list[Any]:
        """A field that holds a list; a list written as JSON text is read."""
        value = self.get(name)
        if isinstance(value, str):
            value = _from_text(value, name)
        if isinstance(value, Sequence) and not isinstance(value, str | bytes):
            return list(value)
        raise FormatError(f"the field {name!r} holds {_short(value)}, not a list")

    def table(self, name: str) -> Mapping[str, Any]:
        """A field that holds a table; a table written as JSON text is read."""
        value = self.get(name)
        if isinstance(value, str):
            value = _from_text(value, name)
        if isinstance(value, Mapping):
            return value
        raise FormatError(f"the field {name!r} holds {_short(value)}, not a table")

    def part(self, name: str) -> "Row":
        """A table within the record, as a record of its own."""
        return Row(self.where, self.table(name), self.key)

    def rows(self, name: str) -> list["Row"]:
        """The tables of a list within the record."""
        found = self.listed(name)
        for at, value in enumerate(found):
            if not isinstance(value, Mapping):
                raise FormatError(f"{name!r} number {at} holds {_short(value)}, not a table")
        return [Row(f"{self.where}, {name} {at}", value, self.key) for at, value in enumerate(found)]


def as_number(value: Any, name: str) -> float:
    """A finite number, or text of one.

    Raises:
        FormatError: It is neither.
    """
    try:
        number = float(value)
    except (TypeError, ValueError, OverflowError):
        raise FormatError(f"{name!r} holds {_short(value)}, not a number") from None
    if isinstance(value, bool) or not math.isfinite(number):
        raise FormatError(f"{name!r} holds {_short(value)}, not a number")
    return number


def read_rows(path: Path) -> Iterator[Row]:
    """Read a file's records; its ending tells the format.

    A JSON file may be a list of records, a table of them (`Row.key` tells the name), or columns: a table of lists of
    one length.

    Yields:
        Records; what is none is `broken`, and a named value that is no table has the one field "".

    Raises:
        InputError: The file is missing or not of its format.
        SettingError: The format needs a package that is not installed.
    """
    if not path.is_file():
        raise InputError(f"{path} is missing; give a file that is there")
    if path.suffix == ".parquet":
        yield from _parquet(path)
        return
    text = read_text(path)
    if path.suffix == ".csv":
        yield from _csv(path, text)
    elif path.suffix == ".jsonl":
        yield from _json_lines(path, text)
    else:
        yield from _json(path, text)


def read_text(path: Path) -> str:
    """A file's text, with or without a byte order mark.

    Raises:
        InputError: It cannot be read, or is not UTF-8.
    """
    try:
        return path.read_text("utf-8-sig")
    except UnicodeDecodeError as error:
        line = error.object[: error.start].count(b"\n") + 1
        raise InputError(f"{path}:{line} is not UTF-8 ({error.reason}); save the file as UTF-8") from error
    except OSError as error:
        raise InputError(f"{path} cannot be read: {error.strerror}") from error


def _row(path: Path, line: int, value: Any, key: str = "") -> Row:
    where = f"{path.name}:{line}"
    if isinstance(value, Mapping):
        return Row(where, value, key)
    return Row(where, {"": value}, key, "" if key else f"this is {_short(value)}, not a table of fields")


def _json_lines(path: Path, text: str) -> Iterator[Row]:
    for number, line in enumerate(text.split("\n"), 1):
        if not line.strip():
            continue
        try:
            yield _row(path, number, json.loads(line))
        except (ValueError, RecursionError) as error:
            yield Row(f"{path.name}:{number}", {}, broken=f"this is no JSON: {_told(error)}")


def _csv(path: Path, text: str) -> Iterator[Row]:
    reader = csv.DictReader(io.StringIO(text, newline=""))
    try:
        for values in reader:
            more = values.pop(None, None)
            broken = f"{len(more)} fields more than the first line names: {_short(more)}" if more else ""
            yield Row(f"{path.name}:{reader.line_num}", values, broken=broken)
    except csv.Error as error:
        raise InputError(f"{path}:{reader.line_num} is no CSV: {error}") from error


def _json(path: Path, text: str) -> Iterator[Row]:
    start = _skip(text, 0)
    if text[start : start + 1] not in ("[", "{"):
        raise InputError(f"{path}:1 holds neither a list nor a table of records")
    is_list = text[start] == "["
    if not is_list and (columns := _columns(path, text)):
        yield from columns
        return
    line, counted = 1, 0
    for at, key, value in _members(path, text, start, is_list):
        line += text.count("\n", counted, at)
        counted = at
        yield _row(path, line, value, key)


def _members(path: Path, text: str, start: int, is_list: bool) -> Iterator[tuple[int, str, Any]]:
    """The members of the outermost list or table: where each begins, its name, its value."""
    at = _skip(text, start + 1)
    try:
        while text[at : at + 1] not in ("]", "}"):
            begin, key = at, ""
            if not is_list:
                key, at = _DECODER.raw_decode(text, at)
                at = _skip(text, _expect(text, _skip(text, at), ":"))
            value, at = _DECODER.raw_decode(text, at)
            yield begin, key, value
            at = _skip(text, at)
            if text[at : at + 1] not in ("]", "}"):
                at = _skip(text, _expect(text, at, ","))
    except (ValueError, RecursionError) as error:
        raise _no_json(path, error) from error


def _no_json(path: Path, error: Exception) -> InputError:
    line = f":{error.lineno}" if isinstance(error, json.JSONDecodeError) else ""
    return InputError(f"{path}{line} is no JSON: {_told(error)}")


def _told(error: Exception) -> str:
    return error.msg if isinstance(error, json.JSONDecodeError) else str(error)


def _columns(path: Path, text: str) -> list[Row]:
    """The records of a table of columns; none when the file is no such table."""
    try:
        table = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise _no_json(path, error) from error
    lists = list(table.values())
    if len(lists) < 2 or not all(isinstance(column, list) for column in lists):
        return []
    if "question" not in table:
        return []
    if len({len(column) for column in lists}) > 1:
        told = ", ".join(f"{name} {len(column)}" for name, column in table.items())
        raise InputError(f"{path} holds columns of different lengths ({told}); take the file as published")
    return [
        Row(f"{path.name}, record {number}", {name: table[name][number] for name in table})
        for number in range(len(lists[0]))
    ]


def _parquet(path: Path) -> Iterator[Row]:
    try:
        from pyarrow import ArrowInvalid, parquet
    except ImportError as error:
        raise SettingError(f"{path.name} needs pyarrow; pip install 'rewatch[evals]'") from error
    try:
        records = parquet.read_table(path).to_pylist()
    except (ArrowInvalid, OSError) as error:
        raise InputError(f"{path} is no parquet file: {str(error).splitlines()[0]}") from error
    for number, values in enumerate(records):
        yield Row(f"{path.name}, record {number}", values)


def _skip(text: str, at: int) -> int:
    while at < len(text) and text[at] in _SPACE:
        at += 1
    return at


def _expect(text: str, at: int, mark: str) -> int:
    if text[at : at + 1] != mark:
        raise json.JSONDecodeError(f"expected {mark!r}", text, at)
    return at + 1


def _from_text(value: str, name: str) -> Any:
    try:
        return json.loads(value)
    except (ValueError, RecursionError):
        raise FormatError(f"the field {name!r} holds {_short(value)}, not JSON") from None


def _short(value: Any) -> str:
    text = repr(value)
    return text if len(text) <= 60 else f"{text[:57]}..."
