"""What finds names has a version, which everything that is kept of them hangs on."""

import hashlib
from pathlib import Path

from searchsvc.extract import rules

EXTRACT = Path(rules.__file__).parent
MAKES_NAMES = """
rules runs people judging places spelling gazetteer vocabulary credits tags correcting model
__init__
""".split()

# Changed the rules or the lists? Raise rules.VERSION, or indexes and caches keep the old names;
# then put here what this test prints.
KNOWN = (2, "d07b8b97eb1acff5")


def test_a_change_of_the_rules_raises_their_version() -> None:
    files = [EXTRACT / f"{name}.py" for name in MAKES_NAMES]
    files.append(EXTRACT.parent / "readers" / "furniture.py")
    files += sorted((EXTRACT / "data").glob("*.t*"))
    digest = hashlib.sha256(b"".join(path.read_bytes() for path in files)).hexdigest()[:16]
    assert (rules.VERSION, digest) == KNOWN
