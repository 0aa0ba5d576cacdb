"""Where the library is when nobody names a folder."""

import os
from pathlib import Path


def default_folder() -> Path:
    """The default library: `$XDG_DATA_HOME/rewatch`, else `rewatch` where the system keeps a user's data."""
    chosen = os.environ.get("XDG_DATA_HOME", "")
    if os.path.isabs(chosen):
        return Path(chosen) / "rewatch"
    from platformdirs import user_data_path

    return user_data_path("rewatch", appauthor=False)
