"""What stands around the text of a story in print: byline, photo credit, names of its editors.

>>> byline("By JANE DOE and J. R. Okafor, Staff Writer")
'JANE DOE and J. R. Okafor'
>>> byline("By Friday the talks had failed.")
''
>>> is_furniture("[Photo: VOA News / YouTube ]"), is_furniture("Photos show the talks.")
(True, False)

In doubt a line is text: a name too many in it is a smaller fault than a sentence lost.
"""

import re

from searchsvc.readers import fields

_DAY = r"(?:Mon|Tues|Wednes|Thurs|Fri|Satur|Sun)day\b"
_CAPITAL = "[A-ZÀ-ÞĆČĐĞİŁŘŚŞŠŹŻŽ]"
_PARTICLE = r"(?:[ae]l-|d['’])"  # Omar al-Hadrami, Camille d'Aubremont
_NAME = rf"(?:(?!{_DAY}){_PARTICLE}?{_CAPITAL}[\w.'’-]*|d[aeiu]l?|v[ao]n|der|bin|al|la|le)"
_FULL_NAME = rf"{_NAME}(?: {_NAME}){{1,4}}"
# What "by" means a time or a way by, also in capitals.
_NOBODY = (
    r"(?i:(?:the|an?|any|all|some|most|each|this|that|these|those|his|her|its|their|our|my|your|no"
    r"|then|now|next|last|early|late|mid|noon|midnight|dusk|january|february|march|july"
    r"|september|october|november|december|christmas|easter|thanksgiving|new year|world war"
    r"|(?:labou?r|memorial|independence|election|inauguration|boxing|veterans|columbus) day)\b)"
    r"|DAWN\b|Dawn\b(?! (?:[A-Z]\. )?[\w'’-]+(?:$|,| and\b))"  # Dawn Fallik is somebody
)
_NAMES = rf"(?!{_NOBODY}){_FULL_NAME}(?:(?:,| and| AND| &|, and) {_FULL_NAME}){{0,4}}"
_WIRE = r"(?:Reuters|AP|AFP|UPI|Bloomberg|Xinhua|(?i:(?:the )?associated press))"
_STAFF = r"(?i:(?:an? |our )?staff(?: reporters?| writers?| correspondents?)?)"
_OTHERS = r"(?: (?:and|AND|&) \d{1,2} (?i:others?|more))?"
# Names without capitals look like any words: two or three, and none of these.
_COMMON = (
    r"(?:the|an?|this|that|these|those|his|her|its|their|our|my|your|no|not|all|any|some|each|most"
    r"|i|it|he|she|they|we|you|who|there|then|now|today|tonight|tomorrow|midnight|midday|noon|night"
    r"|dawn|dusk|far|way|means|order|law|popular|and|or|of|in|on|at|to|for|from|with|as|is|are|was"
    r"|were|be|had|has|have|will|would|one|two|three|last|next|early|late|local|land|sea|air|rail"
    r"|road|\w+day|january|february|march|april|june|july|august|\w+ember|october)"
)
_WORD = rf"(?!{_COMMON}\b)[a-zà-ÿ][\w'’-]+"
_SMALL = rf"(?!\w+ing\b){_WORD} (?:[a-z]\. ?)?{_WORD}(?: {_WORD})?"
_BYLINE = re.compile(
    rf"[Bb][Yy]:? (?:{_NAMES}{_OTHERS}|{_WIRE}|{_STAFF})"
    rf"(?: ?[,;|/] ?(?P<more>[^.!?]{{2,60}})|\.)?"
    rf"|by {_SMALL}(?: and {_SMALL}){{0,2}}{_OTHERS}"
)
# After a comma a rank, a town or an employer follows, or a sentence goes on: "By Jane Doe, who ..."
_RANK = re.compile(
    r"(?:[\w’'-]+ ){0,4}(?:writer|reporter|correspondent|editor|columnist|analyst|critic|producer"
    r"|photographer|contributor|fellow|professor|director|bureau chief)s?"
    r"(?:(?: (?:of|for|at|in|with)\b|,).*)?",
    re.IGNORECASE,
)
_EMPLOYER = re.compile(rf"{_WIRE}(?i: (?:staff )?(?:writer|reporter|correspondent)s?)?")
_AGENCIES = r"(?i:reuters|ap|afp|upi|epa|bloomberg|xinhua|getty(?: images)?)"

_KIND = (
    r"(?P<kind>(?:(?:file|stock|handout|ap|afp|epa|reuters) )?"
    r"(?:photo(?:graph|graphy)?|image|picture|video|illustration|graphic)s?)"
)
_PICTURE = re.compile(
    rf"(?:{_KIND}(?P<how>(?: credits?| courtesy)?(?: of| by)? ?[:/]"
    r"| courtesy(?: of)?| credits?| by| from| via)"
    r"|credits? ?:) ?(?P<whose>.{2,120})",
    re.IGNORECASE,
)
_PICTURE_ALONE = re.compile(_KIND, re.IGNORECASE)
# Behind these a headline stands as often as a name: "Video: Police Storm Building".
_TELLING = re.compile(r"(?:video|graphic|illustration)|.*s", re.IGNORECASE)
# One word that is no such source may be a pun: "Photo: Finish".
_ONE_WORD = re.compile(
    r"(?!(?:Shutterstock|Alamy|Flickr|Unsplash|Pixabay|Pexels|Wikimedia|Wikipedia|Facebook|Twitter"
    r"|Instagram|Google)$)[A-Z][a-z]+"
)
# Behind "Credit:" a headline about money has its verb between other words: "Moody's Cuts Italy".
_HEADLINE = re.compile(r".+ [A-Z][a-z]*[a-rt-z]s .+")
_OF_AN_AGENCY = re.compile(rf".*[/©].*|{_AGENCIES}")
_WORK = re.compile(
    r"[\s;,.]*\b(?:(?:and|with|additional|further) )*"
    r"(?:reporting|writing|editing|compiled|edited|written) by\b:?",
    re.IGNORECASE,
)
_RIGHTS = re.compile(
    r"(?:(?:©|\(c\)|copyright\b)[\s:]*)+(?P<whose>.{4,120}?)"
    r"(?:[\s,.|–-]+(?:all rights reserved|this|no part|reproduction|distributed by)\b.{0,300})?",
    re.IGNORECASE,
)
_YEARS = re.compile(r"\b(?:1[89]|20)\d\d(?: ?[-–] ?\d{2,4})?\b")
_END_MARK = re.compile(r"#{3,}|- ?30 ?-|ends?|the end", re.IGNORECASE)
_IN_BRACKETS = re.compile(r"\((?!c\)).*\)|\[.*\]", re.IGNORECASE)

_LONGEST = 400  # characters
_CREDITED = re.compile(r"[^\s,;:/|()&+–—]+")
# In small letters between names; all else in small letters is prose.
_BETWEEN_NAMES = frozenset(
    "a an and at by for from in of on the via with de del der van von bin al la le courtesy file"
    " handout pool staff newsroom bureau desk reporter reporters writer writers correspondent"
    " correspondents editor editors photographer photographers contributor contributors supplied"
    " submitted contributed provided family estate artist author museum library archive archives"
    " collection wire reports service services agency agencies press picture pictures photo photos"
    " images office police department".split()
)
# In capitals all words look like names. May, Will and So are some.
_PROSE = frozenset(
    "is are was were be been has have had would could not it he she they we you i his her their its"
    " this that these those which when where while after before since but".split()
)
# In small letters these are no names either.
_MORE_PROSE = frozenset("say says said told will may can what how why as if then than".split())
_SENTENCE_ENDS = re.compile(r"[a-z]{5}[.!?] ")


def byline(line: str) -> str:
    """Who wrote the story, if *line* says that and nothing else, else ""."""
    found = _BYLINE.fullmatch(line)
    if not found or not (found["more"] is None or _follows_name(found["more"])):
        return ""
    return fields.author([line])


def is_prose(text: str, most: int) -> bool:
    """Whether *text* tells something, or has more than *most* words that no name has."""
    small = [word for word in _small(text) if word not in _BETWEEN_NAMES]
    return len(small) > most or not _PROSE.union(_MORE_PROSE).isdisjoint(small)


def is_rank(line: str) -> bool:
    """Whether *line* is what may stand below a name: "staff writer"."""
    return _RANK.fullmatch(line) is not None and not _has_prose(line)


def is_employer(line: str) -> bool:
    """Whether *line* is what the wires put below a name: "Associated Press Writer"."""
    return _EMPLOYER.fullmatch(line) is not None


def is_furniture(paragraph: str) -> bool:
    """Whether *paragraph* is nothing but a credit, the names of editors, or a mark of the end."""
    if len(paragraph) > _LONGEST:
        return False
    is_bracketed = _IN_BRACKETS.fullmatch(paragraph) is not None
    text = paragraph[1:-1].strip() if is_bracketed else paragraph
    return (
        _is_of_picture(text, is_bracketed)
        or _names_editors(text)
        or _names_owner(text)
        or _END_MARK.fullmatch(text) is not None
    )


def _is_of_picture(text: str, is_bracketed: bool) -> bool:
    found = _PICTURE.fullmatch(text)
    if not found:
        return is_bracketed and _PICTURE_ALONE.fullmatch(text) is not None
    kind, how, whose = found["kind"], found["how"] or ":", found["whose"]
    may_be_title = not is_bracketed and how.strip() == ":" and not _OF_AN_AGENCY.fullmatch(whose)
    return _are_names(whose) and not (may_be_title and _is_title(kind, whose))


def _is_title(kind: str | None, text: str) -> bool:
    """Whether *text* behind "Photo:", or "Credit:" where there is no *kind*, is no name."""
    if _ONE_WORD.fullmatch(text) and text.lower() not in _BETWEEN_NAMES:
        return True
    return bool(_TELLING.fullmatch(kind) if kind else _HEADLINE.fullmatch(text))


def _names_editors(text: str) -> bool:
    if not _WORK.match(text):
        return False
    _, *names = _WORK.split(text)
    return all(map(_are_names, names))


def _names_owner(text: str) -> bool:
    found = _RIGHTS.fullmatch(text)
    if not found or not _YEARS.search(found["whose"]):
        return False
    owners = _YEARS.sub("", found["whose"]).split(". ")
    return all(_are_names(owner) for owner in owners if owner.strip(" ,."))


def _are_names(text: str) -> bool:
    """Whether *text* has names, of people and firms and towns, and nothing that tells of them."""
    return (
        bool(_words(text))
        and all(word in _BETWEEN_NAMES for word in _small(text))
        and not _has_prose(text)
        and not _SENTENCE_ENDS.search(text)
    )


def _follows_name(text: str) -> bool:
    return is_rank(text) or text.startswith("special to ") or _are_names(text)


def _has_prose(text: str) -> bool:
    return any(word.casefold() in _PROSE for word in _words(text))


def _words(text: str) -> list[str]:
    return [word.strip(".'’\"“”") for word in _CREDITED.findall(text)]


def _small(text: str) -> list[str]:
    """The words of *text* in small letters that are no addresses."""
    return [word for word in _words(text) if word.islower() and not re.search("[@.]", word)]
