"""What a caller writes in words: a question, a query, the name of a thread."""

from rewatch.memory.errors import InputError


def require_text(written: str, what: str) -> None:
    """Refuse what holds bytes that are no text, as a shell passes them on from a terminal of another encoding.

    Args:
        written: The words.
        what: What they are, for the message: "the question".

    Raises:
        InputError: They are not Unicode text.
    """
    try:
        written.encode()
    except UnicodeEncodeError:
        raise InputError(
            f"{what} {written!a} is not UTF-8; set the terminal to UTF-8, or write it in other letters"
        ) from None
