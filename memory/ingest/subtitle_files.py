"""Subtitle files beside a video: which belong to it, what encoding they are in, which cues they hold.

Leaves cleaning and timing of cues to `cues` and the choice between files and tracks to `subtitles`.
"""

import os
import re
import warnings
from pathlib import Path

from rewatch.memory.ingest.cues import Cue, clean_text

EXTENSIONS = (".srt", ".vtt", ".ass", ".ssa")
MAX_BYTES = 32 * 2**20
"""A subtitle file of a whole day has a few megabytes; anything larger is something else."""

_DRAWING = re.compile(r"\{[^{}]*\\p[1-9]")
_LANGUAGE = re.compile(r"[a-z]{2,3}(?:[-_][a-z0-9]{2,8})*|english", re.IGNORECASE)
_FLAGS = frozenset({"forced", "sdh", "cc", "hi", "default", "auto"})
_BOMS = (
    (b"\xef\xbb\xbf", "utf-8-sig"),
    (b"\xff\xfe\x00\x00", "utf-32"),
    (b"\x00\x00\xfe\xff", "utf-32"),
    (b"\xff\xfe", "utf-16"),
    (b"\xfe\xff", "utf-16"),
)

_LATIN = ("cp1252", "cp1250", "cp1254", "cp1257")
_ENCODINGS = (
    *_LATIN,
    *("cp1251", "koi8_r", "cp1253", "cp1255", "cp1256"),
    *("cp932", "euc_jp", "gb18030", "big5", "cp949"),
)
"""Encodings that subtitle files are found in besides Unicode."""
_SYMBOL_IN_WORD = re.compile(r"[A-Za-zÀ-ÿ][¡-¶¸-¿×÷][A-Za-zÀ-ÿ]")


def files_beside(video: Path) -> list[Path]:
    """List the subtitle files that belong to a video, best first.

    A file belongs to `talk.mp4` when it is called `talk.srt`, `talk.mp4.srt`, or `talk.en.srt`,
    `talk.pt-BR.sdh.vtt` and so on. English comes first, because the sentence embeddings know English best;
    then a file that names no language; then other languages by name. Forced subtitles, which translate
    signs only, come last.

    Args:
        video: The video's path; it need not exist.

    Returns:
        Regular files; empty when there is none or the folder cannot be listed.
    """
    try:
        with os.scandir(video.parent) as entries:
            found = [Path(entry.path) for entry in entries if _belongs(entry.name, video) and entry.is_file()]
    except OSError:
        return []
    return sorted(found, key=lambda file: _preference(file, video))


def displayed_name(file: Path) -> str:
    """The file's name as text that can be stored; bytes that are not UTF-8 are replaced."""
    return os.fsencode(file.name).decode("utf-8", "replace")


def read_cues(file: Path) -> list[Cue]:
    """Read the cues of a subtitle file, as written.

    Args:
        file: An srt, vtt, ass or ssa file in any encoding.

    Returns:
        Cues in the file's order, on the file's own clock, text cleaned; empty when it holds none.

    Raises:
        OSError: The file cannot be read.
        ValueError: It is too large, or not in a subtitle format.
    """
    size = file.stat().st_size
    if size > MAX_BYTES:
        raise ValueError(f"it has {size / 2**20:.0f} MiB, more than the {MAX_BYTES // 2**20} that are read")
    return parse_cues(decode_text(file.read_bytes()), file.suffix.lower())


def decode_text(data: bytes) -> str:
    """Decode text of unknown encoding: a byte order mark, UTF-8, UTF-16, else what looks least unlikely.

    Bytes that the chosen encoding does not know are replaced, never refused.
    """
    for mark, encoding in _BOMS:
        if data.startswith(mark):
            return data.decode(encoding, "replace")
    nulls = (data[::2].count(0), data[1::2].count(0))
    if sum(nulls) > len(data) / 5:
        return data.decode("utf-16-be" if nulls[0] > nulls[1] else "utf-16-le", "replace")
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError:
        pass
    return data.decode(_guess_encoding(data), "replace")


def parse_cues(text: str, extension: str) -> list[Cue]:
    """Parse subtitle text by its content, or by the file's extension where the content does not tell.

    Raises:
        ValueError: The text is in no subtitle format.
    """
    import pysubs2

    text = text.replace("\r\n", "\n").replace("\r", "\n").lstrip("\ufeff")
    format_ = _format_of(text, extension)
    if format_ == "vtt":
        text = _timed_blocks(text)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            events = pysubs2.SSAFile.from_string(text, format_=format_, keep_html_tags=True)
        except (pysubs2.exceptions.Pysubs2Error, ValueError, LookupError, TypeError, OverflowError) as error:
            raise ValueError(f"it is not in the {format_} format ({error})") from error
    return [
        Cue(event.start / 1000, event.end / 1000, _shown_text(event.text, format_))
        for event in events
        if not event.is_comment
    ]


def _format_of(text: str, extension: str) -> str:
    """Name the format as pysubs2 does."""
    if text.lstrip().startswith("WEBVTT"):
        return "vtt"
    if "[Script Info]" in text or "[Events]" in text:
        return "ass" if "[V4+ Styles]" in text or extension == ".ass" else "ssa"
    return "srt" if "-->" in text else extension.removeprefix(".")


def _timed_blocks(text: str) -> str:
    """Keep of a WebVTT file what follows a timing line up to the next empty line.

    That leaves out notes, styles and the names of cues, which pysubs2 takes for text.
    """
    blocks = (block.partition("-->") for block in re.split(r"\n[ \t]*\n", text))
    cues = (f"{before.rsplit(chr(10), 1)[-1]}-->{after}" for before, arrow, after in blocks if arrow)
    return "WEBVTT\n\n" + "\n\n".join(cues)


def _shown_text(written: str, format_: str) -> str:
    """Clean a cue's text; in ASS all braces are markup, and drawing commands are no text."""
    if format_ in ("ass", "ssa"):
        written = "" if _DRAWING.search(written) else re.sub(r"\{[^{}]*\}", "", written)
    return clean_text(written)


def _belongs(name: str, video: Path) -> bool:
    return _suffixes(name, video) is not None


def _suffixes(name: str, video: Path) -> list[str] | None:
    """The dotted words between the video's name and the extension, lower case; None for other files."""
    base, extension = os.path.splitext(name)
    if extension.lower() not in EXTENSIONS:
        return None
    for prefix in (video.name, video.stem):
        if base == prefix:
            return []
        if base.startswith(prefix + "."):
            words = base[len(prefix) + 1 :].lower().split(".")
            if all(word in _FLAGS or _LANGUAGE.fullmatch(word) for word in words):
                return words
    return None


def _preference(file: Path, video: Path) -> tuple[bool, int, bool, int, str]:
    words = _suffixes(file.name, video) or []
    languages = [word for word in words if word not in _FLAGS]
    rank = 1 if not languages else 0 if is_english(languages[0]) else 2
    order = EXTENSIONS.index(file.suffix.lower())
    return "forced" in words, rank, not _FLAGS.isdisjoint(words), order, file.name


def is_english(language: str) -> bool:
    """Whether a language tag or name means English."""
    return re.split(r"[-_]", language.lower())[0] in ("en", "eng", "english")


def _guess_encoding(data: bytes) -> str:
    """Choose an encoding that is not Unicode.

    Short texts fit several Latin code pages equally well; then Windows' Western one is taken, unless it puts
    a symbol inside a word ("Ÿród³ach"), which shows that the letters are another page's.
    """
    from charset_normalizer import from_bytes

    matches = from_bytes(data[: 256 * 1024], cp_isolation=list(_ENCODINGS))
    best = matches.best()
    if best is None:
        return "cp1252"
    western = best.encoding == "cp1257" or any(match.encoding == "cp1252" for match in matches)
    garbled = _SYMBOL_IN_WORD.search(data.decode("cp1252", "replace"))
    if best.encoding in _LATIN and western and not garbled:
        return "cp1252"
    if best.encoding == "cp1252" and garbled:
        return next((match.encoding for match in matches if match.encoding != "cp1252"), "cp1252")
    return str(best.encoding)
