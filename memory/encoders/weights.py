"""A name for weights that lie on the disk, from their content, quick enough to be asked for at every run."""

import hashlib
from pathlib import Path

from rewatch.memory.errors import SettingError

_SAMPLES, _SAMPLE_BYTES = 16, 1 << 16


def digest(path: Path) -> str:
    """Fingerprint a checkpoint file, or all files of a model's folder.

    Of a large file sixteen evenly spaced samples are read: weights that were trained differ everywhere.

    Returns:
        BLAKE2b, 16 hexadecimal digits.

    Raises:
        SettingError: There is nothing, or it cannot be read.
    """
    path = path.expanduser()
    try:
        files = sorted(file for file in path.iterdir() if file.is_file()) if path.is_dir() else [path]
        state = hashlib.blake2b(digest_size=8)
        for file in files:
            state.update(f"{file.name if path.is_dir() else ''}:{file.stat().st_size};".encode())
            for sample in _samples(file):
                state.update(sample)
    except OSError as error:
        raise SettingError(
            f"the encoder's weights {path} cannot be read ({error.strerror}); name where they lie, "
            'or an encoder of "" for none'
        ) from error
    return state.hexdigest()


def _samples(file: Path) -> list[bytes]:
    size = file.stat().st_size
    step = max(size // _SAMPLES, _SAMPLE_BYTES)
    found = []
    with file.open("rb") as content:
        for at in range(0, size, step):
            content.seek(at)
            found.append(content.read(_SAMPLE_BYTES))
    return found
