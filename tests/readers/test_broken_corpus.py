"""One folder with everything that can be wrong in it: each is named with its reason, the rest read.

A row says what a file holds and what must come of it: "article: <title>", "problem: <reason>",
or, from the scan, "skipped: <reason>" for a fault and "ignored: <reason>" for none.
"""

import bz2
import gzip
import io
import json
import os
import re
import shutil
import socket
import subprocess
import sys
import tarfile
import tempfile
import zipfile
from collections import defaultdict
from pathlib import Path

import pytest

from searchsvc.article import Article
from searchsvc.corpus import CorpusFile, Skipped, scan
from searchsvc.readers import Problem
from searchsvc.readers.sandbox import Limits, read_files

LIMITS = Limits(cpu_seconds=2)

PROSE = "The council voted on Tuesday to build the eastern quay, after a debate of five hours."
HTML = f"<title>Quay</title><p>{PROSE}</p><p>{PROSE}</p><p>{PROSE}</p>"
STORY = (
    '<REUTERS NEWID="{0}"><DATE>26-FEB-1987 15:01:01.79</DATE><TEXT><TITLE>STORY {0}</TITLE>'
    f"<BODY>{PROSE}</BODY></TEXT></REUTERS>\n"
)


def text(title: str) -> str:
    return f"{title}\n\n{PROSE}\n"


def line(title: str) -> str:
    return json.dumps({"title": title, "body": PROSE}) + "\n"


def story(number: int) -> str:
    return STORY.format(number)


def member(name: str, kind: bytes = tarfile.REGTYPE, link: str = "") -> tarfile.TarInfo:
    info = tarfile.TarInfo(name)
    info.type, info.linkname = kind, link
    return info


def tar(*members: tuple[tarfile.TarInfo, str]) -> bytes:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w") as archive:
        for info, content in members:
            info.size = len(content.encode())
            archive.addfile(info, io.BytesIO(content.encode()))
    return buffer.getvalue()


def zipped(**members: str) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in members.items():
            archive.writestr(name.replace("__", "/").replace("_", "."), content)
    return buffer.getvalue()


def flipped(data: bytes, at: int) -> bytes:
    return data[:at] + bytes([data[at] ^ 0xFF]) + data[at + 1 :]


GZIPPED = gzip.compress(os.urandom(30_000).hex().encode())
TWO_IN_TAR = tar((member("a.txt"), text("A")), (member("b.txt"), text("B")))

# name -> what it holds, and what must come of it, in order
FILES: dict[str, tuple[str | bytes, list[str]]] = {
    "text/utf16-with-mark.txt": (text("Łódź").encode("utf-16"), ["article: Łódź"]),
    "text/utf16-without-mark.txt": (text("Quay").encode("utf-16-le"), ["article: Quay"]),
    "text/utf32-without-mark.txt": (text("Quay").encode("utf-32-be"), ["article: Quay"]),
    "text/utf16-cut-in-a-character.txt": (text("Q").encode("utf-16")[:-1], ["article: Q"]),
    "text/latin1.txt": (text("Malmö").encode("latin-1"), ["article: Malmö"]),
    "text/broken-utf8.txt": (text("Quay").encode() + b"\xe2\x82", ["article: Quay"]),
    "text/one-nul.txt": (text("Qu\0ay"), ["article: Qu ay"]),
    "text/many-nuls.txt": (text("Quay") + "\0" * 300, ["problem: looks binary"]),
    "text/png.txt": (b"\x89PNG\r\n\x1a\n" + bytes(99), ["problem: looks binary .PNG image"]),
    "text/pdf.txt": (b"%PDF-1.4\n%\xe2\xe3\xcf\xd3\n", ["problem: looks binary .PDF document"]),
    "text/elf.txt": (b"\x7fELF\x02\x01\x01" + bytes(99), ["problem: looks binary .ELF program"]),
    "text/zip.txt": (zipped(a_txt="x"), ["problem: looks binary .zip archive"]),
    "text/gzip.txt": (gzip.compress(b"x"), ["problem: looks binary .gzip data"]),
    "text/random.txt": (bytes(range(256)) * 40, ["problem: looks binary .control characters"]),
    "text/empty.txt": ("", ["problem: is empty"]),
    "text/white-space.txt": (" \n\t\u3000\r\n", ["problem: is empty"]),
    "text/one-line-of-7-MB.txt": ("word " * 1_500_000, ["article: word word"]),
    "text/comments.txt": ("<!---->" * 500 + PROSE, ["article: <!----><!----"]),
    "text/labels.txt": (
        "Quay\n" + "".join(f"Topics: t{n}\n" for n in range(10_000)) + PROSE,
        ["article: Quay"],
    ),
    "text/name with\nnewline.txt": (text("Quay"), ["article: Quay"]),
    "text/no-suffix": (text("Quay"), ["article: Quay"]),
    "text/program": (b"\x7fELF" + bytes(99), ["ignored: has no suffix and looks binary"]),
    "text/photo.jpg": (b"\xff\xd8\xff", ["ignored: no reader for .jpg files"]),
    "markdown/spaces-in-front.md": ("---\nb" + " " * 100_000 + "x", ["article: b x"]),
    "markdown/spaces-in-broken-front.md": (
        "---\ntitle: Quay\n[\nb" + " " * 90_000 + "x!\n---\n" + PROSE,
        ["article: Quay"],
    ),
    "markdown/dotted-name.md": (
        "+++\ntitle = 'Quay'\n" + "a." * 30_000 + "a=1\n+++\n" + PROSE,
        ["article: Quay"],
    ),
    "html/empty.html": ("", ["problem: is empty"]),
    "html/is-json.html": ('{"title": "Quay"}', ["problem: is no HTML page"]),
    "html/is-binary.html": (b"\xff\xd8\xff" + bytes(99), ["problem: looks binary .JPEG image"]),
    "html/no-text.html": ("<html><body></body></html>", ["problem: no article text found"]),
    "html/a-million-divs.html": ("<div>" * 1_000_000 + HTML, ["problem: has more than 1,000 tags"]),
    "html/700-divs.html": ("<div>" * 700 + HTML, ["article: Quay"]),
    "html/5000-divs.html": ("<div>" * 5000 + HTML, ["problem: has more than 1,000 tags"]),
    "html/comment-openings.html": ("<html>" + "<!--" * 1_250_000, ["problem: no article text"]),
    "html/comment-openings-after-text.html": (HTML + "<!--" * 1_250_000, ["article: Quay"]),
    "html/attributes.html": (
        "<div " + " ".join(f"a{n}=1" for n in range(100_000)) + f">{HTML}",
        ["problem: took more than 2 s of CPU"],
    ),
    "html/unclosed-script.html": (HTML + "<script>" + PROSE * 99, ["article: Quay"]),
    "html/text-in-unclosed-script.html": ("<html><script>" + HTML, ["problem: no article text"]),
    "html/nul.html": (HTML.replace("five", "fi\0ve"), ["article: Quay"]),
    "html/billion-laughs.html": (
        '<!DOCTYPE x [<!ENTITY a "ha"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;">]>' + HTML + "<p>&b;</p>",
        ["article: Quay"],
    ),
    "html/too-large.html": (HTML * 30_000, ["problem: is larger than 8 MB"]),
    "html/unknown-encoding.html": ('<meta charset="x-klingon">' + HTML, ["article: Quay"]),
    "sgml/cut.sgm": (story(1) + story(2)[:100], ["article: STORY 1", "problem: has no </REUTERS>"]),
    "sgml/no-end-tag.sgm": (
        story(1).replace("</REUTERS>", "") + story(2),
        ["problem: has no </REUTERS>", "article: STORY 2"],
    ),
    "sgml/comments.sgm": (story(1) + "<!-- -->" * 5000 + "</x>", ["article: S", "problem: 40,0"]),
    "sgml/no-text.sgm": ('<REUTERS NEWID="1"></REUTERS>', ["problem: has no TEXT"]),
    "sgml/other.sgm": ("<!DOCTYPE book><book></book>", ["problem: has no <REUTERS> article"]),
    "sgml/utf16.sgm": (story(1).encode("utf-16"), ["problem: has no <REUTERS> article"]),
    "sgml/too-large.sgm": (
        story(1).replace(PROSE, PROSE * 100_000) + story(2),
        ["problem: is larger than 8 MB", "article: STORY 2"],
    ),
    "json/bad-lines.jsonl": (
        line("A") + '{"title": \n' + "\n" + "null\n" + line("B"),
        ["article: A", "problem: is not JSON", "problem: is null, not an object", "article: B"],
    ),
    "json/nan.jsonl": ('{"title": "A", "body": "b", "date": NaN}\n', ["article: A"]),
    "json/deep.jsonl": (
        "[" * 100_000 + "]" * 100_000 + "\n" + line("B"),
        ["problem: is nested too deeply", "article: B"],
    ),
    "json/deep-line.jsonl": (
        '{"title":' * 100_000 + "1" + "}" * 100_000 + "\n" + line("B"),
        ["problem: is nested too deeply", "article: B"],
    ),
    "json/20-MB-line.jsonl": (
        line("x" * 20_000_000) + line("B"),
        ["problem: is larger than 8 MB", "article: B"],
    ),
    "json/duplicate-keys.jsonl": ('{"title": "A", "title": "B", "body": "b"}', ["article: B"]),
    "json/wrong-types.jsonl": (
        '{"title": ["a"], "body": true}\n{"title": {"x": 1}}\n' + line("C"),
        ["problem: 'body' is true, not text", "problem: 'title' is {", "article: C"],
    ),
    "json/many-keys.jsonl": (
        "{" + "".join(f'"{n}": 1, ' for n in range(50_000)) + '"0": 1, "title": "A"}',
        ["article: A"],
    ),
    "json/spaces-in-markup.jsonl": (line(f"<p>A{' ' * 100_000}B</p>"), ["article: A B"]),
    "json/lone-surrogate.jsonl": ('{"title": "A\\udc00", "body": "b"}', ["article: A\ufffd"]),
    "json/utf16.jsonl": (line("A").encode("utf-16"), ["problem: is UTF-16"]),
    "json/endless-number.jsonl": (
        '{"title": "A", "id": ' + "9" * 9999 + "}",
        ["problem: is not J"],
    ),
    "json/blank-lines-first.json": ('\n\n{\n"title": "A",\n"body": "b"\n}', ["article: A"]),
    "json/empty.jsonl": ("", ["problem: has no articles in it"]),
    "json/array-cut.json": ("[" + line("A") + ',{"title"', ["article: A", *["problem: "] * 2]),
    "packed/truncated.txt.gz": (GZIPPED[:-3000], ["problem: is damaged"]),
    "packed/corrupted.jsonl.bz2": (
        flipped(bz2.compress(line("A").encode() * 99), 60),
        ["problem: is damaged"],
    ),
    "packed/not-gzip.html.gz": (HTML, ["problem: is damaged: Not a gzipped file"]),
    "packed/of-a-photo.jpg.gz": (gzip.compress(b"x"), ["ignored: no reader for .gz files"]),
    "packed/twice.txt.gz.gz": (gzip.compress(gzip.compress(b"x")), ["problem: is packed twice"]),
    "packed/bomb.jsonl.gz": (
        gzip.compress(b"x" * 101_000_000, 1) * 11,
        ["problem: is larger than 8 MB", "problem: unpacks to more than 100 times its size"],
    ),
    "packed/leads-out.tar": (
        tar(
            (member("../../a.txt"), text("A")), (member("/b.txt"), ""), (member("c.txt"), text("C"))
        ),
        [*["problem: has a name that leads out of the archive"] * 2, "article: C"],
    ),
    "packed/links.tar": (
        tar(
            (member("a.txt", tarfile.SYMTYPE, "/etc/passwd"), ""),
            (member("b.txt", tarfile.LNKTYPE, "c.txt"), ""),
            (member("d.txt", tarfile.CHRTYPE), ""),
            (member("c.txt"), text("C")),
        ),
        [*["problem: is a link or a device, not a file"] * 3, "article: C"],
    ),
    "packed/nested.tar.gz": (
        gzip.compress(tar((member("a.zip"), "x"), (member("b.txt"), text("B")))),
        ["problem: is an archive in an archive", "article: B"],
    ),
    "packed/broken-header.tar": (flipped(TWO_IN_TAR, 1030), ["article: A", "problem: is damaged"]),
    "packed/truncated.tar": (TWO_IN_TAR[:1600], ["article: A", "problem: is damaged"]),
    "packed/truncated.tar.gz": (
        gzip.compress(tar((member("a.txt"), text("A")), (member("b.txt"), GZIPPED.hex())))[:-9000],
        ["article: A", "problem: is damaged"],
    ),
    "packed/empty.tar": ("", ["problem: is damaged"]),
    "packed/no.zip": ("no zip", ["problem: is damaged: File is not a zip file"]),
    "packed/corrupted.zip": (
        flipped(zipped(a_txt=GZIPPED.hex(), b_txt=text("B")), 500),
        ["problem: is damaged", "article: B"],
    ),
    "packed/leads-out.zip": (
        zipped(**{"__a_txt": text("A"), "b_txt": text("B")}),
        ["problem: has a name that leads out of the archive", "article: B"],
    ),
    "packed/bomb.zip": (
        zipped(**{f"{n}_jsonl": "x" * 110_000_000 for n in range(1)}),
        ["problem: is larger than 8 MB"],
    ),
}


# What is no file with bytes in it; made by make_special
SPECIAL = {
    "special/out.txt": ["skipped: is a link that leads out of the corpus"],
    "special/out": ["skipped: is a link that leads out of the corpus"],
    "special/dangling.txt": ["skipped: is a link to something that does not exist"],
    "special/itself.txt": ["skipped: is a link that leads back to itself"],
    "special/loop": ["ignored: is a link to '.', which is read itself"],
    "special/inside.txt": ["ignored: is a link to 'text/latin1.txt', which is read itself"],
    "special/fifo.txt": ["skipped: is a FIFO, not a regular file"],
    "special/s.txt": ["skipped: is a socket, not a regular file"],
    "special/folder.txt/a.txt": ["article: In a folder called .txt"],
    "special/na\udcefve.txt": ["article: Bytes in its name"],
    "special/100-MB.txt": ["problem: is larger than 8 MB"],
}


def make_special(root: Path, outside: Path) -> None:
    """Links, devices, names and sizes that a table cannot hold."""
    folder = root / "special"
    folder.mkdir()
    (outside / "secret.txt").write_text(text("Secret"))
    (folder / "out.txt").symlink_to(outside / "secret.txt")
    (folder / "out").symlink_to(outside)
    (folder / "dangling.txt").symlink_to("nowhere.txt")
    (folder / "itself.txt").symlink_to("itself.txt")
    (folder / "loop").symlink_to(root)
    (folder / "inside.txt").symlink_to(root / "text" / "latin1.txt")
    os.mkfifo(folder / "fifo.txt")
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(str(folder / "s.txt"))
    (folder / "folder.txt").mkdir()
    (folder / "folder.txt" / "a.txt").write_text(text("In a folder called .txt"))
    (folder / ".hidden.txt").write_text(text("Hidden"))
    Path(os.fsdecode(os.fsencode(folder) + b"/na\xefve.txt")).write_text(text("Bytes in its name"))
    with (folder / "100-MB.txt").open("wb") as file:
        file.write(text("Large").encode())
        file.truncate(100_000_000)


@pytest.fixture(scope="module")
def corpus(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, dict[str, list[str]]]:
    """The folder, a good file after each bad one, and what must come of each."""
    root, outside = tmp_path_factory.mktemp("corpus"), tmp_path_factory.mktemp("outside")
    expected: dict[str, list[str]] = {}
    for name, (content, outcome) in FILES.items():
        path = root / name
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        path.with_name(f"{path.name} good.txt").write_text(text("Good"))
        expected |= {name: outcome, f"{name} good.txt": ["article: Good"]}
    make_special(root, outside)
    return root, expected | SPECIAL


@pytest.fixture(scope="module")
def found(corpus: tuple[Path, dict[str, list[str]]]) -> dict[str, list[str]]:
    """What came of each."""
    outcomes: dict[str, list[str]] = defaultdict(list)
    files = []
    for entry in scan(corpus[0]):
        match entry:
            case CorpusFile():
                files.append(entry)
            case Skipped():
                kind = "ignored" if entry.ignored else "skipped"
                outcomes[entry.name].append(f"{kind}: {entry.reason}")
    for file, items in read_files(files, limits=LIMITS):
        for item in items:
            match item:
                case Article():
                    outcomes[file.name].append(f"article: {item.title}")
                case Problem():
                    outcomes[file.name].append(f"problem: {item.reason}")
    return outcomes


def test_nothing_is_missing_and_nothing_more_is_found(
    corpus: tuple[Path, dict[str, list[str]]], found: dict[str, list[str]]
) -> None:
    assert sorted(found) == sorted(corpus[1])


@pytest.mark.parametrize("name", [*FILES, *SPECIAL], ids=repr)
def test_it_is_named_with_its_reason_or_read(
    name: str, corpus: tuple[Path, dict[str, list[str]]], found: dict[str, list[str]]
) -> None:
    expected = corpus[1][name]
    assert len(found[name]) == len(expected), found[name]
    for outcome, beginning in zip(found[name], expected, strict=True):
        assert re.match(beginning, outcome), outcome


def test_all_good_files_are_read(found: dict[str, list[str]]) -> None:
    good = {name: outcome for name, outcome in found.items() if name.endswith(" good.txt")}
    assert len(good) == len(FILES) >= 60
    assert set(map(tuple, good.values())) == {("article: Good",)}


def test_reasons_are_short_sentences_without_tracebacks(found: dict[str, list[str]]) -> None:
    for reason in (outcome for outcomes in found.values() for outcome in outcomes):
        assert "Traceback" not in reason
        assert 'File "' not in reason
        assert len(reason) < 200
        assert "\n" not in reason


def test_what_may_not_be_read_is_said() -> None:
    """As another user: root may read everything, so for root this would prove nothing."""
    root = Path(tempfile.mkdtemp())  # below /tmp, where another user can get
    try:
        root.chmod(0o755)
        for name in ("a.txt", "closed/b.txt", "c.txt"):
            (root / name).parent.mkdir(exist_ok=True)
            (root / name).write_text(text(name))
        (root / "a.txt").chmod(0)
        (root / "closed").chmod(0)
        script = (
            "import os, sys\nfrom pathlib import Path\nfrom searchsvc.corpus import scan\n"
            "if os.getuid() == 0:\n    os.setgroups([]); os.setgid(65534); os.setuid(65534)\n"
            f"for entry in scan(Path({str(root)!r})):\n"
            "    print(entry.name, getattr(entry, 'reason', 'can be read'), sep=': ')\n"
        )
        said = subprocess.run(
            [sys.executable, "-c", script], capture_output=True, text=True, check=True
        ).stdout
    finally:
        (root / "closed").chmod(0o755)
        shutil.rmtree(root)
    assert said.splitlines() == [
        "a.txt: cannot be opened: Permission denied",
        "c.txt: can be read",
        "closed: cannot be opened: Permission denied",
    ]
