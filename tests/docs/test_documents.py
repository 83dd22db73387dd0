"""Every document: links lead somewhere, files that are named exist, commands are commands, and nothing is too long."""

from __future__ import annotations

import re
from pathlib import Path
from xml.etree import ElementTree

import click
import pytest

from docs.pages import DOCUMENTS, ROOT, section, table
from icestream_cli.__main__ import cli
from icestream_cli.commands import COMMANDS
from icestream_core.inputs import LIBRARY
from icestream_core.plugins import load

README = (ROOT / "README.md").read_text("utf-8")
LINK = re.compile(r"!?\[[^\]]*\]\(([^)\s]+)\)")
NAMED_FILE = re.compile(r"`((?:shared|services|plugins|docs|docker|benchmarks)/[\w./-]+\.\w+)`")
CODE = re.compile(r"^(?:```.*?^```|    .*?)$", re.MULTILINE | re.DOTALL)
WALK = "add-a-product.md"


def short(path: Path) -> str:
    return str(path.relative_to(ROOT))


def anchors(text: str) -> set[str]:
    """Return the anchors of a page's headings, as GitHub makes them."""
    headings = re.findall(r"^#+ (.+)$", CODE.sub("", text), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


@pytest.mark.parametrize("path", DOCUMENTS, ids=short)
def test_links_lead_somewhere(path: Path) -> None:
    broken = []
    for target in LINK.findall(CODE.sub("", path.read_text("utf-8"))):
        if re.match(r"[a-z]+:", target):
            continue
        name, _, anchor = target.partition("#")
        found = (path.parent / name).resolve() if name else path
        if not found.exists() or (anchor and anchor not in anchors(found.read_text("utf-8"))):
            broken.append(target)
    assert broken == []


@pytest.mark.parametrize("path", [path for path in DOCUMENTS if path.name != WALK], ids=short)
def test_files_that_are_named_exist(path: Path) -> None:
    assert [name for name in NAMED_FILE.findall(path.read_text("utf-8")) if not (ROOT / name).exists()] == []


@pytest.mark.parametrize("path", DOCUMENTS, ids=short)
def test_commands_that_are_named_are_commands(path: Path) -> None:
    typed = re.findall(r"(?:^ {4}|^\$ |`)(?:\.venv/bin/)?icestream ([a-z]+)", path.read_text("utf-8"), re.MULTILINE)
    unwritten = {"fit"} if "`icestream fit`, so no fitted" in path.read_text("utf-8") else set()
    assert set(typed) - COMMANDS.keys() - unwritten == set()


TYPED = re.compile(r"(?:^ +(?:\$ )?|^\$ |`)(?:\.venv/bin/)?icestream ([a-z][^`\n]*)", re.MULTILINE)


def unknown(typed: str) -> list[str]:
    """Return the words of a command line that `icestream` does not know: commands within commands, and options."""
    words = re.sub(r"\s+#.*", "", typed).split()
    command: click.Command = cli
    while isinstance(command, click.Group) and words and not words[0].startswith("-"):
        name = words.pop(0)
        found = command.get_command(click.Context(command), name)
        if found is None:
            return [name]
        command = found
    options = {option for each in command.params for option in (*each.opts, *each.secondary_opts)} | {"--help", "-h"}
    given = {re.split(r"[=\])]", word.strip("[("))[0] for word in words if word.startswith(("--", "[--"))}
    return sorted(given - options)


@pytest.mark.parametrize("path", DOCUMENTS, ids=short)
def test_what_is_typed_is_known_with_every_option(path: Path) -> None:
    assert {typed: wrong for typed in TYPED.findall(path.read_text("utf-8")) if (wrong := unknown(typed))} == {}


def test_a_command_that_is_not_would_be_noticed() -> None:
    assert unknown("slots redrive --dead --reason x") == []
    assert unknown("slots revive --dead") == ["revive"]
    assert unknown("slots redrive --deed") == ["--deed"]


def test_the_table_of_products_is_what_is_installed() -> None:
    written = {row[0].strip("`"): row[1:5] for row in table(section(README, "Products"))}
    wanted = {
        product.name: [product.version, product.family, ", ".join(product.datasets), product.fidelity]
        for product in load().products.values()
    }
    assert written == wanted


def test_the_state_of_a_product_names_what_nobody_gives() -> None:
    plugins = load()
    states = {row[0].strip("`"): row[5] for row in table(section(README, "Products"))}
    there = plugins.products.keys() | plugins.collections.keys()
    for product in plugins.products.values():
        lacking = [name for name in product.collections_read if name not in there and not name.startswith(LIBRARY)]
        named = re.findall(r"no reader for `([^`]+)`", states[product.name])
        assert named == lacking, f"{product.name}: the table says {named}"


def test_the_readme_names_every_collection_that_is_read() -> None:
    written = section(README, "Products")
    assert [name for name in load().collections if f"`{name}`" not in written] == []


def test_the_picture_of_the_flow_can_be_drawn_and_says_in_words_what_it_shows() -> None:
    root = ElementTree.parse(ROOT / "docs" / "images" / "flow.svg").getroot()
    spoken = " ".join(root.itertext())
    for word in ("watcher", "gatherer", "worker", "ledger", "icestream.intake", "icestream.outcomes", "store/"):
        assert word in spoken
    assert root.find("{http://www.w3.org/2000/svg}desc") is not None


def test_the_demo_that_the_readme_shows_has_the_products_and_measures_that_there_are() -> None:
    shown = section(README, "Two commands")
    rows = [line.split() for line in shown.splitlines() if line.startswith(" ")]
    assert {row[0] for row in rows if row[0] in load().products} == load().products.keys()
    source = (ROOT / "services" / "cli" / "src" / "icestream_cli" / "demo_report.py").read_text("utf-8")
    for heading in (row for row in rows if row[0] == "product"):
        assert all(f'"{word}"' in source for word in heading), f"the demo prints no longer {heading}"
