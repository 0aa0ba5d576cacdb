"""What a caller writes in words: a question, a query, the name of a thread."""

from rewatch.memory.errors import InputError

LONGEST_QUESTION = 4000
"""Characters. Nobody asks so much at once, and the rules that understand a question go through it again and again."""


def require_question(written: str) -> None:
    """Refuse what cannot be a question.

    Raises:
        InputError: It is empty, no Unicode text, or longer than LONGEST_QUESTION.
    """
    if not written.strip():
        raise InputError("the question is empty; write it in quotes after the videos")
    require_text(written, "the question")
    if len(written) > LONGEST_QUESTION:
        raise InputError(
            f"the question has {len(written)} characters, more than {LONGEST_QUESTION}; ask for one thing at a time"
        )


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
