"""Whatever stands in an address, the answer is a page or a problem, never a 5xx."""

import random
from urllib.parse import quote

import pytest

from searchsvc.parameters import NAMES

ROUNDS = 10
PER_ROUND = 300

_PIECES = (
    *"\"'()[]{}<>*?~^:;,.-+&|!/\\=%#@$ \t\n\r\x00\x01\x7f\x85\u2028\u202e\ufeff\ufffd",
    *("AND", "OR", "NOT", "title:", "titel:", "date:", "date:[", "TO", "^2", "~3", "oil", "é"),
    *("<script>alert(1)</script>", "../../etc/passwd", "${7*7}", "{{7*7}}", "' OR 1=1", "\u0301"),
    *("\ud7ff", "😀", "ﷺ", "１９８７", "İ", "ß", "9" * 400, "(" * 30, "a" * 300, "-" * 50),
)  # fmt: skip
# As they come over the wire: broken UTF-8, encoded surrogates, cut escapes.
_RAW = ("%", "%0", "%zz", "%ff", "%ed%a0%80", "%00", "%c0%af", "%f4%90%80%80", "&", "=", "+", "%26")


def ugly(chance):
    return "".join(chance.choice(_PIECES) for _ in range(chance.randint(1, 12)))


def address(chance):
    path = chance.choice(("/search", "/", "/api/v1/search", "/api/v1/articles/a-1", "/article/a-1",
                         "/people/a-1", "/api/v1/places/a-1", "/api/v1/suggest",
                         "/api/v1/export"))  # fmt: skip
    if chance.random() < 0.15:
        path = path.removesuffix("a-1") + "/" + chance.choice(_RAW[:-5]) + chance.choice("ab%")
    if chance.random() < 0.3:
        raw = "".join(chance.choice((*_RAW, "q=", "page=", "x")) for _ in range(8))
        return path, f"{chance.choice(NAMES)}={raw}"
    names = chance.choices((*NAMES, "q", "q", "colour"), k=chance.randint(1, 3))
    return path, [(name, ugly(chance)) for name in names]


@pytest.mark.parametrize("round", range(ROUNDS))
def test_no_5xx_for_ugly_addresses(world, round):
    chance = random.Random(round)
    for _ in range(PER_ROUND):
        path, query = address(chance)
        answer = world.get(path, query_string=query)
        assert answer.status_code in (200, 300, 302, 308, 400, 404), (path, query)
        if answer.status_code >= 400 and path.startswith("/api/"):
            assert answer.json["status"] == answer.status_code


def test_no_5xx_for_ugly_names(world):
    chance = random.Random(0)
    for _ in range(PER_ROUND):
        name = quote(ugly(chance), safe="") if chance.random() < 0.5 else chance.choice(_RAW)
        for path in ("/people/", "/api/v1/places/"):
            assert world.get(path + name).status_code in (200, 300, 302, 400, 404), name


@pytest.mark.parametrize("name", [*NAMES, "colour", "x" * 3000])
@pytest.mark.parametrize("value", ["a" * 5000, "\x00", "é" * 3000, "(" * 2500, "\ufffd", "%"])
def test_no_5xx_for_long_values(world, name, value):
    for path in ("/search", "/api/v1/search", "/article/a-1", "/people/x", "/api/v1/suggest"):
        assert world.get(path, query_string={name: value}).status_code < 500
