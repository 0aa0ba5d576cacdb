"""Spoken signs that one topic ends and another begins, as English speakers give them.

Owns the phrases and their weights only; `topics` combines them with what is shown.
"""

import re

_ORDINAL = r"(?:first|second|third|fourth|fifth|sixth|next|last|final|other)"
_PART = (
    r"(?:thing|part|topic|point|section|question|step|chapter|piece|act|half|example|module|idea|reason)s?"
)
_NUMBER = r"(?:one|two|three|four|five|six|seven|eight|nine|\d+)"
_MOVE = r"(?:move|turn|switch|jump|go|come|begin|start|get|dive|shift|look at)"
_WANT = r"(?:i|we|you|let's|let us|let me)(?:'d| would)? (?:want|like|going|need|love)? ?(?:to )?(?:now )?"

_OPENING: tuple[tuple[float, str], ...] = (
    (1.0, rf"\b(?:the|my|our|your) {_ORDINAL} {_PART}\b"),
    (1.0, r"\bnext up\b|\b(?:next|another) (?:topic|section|part|chapter|question)\b"),
    (1.0, rf"\b(?:part|section|chapter|step|module|lesson|act) {_NUMBER}\b"),
    (1.0, rf"\blet(?:'s| us| me) (?:now |then |just )?{_MOVE}\b"),
    (1.0, r"\b(?:mov|turn|switch|shift)(?:e|ing)? (?:on|over|now|gears|our attention|to)\b"),
    (1.0, r"\bin (?:this|the (?:next|following|last|final)) (?:section|part|chapter|half|segment)\b"),
    (1.0, r"\b(?:that|which|this) (?:brings|leads|takes) (?:me|us)\b"),
    (1.0, r"\bwelcome back\b|\bafter the break\b|\bnow (?:that )?we(?:'re| are) back\b"),
    (1.0, rf"\b{_WANT}(?:talk|speak|say something|tell you) about\b"),
    (
        0.8,
        r"\bto (?:conclude|summari[sz]e|finish|recap|close)\b|\bto (?:wrap|sum) (?:it |this |things )?up\b",
    ),
    (0.8, r"\bin (?:conclusion|summary|closing)\b|\bwrapping up\b"),
    (0.7, r"\bnow (?:that|we|let|i|for|to|on)\b|\bso now\b|\bokay,? (?:so|now)\b|\ball right\b|\balright\b"),
    (0.7, r"\b(?:we|i) (?:now )?(?:come|turn|get|jump|arrive) (?:now )?to\b|\bwe (?:jump|go|travel|leave)\b"),
    (0.7, r"^(?:finally|lastly|first of all|firstly|secondly|thirdly|meanwhile|and now|now)\b"),
    (0.5, r"\bbefore (?:i|we) (?:can |go |move |get |start |begin )|\bone more (?:thing|ingredient|topic)\b"),
    (0.5, r"\b(?:today|good (?:morning|afternoon|evening)|hello|welcome)\b"),
    (0.4, r"\bwith (?:that|this) (?:in mind|said|done|out of the way)\b|\bspeaking of\b|\bas promised\b"),
)
_CLOSING: tuple[tuple[float, str], ...] = (
    (1.0, r"\bso (?:this|that|my|our|the) (?:answers|concludes|completes|ends|finishes|\w+ question)\b"),
    (1.0, r"\bthat(?:'s| is) (?:all|it|the end|enough) (?:for|about|on|of)\b|\bso much for\b"),
    (1.0, r"\bany questions\b"),
    (0.8, r"\b(?:take|have|for|need|now) (?:a |the |our )?(?:\w+ )?(?:break|pause|lunch|coffee)\b"),
    (0.8, r"\b(?:thank you|thanks)(?: very much| so much)?[.!]"),
    (0.6, r"\b(?:to (?:sum up|summari[sz]e|recap)|in (?:summary|short)|the takeaway|in a nutshell)\b"),
    (0.6, r"\b(?:hold on to|keep) (?:that|this)|\b(?:we|i)(?:'ll| will) (?:see|come (?:back )?to|return)\b"),
    (0.4, r"\b(?:that is|that's) (?:why|how|where|what|the)\b|\bfor that (?:we|you)\b|\bin the next\b"),
)
_OPENING_FORMS = tuple((weight, re.compile(form, re.IGNORECASE)) for weight, form in _OPENING)
_CLOSING_FORMS = tuple((weight, re.compile(form, re.IGNORECASE)) for weight, form in _CLOSING)


def opens_topic(sentence: str) -> float:
    """How clearly a sentence announces something new, 0 to 1."""
    return max((weight for weight, form in _OPENING_FORMS if form.search(sentence)), default=0.0)


def closes_topic(sentence: str) -> float:
    """How clearly a sentence rounds something off, 0 to 1."""
    return max((weight for weight, form in _CLOSING_FORMS if form.search(sentence)), default=0.0)
