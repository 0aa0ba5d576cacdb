"""The prompts of the models, one Markdown file each, and the one way to fill them in.

Owns the placeholders, which are strict, and how words that nobody vouches for are quoted. What a prompt is used
for is told by the module that renders it. Nothing of Rewatch is imported here.
"""

import re
import unicodedata
from functools import cache
from importlib.resources import files

_PLACEHOLDER = re.compile(r"\{\{(\w+)\}\}")
_LABEL = re.compile(r"[a-z][a-z0-9 -]*")


def render(name: str, **values: str) -> str:
    """Fill in a prompt.

    Args:
        name: Name of the file in this folder, without ".md".
        values: One text for each `{{placeholder}}` of the file. Texts are put in as they are, once: braces inside
            them mean nothing. What a video says goes through `quoted` first.

    Returns:
        The prompt, without white space around it.

    Raises:
        ValueError: There is no such prompt, or the values are not exactly its placeholders.
    """
    text = _read(name)
    wanted, given = set(_PLACEHOLDER.findall(text)), set(values)
    if wanted != given:
        problems = [f"{word} is missing" for word in sorted(wanted - given)]
        problems += [f"{word} is no placeholder" for word in sorted(given - wanted)]
        raise ValueError(f"prompt {name!r}: {', '.join(problems)}; it takes {', '.join(sorted(wanted))}")
    return _PLACEHOLDER.sub(lambda match: values[match[1]], text)


def quoted(text: str, label: str = "video text") -> str:
    """Quote words from an untrusted source, such as subtitles, on-screen text or a tool's output.

    The words stand between `<untrusted ...>` and `</untrusted>`. Inside, `&`, `<` and `>` are written as entities
    and control characters are dropped, so that no content can end the quotation or start another.

    Args:
        text: The words.
        label: What they are, for the model: lower-case letters, digits, spaces and hyphens.

    Returns:
        The quotation, the same for the same words.

    Raises:
        ValueError: The label holds other characters; it is ours and never the video's.
    """
    if not _LABEL.fullmatch(label):
        raise ValueError(f"label {label!r} may hold lower-case letters, digits, spaces and hyphens only")
    shown = "".join(character for character in text if _is_plain(character))
    escaped = shown.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    return f'<untrusted source="{label}">\n{escaped}\n</untrusted>'


def _is_plain(character: str) -> bool:
    """Whether a character is neither a control nor a format one; line breaks and tabs are plain."""
    return character in "\n\t" or unicodedata.category(character) not in ("Cc", "Cf", "Cs")


@cache
def _read(name: str) -> str:
    file = files(__name__).joinpath(f"{name}.md")
    if not name.replace("_", "").isalnum() or not file.is_file():
        raise ValueError(f"there is no prompt {name!r}; each is a file of the package {__name__}")
    return file.read_text("utf-8").strip()
