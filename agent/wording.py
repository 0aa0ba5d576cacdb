"""How people word questions about videos: the patterns by which a question's type and subject are told.

Owns regular expressions only; what follows from a match is decided in `question`.
"""

import re

from rewatch.tools.pauses import BREAK

SPEAKER = (
    r"(?:(?:the |this |our )?(?:speaker|presenter|lecturer|host|narrator|guide|teacher|instructor|author|doctor|"
    r"professor|video|talk|film|lecture|presentation|recording|tutorial|documentary)s?|she|he|they|we|you|it|"
    r"anyone|anybody|someone|somebody)"
)
_RECORDING = r"(?:video|talk|film|movie|lecture|recording|presentation|meeting|tour)"
TELL = (
    r"(?:say(?:s|ing)?|said|talk(?:s|ing|ed)?|speak(?:s|ing)?|spoke|mention(?:s|ed|ing)?|discuss(?:es|ed|ing)?|"
    r"explain(?:s|ed|ing)?|describe[sd]?|describing|introduc(?:e|es|ed|ing)|show(?:s|n|ed|ing)?|tell(?:s|ing)?|"
    r"told|bring(?:s)? up|brought up|raise[sd]?|refer(?:s|red)? to|cover(?:s|ed)?|define[sd]?|present(?:s|ed)?|"
    r"address(?:es|ed)?|touch(?:es|ed)? on|get(?:s)? to|come(?:s)? to|turn(?:s)? to|go(?:es)? over|"
    r"go(?:es)? into|point(?:s)? out|name[sd]?|call(?:s|ed)?|give[sn]?|gives|state[sd]?)"
)
_TOLD = (
    r"(?:mentioned|discussed|introduced|explained|shown|described|covered|brought up|addressed|talked about|"
    r"defined|presented)"
)


def _any(*alternatives: str) -> re.Pattern[str]:
    return re.compile("|".join(alternatives), re.IGNORECASE)


def _sequence(*parts: str) -> re.Pattern[str]:
    return re.compile("".join(parts), re.IGNORECASE)


LEAD = _sequence(
    r"^(?:(?:so|and|but|okay|ok|please|well)[, ]+)?",
    r"(?:(?:can|could) you (?:tell me|show me|find)\s+|(?:tell|show) me\s+|i(?:'d| would) like to know\s+|find\s+)?",
    r"(?:(?:at )?(?:what|which) (?:point|time|moment|minute|part)(?: (?:in|of) the \w+)?|when(?: exactly)?|",
    r"where(?: in the \w+)?|(?:on|in) (?:which|what) slide|how often|how many times|",
    r"what (?:else )?|which |who |whom |whose |why |how (?:much|many|long|far|old|come) |how |)\s*",
    r"(?:(?:is|are|was|were|do|does|did|will|would|can|could|has|have|had)(?:n't)?\s+)?",
    rf"(?:there (?:any |a |an )?)?(?:the (?:first|second|third|last) time (?:that )?)?(?:{SPEAKER}\s+)?",
    rf"(?:ever |first |last (?={TELL}\b)|finally |actually |also |start to |begin to |have to )*",
    rf"(?:{TELL}\s+)?(?:about\s+|of\s+|on\s+|that\s+|us\s+|to\s+)*",
)
"""The frame at a question's beginning, which says nothing of its subject."""

TAIL = _sequence(
    r"(?:[\s,]*(?:",
    rf"\b(?:get(?:s)? |are |is |was |were |be |being )?(?:first |last )?{_TOLD}\b|",
    r"\b(?:first |last )?(?:come(?:s)? up|appear(?:s)?)\b|",
    rf"\bin (?:the|this) {_RECORDING}\b|\b(?:for the )?(?:first|second|third|fourth|fifth|last) time\b|",
    r"\bon (?:the )?(?:screen|slides?)\b|\b(?:to|by) (?:him|her|them)\b|\bin total\b|\baltogether\b|\bagain\b|",
    rf"\b(?:according to )?{SPEAKER} (?:say|says|said)\b|",
    rf"\b(?:do|does|did|is|are|was|were) {SPEAKER} {TELL}(?: about| of| on)?(?=[\s?.!]*$)",
    r"))*[\s?.!]*$",
)
"""The frame at a question's end."""

THE_WORD = _sequence(
    r"\b(?:uses? |using |used )?the ",
    r"(?!(?:word (?:processor|processing|document|embedding|puzzle|count|list)|term (?:paper|sheet)|phrase book)s?\b)",
    r"(?:word|term|phrase|expression)s? ",
    r"(?!(?:on|in|of|for|at|by|to|from|with|under|above|below|beside|and|or|but|is|are|was|were|do|does|did|that|which|who|"
    r"he|she|it|we|you|they|written|used|said|shown)\b)(?=\w|[\"'“‘«])",
)
"""Says that what follows is a word, not what it means: "the word entropy".

"The words on the slide" and "the word processor" are none.
"""

SUMMARY = _any(
    r"\bsummar(?:y|ies|i[sz]e[sd]?|i[sz]ing)\b(?! (?:slide|screen|page|card|table)s?\b)",
    r"\bsum(?:s|med|ming)?(?: \w+)? up\b",
    r"\b(?:gist|recap|run-?through|rundown) of\b",
    r"\brecap\b",
    rf"\boverview of (?:the|this) {_RECORDING}",
    r"\b(?:main|key) (?:topics?|points?|parts?|sections?|themes?|subjects?|ideas?|messages?|takeaways?)\b",
    rf"\bwhat (?:is|was) (?:the|this) (?:whole |entire )?{_RECORDING} (?:about|all about)",
    rf"^what (?:happens|happened|is happening) in (?:the|this) (?:whole |entire )?{_RECORDING}\W*$",
    r"\boutline\b",
    r"\bwhat (?:topics?|subjects?|sections?|chapters?)\b",
    rf"\bhow is (?:the|this) {_RECORDING} (?:structured|organi[sz]ed)",
    r"\btable of contents",
    r"\bwhich (?:topics?|subjects?|chapters?|sections?)\b.*\b(?:cover|discuss|present)",
)
_BRIEFLY = (
    r"(?:please|briefly|for me|in short|in (?:\w+ ){1,3}(?:sentences?|words?|lines?|points?|paragraphs?))"
)
SUMMARY_FRAME = _sequence(
    rf"^.*?(?:{SUMMARY.pattern})\w*(?:\W+(?:{_BRIEFLY}|",
    r"an?|the|this|that|whole|entire|full|everything|all|what(?:ever)?|there|is|are|was|were|do|does|did|has|have|",
    r"had|to|be|been|of|on|about|for|from|in|into|by|me|us|with|regarding|concerning|covered|contains?|",
    rf"parts?|chapters?|sections?|bits?|passages?|ideas?|points?|{_RECORDING}|{SPEAKER}|{TELL}|{_TOLD})\b)*",
    rf"|(?:\W+{_BRIEFLY})+(?=\W*$)",
)
"""What says that a summary is asked for: the rest of a question is its subject, nothing for the whole recording."""
WRITTEN = _any(
    r"\b(?:written|writes?|displayed|typed)\b",
    r"\bprinted\b(?=\W*$| (?:on|in|at|under|above|below|there|here|beside|over|across)\b)",
    r"\bon[- ]screen\b",
    r"\bon the (?:screen|slides?|title card|board|sign|poster|label)\b",
    r"\b(?:which|what) (?:words?|text|title|caption|heading|headline|label|credits?)\b",
    r"\b(?:slide|screen|caption|sign|title card|credits?|label|heading|headline|poster|banner|table|chart)s? "
    r"(?:say|says|read|reads|show|shows|list|lists)\b",
    r"\b(?:according to|from|in) the (?:screen|slides?|table|poster|sign|label|list)\b",
    r"\b(?:according to|going by|judging by|as per|on|in|from) the (?:graph|chart|diagram)\b",
    r"\bwhat (?:do|does|is|are) (?:the |in the )?(?:slide|screen|caption|sign|title|credits?|label|heading|bullet)",
)
EYES = _any(
    r"\b(?:what|which) colou?r\b",
    r"\bwear(?:ing|s)?\b",
    r"\bdressed\b",
    r"\blooks? like\b",
    r"\bhow many (?:people|persons|cars|animals|birds|men|women|children) "
    r"(?:are|walk|enter|pass|can be seen|appear)\b",
    r"\bfacial\b",
    r"\bin the background\b",
    r"\bholding\b",
    r"\bvisible\b",
    r"\b(?:in|on) the (?:pictures?|images?|frames?|shots?|photos?|footage)\b",
    r"\bcan (?:you|we|one|be) see(?:n)?\b",
    r"\bwhat (?:is|are|was|were) (?:the|a|that|this|his|her) (?:\w+ ){1,4}doing\b",
    r"\b(?:his|her|their|'s) (?:face|hair|beard|glasses|eyes|expression)\b",
    r"\bhow many \w+ (?:are|is|were|was) (?:there )?(?:in|on) the (?:table|room|street|road|scene|stage|video)\b",
)
HOW_OFTEN = _any(r"\bhow (?:many times|often)\b")
MENTIONS = _any(
    r"\bhow (?:many times|often)\b.*\b(?:mention(?:s|ed)?|sa(?:y|ys|id)|names?|named|refer(?:s|red)?"
    r"|talk(?:s|ed)? (?:about|of)|spe?ak(?:s|ing)?|spoken? of|brings? up|brought up|comes? up|came up"
    r"|appear(?:s|ed)?|show(?:s|ed|n)?|see|seen|hear|heard|repeat(?:s|ed)?|uses? the (?:word|phrase|term|name))\b",
    r"\bhow many (?:different )?(?:mentions|occurrences)\b",
)
"""Asks for a count of what the video says or shows; "how often does the light flash" asks for what it tells."""
HOW_MANY = _any(r"\bhow many\b")
COUNTED = _any(r"\bhow many (?P<what>[\w'-]+(?: (?!(?:is|are|was|were|do|does|did|has|have|had)\b)[\w'-]+)?)")
HOW_LONG = _any(
    r"\bhow long\b",
    r"\bhow much time\b",
    r"\bfor how (?:long|many (?:seconds|minutes|hours|days|weeks|months|years))\b",
    r"\bwhat (?:is|was) the (?:duration|length) of\b",
)
WHEN = _any(
    rf"^(?:so |and |but )?where(?: in the {_RECORDING}|(?:abouts)? (?:do|does|did|can|is|are)\b|\s*\?)",
    r"\btimestamp",
    r"\bon which slide\b",
    r"\b(?:find|show me|jump to|go to|take me to) the (?:part|moment|place|point|section|bit)\b",
    r"^find\b",
)
LASTS_HERE = _any(
    BREAK.pattern,
    r"\b(?:silen(?:t|ce)|quiet|wait|waits|watch|watches|sit|sits|stop|stops)\b",
)
"""A length that nobody need say, as the clock tells it."""
WHERE_IT_COMES = _any(
    r"^(?:so |and |but )?(?:at )?(?:what|which) (?:point|time|moment|minute|part)\b",
    r"^(?:so |and |but )?when\b",
    r"^(?:so |and |but )?where (?:is|are|was|were) the (?:table|slide|list|chart|graph|diagram|part|passage|scene)\b",
)
"""A question for a moment of the video from its first words on, whatever else it names."""
CALENDAR = _any(
    rf"^when (?:was|were|is|are|did|will)\b(?!\s+{SPEAKER}\b)"
    r"(?!.*\b(?:video|talk|slide|time|mention|introduc|show|explain|discuss))"
)
"""A "when" that asks for a date in the world, not for a moment of the video."""
ORDER = (
    _any(
        r"^(?>.*?\b(?:which|what|who)\b.*?\b(?:first|earlier|sooner|last|later|second)\b)[^,:]*[,:\-–]+\s*"
        r"(?P<a>.+?),?\s+or\s+(?P<b>.+?)\s*\?*$"
    ),
    _any(
        r"^(?>.*?\b(?:is|are|was|were|do|does|did)\b)\s*(?P<a>.+?)\s+(?:(?:come|comes|came|happen|happens|appear|appears|"
        rf"{_TOLD}|go|goes|talk)\s+)+(?P<word>before|after|earlier than|later than)\s+(?P<b>.+?)\s*\?*$"
    ),
    _any(
        rf"^(?:does|did|do)\s+{SPEAKER}\s+{TELL}\s+(?:about |of |on )?(?P<a>.+?)\s+(?P<word>before|after)\s+"
        rf"(?:{SPEAKER}\s+)?(?:{TELL}\s+)?(?:about |of |on )?(?P<b>.+?)\s*\?*$"
    ),
)
ORDER_OF_ALL = _sequence(
    r"\b(?:in (?:which|what) (?:order|sequence) (?:do|does|did|are|is|were|was)|"
    r"what (?:is|was) the (?:order|sequence)(?: of appearance)? of)\s+",
    rf"(?:{SPEAKER}\s+\w+\s+(?:about |of |on |up )?)?(?P<all>.+?)",
    r"(?:\s+(?:appear(?:s|ed|ing)?|come|comes|came|coming|happen(?:s|ed)?|occur(?:s|red)?|arrives?|arrived|seen|visible|"
    rf"on screen|in (?:the|this) (?:video|film|clip|recording)|{_TOLD}))*\s*\?*$",
)
"""A question for the order of things that it lists."""
WHICH_FIRST = _any(
    r"^(?:which|what|who)(?: of (?:these|those|them|the following))?(?: \w+)? "
    rf"(?:comes?|came|is|are|was|were|gets?|appears?|happens?)(?: {_TOLD})? "
    r"(?:first|last|earliest|latest)(?: in the \w+)?\W*$"
)
"""A question for what comes first that leaves it to the options to name the things."""
FIRST_TIME = _any(
    r"\bfirst (?:time|mention|introduc|talk|say|said|show|appear|bring|come|refer|explain|start|hear|see)"
)
LAST_TIME = _any(
    r"\b(?:last|latest|final) (?:time|mention)\b", r"\blast (?:mention|say|show|talk|appear|refer)"
)
SHOWN = _any(r"\b(?:shows?|shown|showing|appears?|appeared|sees?|seen|visible|displayed|on[- ]screen)\b")
"""Speaks of what is shown rather than of what is said."""
NTH_TIME = _any(r"\b(?:for )?the (second|third|fourth|fifth|\d+(?:st|nd|rd|th)) time\b")
POLAR = _any(r"^(?:is|are|was|were|do|does|did|has|have|had|can|could|will|would|should)\b")
LATER_CLAIMED = _any(r"\b(?:after|later than)\b")
LATER_ASKED = _any(r"\b(?:which|what|who)\b.*\b(?:last|later|second)\b")
AMOUNT = _any(
    r"\bhow (?:many|much|far|old|tall|big|large|deep|fast|high|wide|heavy|hot|cold)\b",
    r"\bwhat (?:percentage|number|share|proportion|temperature|price|ratio|score|angle|latitude|year|age|speed|"
    r"weight|depth|height|size|date)\b",
)
MONEY = _any(
    r"\b(?:how much|what (?:does|did|do|was|is|were|price|fee|fare|salary))\b.*"
    r"\b(?:costs?|prices?|paid|pay|fee|fare|salary|wages?|charged?s?|earn(?:ed|s)?|worth|expensive|budget|spen[dt]|"
    r"toll|money)\b",
    r"\bwhat (?:price|fee|fare|salary)\b",
)
LENGTH = _any(
    r"^how (?:far|wide|tall|high|deep|big)\b", r"^what (?:is|was) the (?:length|height|width|depth|size)\b"
)
NAME = _any(r"\bnames?\b", r"\bcalled\b", r"^(?:what|which) (?:company|brand|airline)\b")
PERSON = _any(r"^(?:and |so |but )?who(?:m|se)?\b")
PLACE = _any(r"^(?:[^,]*, )?where\b")
REASON = _any(r"\bwhy\b")
DATE = _any(r"\b(?:what|which|in what|in which) (?:year|date|day|month|century|decade)\b")
"""What kind of thing an answer must hold."""
OF_MENTION = _any(
    rf"^(?:do|does|did|has|have|is|are|was|were)\s+{SPEAKER}\s+(?:ever |also |actually )?"
    rf"(?:{TELL}|warn(?:s|ed)?|ask(?:s|ed)?)\b(?! that\b)"
)
"""A yes-or-no question about what is told, not about what is so."""
TOLD_ABOUT = _any(
    rf"\bwhat (?:else )?(?:do|does|did|is|are|was|were|has|have) {SPEAKER} {TELL}(?: \w+)? (?:about|of|on)\b",
    rf"\bwhat (?:is|was) {_TOLD} about\b",
)
"""A question for whatever is told about a subject."""
NEGATION = _any(
    r"\b(?:no|not|never|nobody|none|nothing|neither|nor|without|hardly|barely|refuse[ds]?|fail(?:ed|s)?)\b",
    r"n['’]t\b",
    r"\bcannot\b",
)
WRITTEN_FRAME = _any(r"^\W*(?:the )?(?:slides?|screen)?\s*(?:on|about|for|of|in|at)?\s+(?:the )?(?=\w)")
ABSENT = _any(
    r"^none (?:of (?:these|those|them|the (?:above|others?|options|answers|choices)))\W*$",
    rf"^(?:that |this )?{SPEAKER} (?:(?:does|do|did)(?:n['’]t| not)|never) "
    r"(?:say|tell|mention|show|state|specify|explain|answer)s?(?: (?:it|this|that|so|which))?\W*$",
    r"^(?:(?:it|this|that|the answer) )?(?:(?:is|was)(?:n['’]t| not| never) |not |never )"
    r"(?:said|told|mentioned|shown|stated|specified|given|explained|known|there|present|in the video)"
    r"(?: in the \w+)?\W*$",
    r"^(?:it )?(?:cannot|can['’]t|can not) be (?:told|known|determined|answered|said)\W*$",
    r"^(?:unanswerable|no answer|not enough information)\W*$",
)
"""An option that says that the video holds no answer."""
NOTHING_ELSE = _any(
    r"^(?:(?:what|it|happens?|happened|do|does|comes?|words?|appears?|text|next|then)\b\W*)+$"
)
"""A rest that names no subject: "what happens"."""
