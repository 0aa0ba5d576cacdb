"""Keys stay in the environment: whatever is told, stored or raised goes through here first."""

import os
import re

_NAMED = re.compile(r"KEY|TOKEN|SECRET|PASSWORD|CREDENTIAL", re.IGNORECASE)
_SHORTEST = 8
"""A shorter value is no key, and hiding it would hide ordinary words."""
_LOOKS_LIKE_A_KEY = re.compile(r"\b(?:sk|pk|key|hf|gsk|xai)[-_][\w*.\-]{6,}|(?<=Bearer )\S+")


def redact(text: str) -> str:
    """Hide every key of the environment, and whatever looks like one, in a text."""
    for name, value in os.environ.items():
        if len(value) >= _SHORTEST and _NAMED.search(name):
            text = text.replace(value, "[key]")
    return _LOOKS_LIKE_A_KEY.sub("[key]", text)
