"""docs/reading-a-store.md works: whoever copies its snippets can read a store with other libraries."""

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
from shapes import records

from gribouille.ingest import IngestOptions, ingest

PAGE = Path(__file__).parents[1] / "docs" / "reading-a-store.md"
PLACE = "stores/quickdraw"
WORDS = {"circle": "cat", "cross": "bus", "square": "sun", "zigzag": "ant"}
LIBRARIES = ("pyarrow", "duckdb", "polars", "pandas", "datasets", "torch")


def program(page: str) -> str:
    """The page's snippets as one program, every line where it is on the page, so that a failure names it."""
    lines, inside = [], False
    for line in page.splitlines():
        fence = line.startswith("```")
        lines.append(line if inside and not fence else "")
        inside = line == "```python" if fence else inside
    return "\n".join(lines) + "\n"


@pytest.fixture(scope="module")
def store(tmp_path_factory) -> Path:
    """A store of four words in two files, half of it with times, in which recognized and country are not always known."""
    folder = tmp_path_factory.mktemp("reading")
    for number, name in enumerate(("raw", "simplified")):
        drawn = [dict(record, word=WORDS[record["word"]]) for record in records(40, number)]
        for index, record in enumerate(drawn):
            record["countrycode"] = ("FR", "US", None)[index % 3]
            record["recognized"] = (True, True, False, None)[index % 4]
            if name == "simplified":
                record["drawing"] = [[[0, 255, index], [0, index, 128]], [[7], [index]]]
        (folder / f"{name}.ndjson").write_text("".join(json.dumps(record) + "\n" for record in drawn))
    ingest(
        [folder / "raw.ndjson", folder / "simplified.ndjson"],
        folder / "store",
        IngestOptions(part_rows=100, any_word=True, keep_duplicates=True),
    )
    return folder / "store"


def test_every_snippet_runs(store, tmp_path):
    """All snippets run one after the other, offline, without a warning, and what they assert holds."""
    page = PAGE.read_text(encoding="utf-8")
    assert page.count(PLACE) == 1
    script = tmp_path / "page.py"
    script.write_text(program(page).replace(PLACE, str(store)), encoding="utf-8")
    # HF's libraries neither look for anything on the network nor leave anything in the user's cache.
    offline = {"HF_HUB_OFFLINE": "1", "HF_DATASETS_OFFLINE": "1", "HF_HOME": str(tmp_path / "hf")}
    command = [sys.executable, "-W", "error", script]
    ran = subprocess.run(
        command, cwd=tmp_path, env={**os.environ, **offline}, capture_output=True, text=True, check=False
    )
    assert (ran.returncode, ran.stderr) == (0, "")
    assert (tmp_path / "cats.parquet").is_file()


def test_the_page_speaks_of_every_library():
    """Each library that is promised is imported by a snippet."""
    imported = set(re.findall(r"^(?:import|from) (\w+)", program(PAGE.read_text(encoding="utf-8")), re.MULTILINE))
    assert imported >= set(LIBRARIES)
