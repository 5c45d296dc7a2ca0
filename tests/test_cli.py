"""The commands as a person or a script types them, each in a process of its own."""

import csv
import io
import json
import os
import shlex
import shutil
import signal
import socket
import subprocess
import sys
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
import stores

from searchsvc.generation import seal

CORPUS = Path(__file__).parent.parent / "corpus"

Run = Callable[..., "subprocess.CompletedProcess[str]"]


def command(*words: str) -> list[str]:
    return [sys.executable, "-m", "searchsvc", *words]


def environment(cwd: Path, *words: str) -> dict[str, str]:
    """What a command of *words*, given in *cwd*, finds around it: no settings but the engine's."""
    index = words[words.index("--index") + 1] if "--index" in words else "index"
    clean = {name: text for name, text in os.environ.items() if not name.startswith("SEARCHSVC_")}
    return clean | stores.environment(cwd / index)


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A working directory with the sample corpus, indexed."""
    folder = tmp_path_factory.mktemp("home")
    (folder / "corpus").symlink_to(CORPUS)
    subprocess.run(command("index"), cwd=folder, env=environment(folder), check=True)
    return folder


@pytest.fixture
def run(home: Path) -> Run:
    def run(*words: str, cwd: Path = home, **settings: str) -> subprocess.CompletedProcess[str]:
        result = subprocess.run(
            command(*words),
            cwd=cwd,
            env=environment(cwd, *words) | settings,
            capture_output=True,
            text=True,
        )
        assert "Traceback" not in result.stderr
        return result

    return run


def test_index_reports_what_it_did(run: Run, tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text("Alpha\n\nThe first story.\n")
    first = run("index", "--index", str(tmp_path / "ix"), str(tmp_path / "a.txt"))
    assert first.returncode == 0
    assert "1 added" in first.stdout
    again = run("--index", str(tmp_path / "ix"), "--corpus", str(tmp_path / "a.txt"), "index")
    assert "up to date" in again.stdout


@pytest.mark.folder
def test_options_stand_before_or_after_the_command_or_in_the_environment(
    run: Run, home: Path, tmp_path: Path
) -> None:
    index = str(home / "index")
    for words, settings in (
        (("--index", index, "--json", "search", "Haldane"), {}),
        (("search", "Haldane", "--json", "--index", index), {}),
        (("search", "--json", "Haldane"), {"SEARCHSVC_INDEX": index}),
    ):
        result = run(*words, cwd=tmp_path, **settings)
        assert json.loads(result.stdout)["total"] == 6, result.stderr
    (tmp_path / "searchsvc.toml").write_text(f"index = {json.dumps(index)}\n")
    assert json.loads(run("search", "--json", "Haldane", cwd=tmp_path).stdout)["total"] == 6


@pytest.mark.parametrize(
    ("words", "last"),
    [
        (("--size", "5"), "6 hits, page 1 of 2, "),
        (("--size", "5", "--page", "9"), "6 hits, which end before page 9: the last is --page 2, "),
        ((), "6 hits, "),
    ],
)
def test_search_tells_which_page_it_is(run: Run, words: tuple[str, ...], last: str) -> None:
    said = run("search", "Haldane", *words).stdout.splitlines()[-1]
    assert said.startswith(last)
    assert said.count(",") == last.count(","), "nothing else but the time"


def test_search_prints_title_facts_and_marked_passages(run: Run) -> None:
    result = run("search", "Jeffrey Idlib")
    assert result.returncode == 0
    assert "Washington Ties Its Stay in Syria" in result.stdout
    assert "2018-09-07 | Harbour Wire" in result.stdout
    assert "1 hit," in result.stdout


def test_a_query_may_begin_with_a_dash_and_need_not_be_quoted(run: Run) -> None:
    everything = json.loads(run("search", "--json").stdout)["total"]
    without = json.loads(run("search", "--json", "-haldane").stdout)["total"]
    assert everything - without == 6
    assert json.loads(run("search", "--json", "cocoa", "Abidjan").stdout)["query"]["q"] == (
        "cocoa Abidjan"
    )


def test_filters_are_those_of_the_api(run: Run) -> None:
    answer = json.loads(
        run(
            "search", "--json", "--source", "Harbour Wire", "--source", "Coastal Courier",
            "--from", "2021-01-01", "--to", "2021-12-31", "--sort", "oldest", "--size", "2",
            "--facets", "source,year",
        ).stdout
    )  # fmt: skip
    assert [hit["date"][:10] for hit in answer["hits"]] == ["2021-03-09", "2021-03-16"]
    assert set(answer["facets"]) == {"source", "year"}
    assert "source=Harbour+Wire&source=Coastal+Courier" in answer["links"]["next"]


def test_a_filter_that_no_article_passes_is_told(run: Run) -> None:
    said = "no article has source 'harbor wire'; did you mean 'Harbour Wire'?"
    result = run("search", "--source", "harbor wire")
    assert (result.returncode, result.stderr) == (0, f"note: {said}\n")
    answer = json.loads(run("search", "--source", "harbor wire", "--json").stdout)
    assert answer["query"]["warnings"] == [said]


def test_an_export_is_all_articles_that_a_search_finds(run: Run) -> None:
    asked = ("harbour", "--source", "Harbour Wire", "--source", "harbor wire", "--sort", "newest")
    found = json.loads(run("search", *asked, "--json").stdout)
    assert found["total"] > 1
    ids = [hit["id"] for hit in found["hits"]]
    result = run("export", *asked)
    articles = [json.loads(line) for line in result.stdout.splitlines()]
    assert [article["id"] for article in articles] == ids
    assert articles[0] == json.loads(run("show", ids[0], "--json").stdout)
    assert "did you mean 'Harbour Wire'" in result.stderr
    rows = list(csv.DictReader(io.StringIO(run("export", *asked, "--format", "csv").stdout)))
    assert [row["title"] for row in rows] == [article["title"] for article in articles]


def test_an_export_is_utf_8_and_says_where_there_is_no_room(run: Run, home: Path) -> None:
    text = run("export", "haldane", PYTHONIOENCODING="ascii").stdout
    assert "£" in text
    with Path("/dev/full").open("w") as full:
        result = subprocess.run(
            command("export"), cwd=home, env=environment(home), stdout=full, stderr=subprocess.PIPE
        )
    assert result.returncode == 1
    assert result.stderr == b"searchsvc: the output cannot be written: No space left on device\n"


def test_show_prints_the_article_or_says_that_there_is_none(run: Run) -> None:
    shown = json.loads(run("show", "ml-2019-02-07.krone", "--json").stdout)
    assert shown["title"] == "Copenhagen defends the krone in ninety seconds"
    assert "Palle Krogh-Winther" in run("show", "ml-2019-02-07.krone").stdout
    missing = run("show", "nothing-of-this-id")
    assert missing.returncode == 1
    assert "nothing-of-this-id" in missing.stderr


def test_explain_counts_each_part(run: Run) -> None:
    explained = json.loads(run("explain", "--json", "the haldane OR tarn*").stdout)
    assert explained["parsed"] == "the haldane OR tarn*"
    assert [part["total"] for part in explained["parts"]] == [6, 7]
    assert explained["warnings"] == ["too common to search for, left out: the"]


def test_names_are_listed_shown_and_proposed_as_one(run: Run) -> None:
    listed = json.loads(run("names", "--json", "--field", "people", "--size", "5").stdout)
    assert [one["field"] for one in listed] == ["people"] * 5
    (card,) = json.loads(run("names", "geoffery", "haldane", "--json").stdout)
    assert card["spellings"]["Geoffery Haldane"] >= 1
    missing = run("names", "Haldane-Smythe", "Haldane")
    assert missing.returncode == 1
    assert "Geoffrey Haldane" in missing.stderr
    proposals = run("names", "--proposals").stdout
    assert "merge\tpeople\tGeoffery Haldane\tGeoffrey Haldane\t# near spelling" in proposals


def test_what_is_proposed_can_be_followed(run: Run, home: Path, tmp_path: Path) -> None:
    corpus, file = ("--corpus", str(home / "corpus")), tmp_path / "ours.tsv"
    index = ("--index", str(tmp_path / "ix"), *corpus, "--corrections", str(file))
    file.write_text("")
    before = json.loads(run("index", "--json", *index).stdout)
    assert before["corrections"] == {"file": str(file), "lines": 0}
    file.write_text(run("names", "--proposals").stdout)
    after = json.loads(run("index", "--json", *index).stdout)
    assert after["corrections"]["lines"] >= 1
    assert 0 < after["articles"]["changed"] < 10
    search = ("search", "--json", "--size", "1", *index[:2], "people:Geoffery")
    assert json.loads(run(*search).stdout)["hits"][0]["people"][0] == "Geoffrey Haldane"
    proposals = run("names", "--proposals", *index[:2], "--corrections", str(file)).stdout
    assert "Geoffery" not in proposals
    again = run("index", *index, cwd=tmp_path)
    assert "up to date" in again.stdout
    assert f"corrected by {file}" in again.stdout


def test_corrections_that_are_wrong_end_with_code_2_and_write_nothing(
    run: Run, home: Path, tmp_path: Path
) -> None:
    before = json.loads(run("status", "--json").stdout)["generation"]
    (tmp_path / "c.tsv").write_text("mrege\tpeople\tA\tB\nhide\tpeople\tA\nhide\tpeople\n")
    for command in ("index", "reindex"):
        result = run(command, SEARCHSVC_CORRECTIONS=str(tmp_path / "c.tsv"))
        assert result.returncode == 2
        assert "c.tsv: line 1: 'mrege' is no verb" in result.stderr
        assert "c.tsv: line 3: " in result.stderr
        assert result.stdout == ""
    assert json.loads(run("status", "--json").stdout)["generation"] == before


@pytest.mark.folder
def test_status_tells_the_state_of_the_index(run: Run) -> None:
    facts = json.loads(run("status", "--json").stdout)
    assert (facts["engine"], facts["generation"], facts["articles"]) == ("whoosh", "000001", 43)
    assert facts["bytes"] > 100_000


@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        (("search", "titel:oil"), 2, "did you mean 'title:'"),
        (("search", "oil", "--from", "yesterday"), 2, "from"),
        (("search", "oil", "--size", "1000"), 2, "size"),
        (("search", "oil", "--year", "87"), 2, "year: '87' is no year; write one in four digits"),
        (("search", "oil", "--siez", "5"), 2, "no such option: --siez"),
        (("export", "oil", "--page", "2"), 2, "no such option: --page"),
        (("export", "oil", "--json", "--format", "csv"), 2, "are two formats; name one"),
        (("find", "oil"), 2, "No such command"),
        (("search", "oil", "--engine", "lucene"), 2, "there is no engine 'lucene'"),
        (("search", "oil", "--index", "nowhere"), 4, "one: searchsvc --index nowhere index\n"),
        (("status", "--index", "nowhere"), 4, "nowhere"),
        (("serve", "--index", "nowhere"), 4, "nowhere"),
        (("serve", "--port", "99999"), 2, "99999 is no port"),
        (("index", "--corpus", "nowhere"), 1, "nowhere"),
        (("index", "--index", ".", "--corpus", "corpus"), 2, "choose another with --index"),
        (("watch", "--index", "corpus", "--corpus", "corpus"), 2, "choose another with --index"),
        (("index", "--corpus", ""), 2, "--corpus is empty"),
        (("status", "--index", ""), 2, "--index is empty"),
        (("reindex", "--may-lose", "5%"), 2, "--gate FILE"),
        (("index", "--corpus", "nowhere"), 1, "a folder or a file that is there"),
        (("index", "here", "--corpus", "there"), 2, "is said to be 'there' and 'here': name one"),
        (("search", "-h"), 2, "help is --help"),
        (("index", "here", "there"), 2, "unexpected extra argument (there)"),
        pytest.param(
            ("status", "--index", os.devnull),
            2,
            "'/dev/null' is no folder; choose another",
            marks=pytest.mark.folder,
        ),
        pytest.param(
            ("index", "--index", f"{os.devnull}/ix"),
            2,
            "is no folder; choose another with --index",
            marks=pytest.mark.folder,
        ),
        (("serve", "--host", "256.1.1.1"), 2, "256.1.1.1, port 8000: "),
    ],
)
def test_errors_are_one_line_with_a_remedy_and_a_code(
    run: Run, words: tuple[str, ...], code: int, said: str
) -> None:
    result = run(*words)
    assert result.returncode == code
    assert said in result.stderr
    assert result.stdout == ""


def test_skipped_articles_end_with_code_3(run: Run, tmp_path: Path) -> None:
    (tmp_path / "a.jsonl").write_text('{"title": "Fine", "body": "b"}\nno json\n')
    options = ("--index", str(tmp_path / "ix"), "--corpus", str(tmp_path / "a.jsonl"))
    for _ in range(2):
        result = run("index", *options)
        assert result.returncode == 3
        assert "a.jsonl: line 2" in result.stderr
    document = json.loads(run("index", "--json", *options).stdout)
    assert document["articles"]["total"] == 1
    assert document["skipped"][0]["place"] == "line 2"


def test_a_setting_that_is_wrong_names_its_place(run: Run, tmp_path: Path) -> None:
    (tmp_path / "searchsvc.toml").write_text("prot = 80\n")
    result = run("status", cwd=tmp_path)
    assert result.returncode == 2
    assert "no setting 'prot'" in result.stderr
    (tmp_path / "searchsvc.toml").write_text("port = 'many'\n")
    assert "port in searchsvc.toml: 'many'" in run("status", cwd=tmp_path).stderr


def test_output_may_be_cut_short(home: Path) -> None:
    shell = f"{' '.join(command('search', '--size', '200'))} | head -1"
    result = subprocess.run(
        shell, shell=True, cwd=home, env=environment(home), capture_output=True, text=True
    )
    assert result.stderr == ""
    assert result.stdout.startswith("1. ")


@contextmanager
def serving(home: Path, *words: str) -> Iterator[tuple[str, "subprocess.Popen[str]"]]:
    """A server of the sample corpus, and its address."""
    with subprocess.Popen(
        command("serve", "--port", "0", *words),
        cwd=home,
        env=environment(home),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as server:
        assert server.stdout is not None
        try:
            yield server.stdout.readline().split()[-1], server
        finally:
            server.kill()


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_serve_prints_its_url_answers_and_ends_when_told(home: Path, number: int) -> None:
    with serving(home) as (url, server):
        with urllib.request.urlopen(f"{url}api/v1/search?q=haldane") as response:
            assert json.load(response)["total"] == 6
        server.send_signal(number)
        assert server.wait(20) == 128 + number
        assert server.stderr is not None
        assert "Traceback" not in server.stderr.read()


@pytest.mark.folder
def test_a_server_that_lost_its_index_tells_the_command_that_makes_this_one(
    home: Path, tmp_path: Path
) -> None:
    index = shutil.copytree(home / "index", tmp_path / "our index")
    with serving(home, "--index", str(index)) as (url, _):
        index.rename(tmp_path / "away")
        with pytest.raises(urllib.error.HTTPError) as failed:
            urllib.request.urlopen(f"{url}api/v1/search?q=oil")
        told = json.load(failed.value)["detail"]
    assert failed.value.code == 503
    assert told.endswith(f"make one: searchsvc --index '{index}' index")


def test_a_proxy_on_this_machine_tells_how_it_was_asked(home: Path) -> None:
    with serving(home) as (url, _):
        for told, scheme in (("https", "https"), ("https, http", "http"), ("gopher", "http")):
            asked = {"Host": "news.example", "X-Forwarded-Proto": told}
            request = urllib.request.Request(f"{url}opensearch.xml", headers=asked)
            with urllib.request.urlopen(request) as response:
                text = response.read().decode()
            assert f'template="{scheme}://news.example/search?q={{searchTerms}}"' in text


@pytest.mark.folder
def test_verify_tells_damage_and_the_next_index_mends_it(run: Run, tmp_path: Path) -> None:
    (tmp_path / "corpus").mkdir()
    (tmp_path / "corpus" / "a.txt").write_text("Alpha\n\nThe first story.\n")
    assert run("index", cwd=tmp_path).returncode == 0
    assert run("verify", cwd=tmp_path).returncode == 0
    for copy in ("gen-000001", "spare-000001"):
        path = next((tmp_path / "index" / copy / "engine").glob("*.trm"))
        content = bytearray(path.read_bytes())
        content[50] ^= 4
        path.write_bytes(content)
        result = run("verify", "--json", cwd=tmp_path)
        assert result.returncode == 4
        if copy == "gen-000001":
            (found,) = json.loads(result.stdout)["damaged"]
            assert (found["generation"], found["file"]) == (copy, f"engine/{path.name}")
            answer = run("search", "story", cwd=tmp_path)
            assert "Alpha" in answer.stdout
            assert "which is equal, is served; searchsvc index mends it" in answer.stderr
            for command in ("status", "verify"):
                told = run(command, cwd=tmp_path)
                assert told.returncode == 4
                assert f"{copy}/engine/{path.name}: does not hold what was written" in told.stdout
    assert "no other generation is whole" in run("search", "story", cwd=tmp_path).stderr
    damaged = run("search", "story", "--corpus", "a corpus", "--index", "index", cwd=tmp_path)
    again = "rebuild it: searchsvc --index index reindex --corpus 'a corpus'\n"
    assert damaged.stderr.endswith(again)
    assert run("reindex", cwd=tmp_path).returncode == 0
    assert run("verify", cwd=tmp_path).stdout == "generation 000002 is whole\n"


def test_a_dry_run_lists_articles(run: Run, tmp_path: Path) -> None:
    (tmp_path / "corpus").mkdir()
    (tmp_path / "corpus" / "a.jsonl").write_text('{"id": "1", "title": "A", "body": "b"}\n')
    assert "added:   1  a.jsonl" in run("index", "--dry-run", cwd=tmp_path).stdout
    assert not (tmp_path / "index").exists()


def test_a_corpus_that_is_away_needs_yes(run: Run, tmp_path: Path) -> None:
    (tmp_path / "corpus").mkdir()
    for name in ("a", "b", "c"):
        (tmp_path / "corpus" / f"{name}.txt").write_text(f"{name}\n\nText.\n")
    run("index", cwd=tmp_path)
    for name in ("a", "b"):
        (tmp_path / "corpus" / f"{name}.txt").unlink()
    for words in (["index"], ["reindex"]):
        refused = run(*words, cwd=tmp_path)
        assert refused.returncode == 1
        assert "2 of 3 articles would leave the index" in refused.stderr
    assert run("index", "--yes", cwd=tmp_path).returncode == 0


@pytest.mark.folder
def test_the_command_that_a_message_gives_does_what_was_asked_for(run: Run, tmp_path: Path) -> None:
    (tmp_path / "all articles").mkdir()
    (tmp_path / "corpus").mkdir()
    options = ["--index", "the index", "--engine", "whoosh", "reindex", "--corpus", "all articles"]
    missing = run("search", "oil", *options[:2], *options[-2:], cwd=tmp_path)
    make = "searchsvc --index 'the index' index --corpus 'all articles'"
    assert f"make one: {make}\n" in missing.stderr
    for number in range(3):
        (tmp_path / "all articles" / f"{number}.txt").write_text(f"T{number}\n\nText.\n")
    assert run(*shlex.split(make)[1:], cwd=tmp_path).returncode == 0
    for number in range(2):
        (tmp_path / "all articles" / f"{number}.txt").unlink()
    trial = run(*options, "--dry-run", cwd=tmp_path)
    refused = run(*options, cwd=tmp_path)
    assert refused.returncode == 1
    for said in (trial.stderr, refused.stderr):
        typed = said.partition("If this is meant: ")[2].splitlines()[0]
        assert typed == f"searchsvc {shlex.join(options)} --yes"
    assert "1 in the index" in run(*shlex.split(typed)[1:], cwd=tmp_path).stdout


def test_corpora_are_listed_and_forgotten(run: Run, tmp_path: Path) -> None:
    for name in ("north", "south"):
        (tmp_path / name).mkdir()
        for number in range(3):
            file = tmp_path / name / f"{name}-{number}.txt"
            file.write_text(f"{name} {number}\n\nText.\n")
        run("--index", "ix", "index", "--corpus", name, cwd=tmp_path)
    shutil.rmtree(tmp_path / "north")
    status = ("--index", "ix", "status")
    assert f"{tmp_path / 'north'} (3 articles; is gone)" in run(*status, cwd=tmp_path).stdout
    assert json.loads(run(*status, "--json", cwd=tmp_path).stdout)["corpora"] == [
        {"path": str(tmp_path / "north"), "articles": 3, "gone": True},
        {"path": str(tmp_path / "south"), "articles": 3, "gone": False},
    ]
    told = run("--index", "ix", "index", "--corpus", "south", cwd=tmp_path)
    assert (told.returncode, len(told.stderr.splitlines())) == (0, 1)
    remedy = told.stderr.rpartition(": ")[2]
    done = run(*shlex.split(remedy)[1:], cwd=tmp_path)
    assert (done.returncode, "3 removed, 3 in the index" in done.stdout) == (0, True)
    wrong = run("--index", "ix", "forget", "north", cwd=tmp_path)
    assert (wrong.returncode, str(tmp_path / "south") in wrong.stderr) == (1, True)
    assert run("--index", "ix", "forget", "south", cwd=tmp_path).returncode == 1
    assert run("--index", "ix", "forget", "south", "--yes", cwd=tmp_path).returncode == 0


@pytest.mark.folder
def test_an_interrupted_first_build_is_told_of(run: Run, tmp_path: Path) -> None:
    saved = tmp_path / "ix" / "checkpoint-index"
    saved.mkdir(parents=True)
    seal(saved, {"purpose": "/the news"}, {})
    status = run("--index", "ix", "status", cwd=tmp_path)
    assert status.returncode == 4
    again = "searchsvc --index ix index --corpus '/the news'\n"
    assert f"an interrupted build goes on where it was saved: {again}" in status.stderr


def test_a_gate_refuses_an_index_that_lost_hits(run: Run, tmp_path: Path) -> None:
    (tmp_path / "corpus").mkdir()
    for number in range(4):
        (tmp_path / "corpus" / f"{number}.txt").write_text(f"Story {number}\n\nOil fell.\n")
    run("index", cwd=tmp_path)
    (tmp_path / "gate.txt").write_text("oil\n")
    (tmp_path / "corpus" / "1.txt").unlink()
    gate = ["reindex", "--gate", "gate.txt"]
    refused = run(*gate, cwd=tmp_path)
    assert refused.returncode == 1
    assert "oil: 1 of 4 hits (25%)" in refused.stderr
    assert run(*gate, "--may-lose", "25%", cwd=tmp_path).returncode == 0
    assert run(*gate, "--may-lose", "lots", cwd=tmp_path).returncode == 2
    assert run("reindex", "--gate", "none.txt", cwd=tmp_path).returncode == 2


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_watch_tells_each_generation_until_it_is_stopped(tmp_path: Path, number: int) -> None:
    corpus = tmp_path / "corpus"
    corpus.mkdir()
    (corpus / "a.txt").write_text("Alpha\n\nThe first story.\n")
    with subprocess.Popen(
        command("watch", "--json"), cwd=tmp_path, env=environment(tmp_path),
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
    ) as process:  # fmt: skip
        assert process.stdout
        first = json.loads(process.stdout.readline())
        assert first["articles"]["added"] == 1
        (corpus / "b.txt").write_text("Beta\n\nThe second story.\n")
        second = json.loads(process.stdout.readline())
        assert second["articles"]["added"] == 1
        assert second["generation"] not in (first["generation"], None)
        assert [change["file"] for change in second["changes"]["added"]] == ["b.txt"]
        process.send_signal(number)
        _, stderr = process.communicate(timeout=20)
    assert (process.returncode, stderr) == (128 + number, "")


def test_an_address_that_is_taken_is_named_with_the_remedy(run: Run) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])
        result = run("serve", "--port", port)
    assert result.returncode == 2
    assert f"port {port}: Address already in use; choose" in result.stderr
    assert "--port" in result.stderr


@pytest.mark.folder
def test_too_few_open_files_are_told_with_the_remedy(home: Path) -> None:
    shell = f"ulimit -n 12; {' '.join(command('search', 'oil'))}"
    result = subprocess.run(
        shell, shell=True, cwd=home, env=environment(home), capture_output=True, text=True
    )
    assert result.returncode == 1
    assert result.stderr == (
        "searchsvc: [Errno 24] Too many open files; allow more of them: ulimit -n 1024\n"
    )
