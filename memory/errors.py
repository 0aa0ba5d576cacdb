"""Every error that Rewatch raises on purpose.

RewatchError
├── InputError              the caller made a mistake; the message says which value and what is allowed
│   ├── VideoError          a video file is missing, unreadable, not a video, or refused by the decoder
│   ├── TimecodeError       a time or a span cannot be parsed, or lies outside the video
│   ├── SettingError        an option has a value that cannot work here
│   └── ReplayError         a replayed run asks a model something that was not recorded
├── StorageError            the library folder cannot be read or written (read-only, full, damaged)
├── ModelOutputError        a model said something invalid; the model may try again
├── ToolError               a tool has failed for good; the agent records it as an observation
└── LimitReached            a hard limit of the run was reached; what was found so far is kept

A message is one line: the bad value, the allowed range, the remedy.
"""


class RewatchError(Exception):
    """Base of all errors raised on purpose; its text is fit to be shown to a person."""


class InputError(RewatchError):
    """The caller asked for something that cannot be; trying again unchanged is useless."""


class VideoError(InputError):
    """A video file is missing, unreadable, without pictures, or refused by the chosen decoder."""


class TimecodeError(InputError):
    """A time or a span cannot be parsed or lies outside the video."""


class SettingError(InputError):
    """An option has a value that cannot work here."""


class ReplayError(InputError):
    """A replayed run asks a model something that was not recorded, or the recording cannot be read."""


class StorageError(RewatchError):
    """The library folder cannot be read or written; nothing already stored is lost."""


class ModelOutputError(RewatchError):
    """A model's output did not validate; the model may be asked again."""


class ToolError(RewatchError):
    """A tool has failed for good; the run goes on without it."""


class LimitReached(RewatchError):  # noqa: N818 - it names what happened, as StopIteration does
    """A hard limit of the run was reached before the work was done."""
