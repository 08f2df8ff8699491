"""Every benchmark command of the documents can be run as it stands there; every test that proves something exists."""

from __future__ import annotations

import re
import shlex

import pytest

from actors.settings import Settings
from ops.bench.__main__ import BENCHMARKS, main
from tests.cli.test_documents import DOCUMENTS, ROOT, command_lines

LINES = [line for path in DOCUMENTS for line in command_lines(path.read_text())]
BENCHES = sorted({match[0] for line in LINES if (match := re.search(r"python -m ops\.bench [a-z].*", line))})
TESTS = sorted({line for line in LINES if line.startswith("./ops/test tests/")})


@pytest.mark.parametrize("line", BENCHES)
def test_a_benchmark_takes_what_the_documents_give_it(line: str, capsys: pytest.CaptureFixture[str]) -> None:
    name, *rest = shlex.split(line)[3:]
    assert name in BENCHMARKS
    with pytest.raises(SystemExit):
        main([name, "--help"])
    output = capsys.readouterr().out
    assert [word for word in rest if word.startswith("--") and word not in output] == []


def test_results_that_the_documents_name_are_there() -> None:
    named = {match[0] for line in BENCHES if (match := re.search(r"docs/benchmarks/\S+", line))}
    assert all((ROOT / name).exists() for name in named)


@pytest.mark.parametrize("line", TESTS)
def test_a_test_that_proves_something_exists(line: str) -> None:
    words = shlex.split(line)[1:]
    chosen = words.pop(words.index("-k") + 1) if "-k" in words else ""
    paths = [ROOT / word for word in words if word != "-k"]
    assert all(path.exists() for path in paths)
    files = [file for path in paths for file in ([path] if path.is_file() else path.rglob("test_*.py"))]
    tests = re.findall(r"def (test_\w+)", "\n".join(file.read_text() for file in files))
    assert tests
    for part in chosen.split(" or "):
        assert [name for name in tests if part in name], f"none of these tests has {part!r} in its name"


def test_settings_and_metrics_that_the_guides_name_exist() -> None:
    text = (ROOT / "docs/tuning.md").read_text() + (ROOT / "docs/performance.md").read_text()
    metrics = (ROOT / "docs/metrics.md").read_text()
    settings = set(re.findall(r"`([A-Z]+(?:_[A-Z]+)+)[`=]", text))
    assert len(settings) > 10
    assert {name for name in settings if name.lower() not in Settings.model_fields} == set()
    named = set(re.findall(r"`((?:portal|browser|mailbox|rate|sync|clinic)_[a-z_]+)(?:[`{])", text))
    assert len(named) > 5
    assert {name for name in named if f"`{name}`" not in metrics} == set()
