"""The page as a whole: one file that needs nothing else, whatever a run is called."""

from __future__ import annotations

import errno
import re
import shutil
import subprocess
from pathlib import Path

import numpy as np
import pytest
from made_up_report import HOSTILE, Elements, image_in, made_up, observe, tree_of
from PIL import Image

from gradviz.errors import ExportError
from gradviz.plots.parts.colour_indices import COLOURS
from gradviz.recording import atomic_file
from gradviz.recording.frame import Diverged, Frame
from gradviz.recording.history import History
from gradviz.report import report_page, reported, save_report
from gradviz.report.reported_run import MOST_RUNS

BROWSERS = ("chromium", "chromium-browser", "google-chrome", "chrome", "microsoft-edge")


def page_of(*histories: History, names: list[str] | None = None) -> str:
    page = report_page(reported(list(histories), names or [each.started.title for each in histories]))
    assert page is not None
    return page


def extreme() -> History:
    """Every number that is no ordinary one."""
    history = History(made_up().started)
    norms = np.array([np.inf, -np.inf, np.nan, 300, -300, 0], np.float32)
    for step in range(700):
        scalars = {"x": 1e308 * (-1) ** step, "y": 0.0, "": 1.0, "<b>": 5e-324}
        history.append(
            Frame(step, np.inf if step > 3 else 1e300, np.nan, 0.0, {"weight_grad_norm": norms}, scalars=scalars)
        )
    history.append(Diverged(700, np.nan))
    return history


def hostile() -> History:
    history = made_up(title=HOSTILE, names=[HOSTILE, *(f"a{number}" for number in range(5))])
    observe(history, "frozen", HOSTILE, parameters=3)
    return history


HISTORIES = {
    "one": (made_up(),),
    "smallest": (made_up(1, 1),),
    "two": (made_up(), made_up(40, 5)),
    "hostile": (hostile(),),
    "three": (hostile(), made_up(), hostile()),
    "extreme": (extreme(),),
}
PAGES = pytest.mark.parametrize("histories", HISTORIES.values(), ids=HISTORIES)


@PAGES
def test_it_is_well_formed_and_needs_nothing_from_outside(histories: tuple[History, ...]) -> None:
    page = page_of(*histories)
    tree_of(page)
    elements = Elements(page).found
    assert not {tag for tag, _ in elements} & {"script", "link", "iframe", "object", "embed", "base", "form"}
    for tag, attributes in elements:
        assert not [name for name in attributes if name.startswith("on")], tag
        for name in ("href", "src"):
            address = attributes.get(name)
            assert address is None or address.startswith(("#", "data:image/png;base64,")), address
    style = page.partition("<style>")[2].partition("</style>")[0]
    assert "url(" not in style
    assert "@import" not in style
    assert "http" not in style


@PAGES
def test_every_reference_within_it_leads_somewhere_and_no_id_is_there_twice(histories: tuple[History, ...]) -> None:
    elements = Elements(page_of(*histories)).found
    ids = [str(attributes["id"]) for _, attributes in elements if "id" in attributes]
    assert len(ids) == len(set(ids)) >= 5
    wanted = {address[1:] for _, each in elements if (address := each.get("href") or "").startswith("#")}
    assert wanted <= set(ids)
    assert len(wanted) == (len(histories) if len(histories) > 1 else 0)


def test_what_a_run_is_called_is_shown_as_it_is_and_does_nothing() -> None:
    page = page_of(hostile())
    assert "<script" not in page.lower()
    shown = HOSTILE.replace("\x00", "\ufffd").replace("\ud800", "\ufffd")
    texts = ["".join(each.itertext()) for each in tree_of(page).iter() if each.tag in ("h1", "td", "li")]
    assert shown in texts
    assert any("frozen" in each and shown in each for each in texts)
    page.encode("utf-8")


def test_every_picture_in_it_can_be_opened() -> None:
    addresses = [str(each["href"]) for tag, each in Elements(page_of(made_up())).found if tag == "image"]
    # a heatmap and its colour scale for each quantity
    assert len(addresses) == 4
    assert [image_in(address).size for address in addresses] == [(30, 6), (1, COLOURS)] * 2


def test_a_long_and_deep_run_makes_a_page_of_a_size_to_send() -> None:
    assert len(page_of(made_up(1000, 1500))) < 3_000_000


def test_light_dark_and_print_are_in_its_style() -> None:
    style = page_of(made_up()).partition("<style>")[2].partition("</style>")[0]
    light, dark = re.search(r":root \{(.*?)\}", style, re.S), re.search(r"dark\) \{\s*:root \{(.*?)\}", style, re.S)
    assert light is not None
    assert dark is not None
    colours = [dict(re.findall(r"(--[\w-]+): (#\w{6})", each[1])) for each in (light, dark)]
    for ends in colours:
        ends.pop("--zero", None), ends.pop("--nan", None)
    assert colours[0].keys() == colours[1].keys()
    for scheme in colours:
        for name in ("--ink", "--muted", "--critical", "--warning", "--notice", "--fine", "--unknown"):
            assert contrast(scheme[name], scheme["--card"]) >= 4.5, name
        for name in ("--s0", "--s1", "--s2", "--s3"):
            assert contrast(scheme[name], scheme["--card"]) >= 3.0, name
    assert "@media print" in style
    assert set(re.findall(r"var\((--[\w-]+)\)", style)) <= set(re.findall(r"(--[\w-]+):", style))


def contrast(one: str, other: str) -> float:
    """The contrast of two colours as WCAG 2 defines it."""

    def luminance(colour: str) -> float:
        parts = [part / 255 for part in bytes.fromhex(colour[1:])]
        linear = [part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts]
        return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]

    brighter, darker = sorted((luminance(one), luminance(other)), reverse=True)
    return (brighter + 0.05) / (darker + 0.05)


def test_whoever_cancels_gets_no_file(tmp_path: Path) -> None:
    told: list[tuple[int, int]] = []

    def cancel(done: int, total: int) -> bool:
        told.append((done, total))
        return False

    assert not save_report(tmp_path / "a.html", reported([made_up()], ["a"]), cancel)
    assert told == [(0, 2)]
    assert list(tmp_path.iterdir()) == []


def test_progress_is_told_from_the_beginning_to_the_end(tmp_path: Path) -> None:
    told: list[tuple[int, int]] = []
    assert save_report(tmp_path / "a.html", reported([made_up()], ["a"]), lambda *so_far: told.append(so_far) is None)
    assert told == [(0, 2), (1, 2), (2, 2)]


def test_a_full_disk_leaves_the_report_that_was_there(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "a.html"
    path.write_text("the one before")

    def full(_descriptor: int) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(atomic_file.os, "fsync", full)
    with pytest.raises(ExportError, match=r"a\.html.*the disk is full"):
        save_report(path, reported([made_up()], ["a"]))
    assert path.read_text() == "the one before"
    assert list(tmp_path.iterdir()) == [path]


def test_what_cannot_be_reported_is_refused_with_a_reason(tmp_path: Path) -> None:
    one = reported([made_up()], ["a"])
    with pytest.raises(ExportError, match=r"report\.pdf.*\.html"):
        save_report(tmp_path / "report.pdf", one)
    with pytest.raises(ExportError, match="no folder"):
        save_report(tmp_path / "nowhere" / "a.html", one)
    with pytest.raises(ExportError, match="no step"):
        report_page(reported([made_up(steps=0)], ["a"]))
    many = MOST_RUNS + 1
    with pytest.raises(ExportError, match=f"1 to {MOST_RUNS} runs, not 0"):
        report_page([])
    with pytest.raises(IndexError):
        reported([made_up()] * many, ["a"])


@pytest.mark.slow
@pytest.mark.skipif(not any(map(shutil.which, (*BROWSERS, "firefox"))), reason="no chromium, chrome, edge or firefox")
def test_a_browser_shows_it(tmp_path: Path) -> None:
    path, picture = tmp_path / "a.html", tmp_path / "a.png"
    save_report(path, reported([hostile()], ["a"]))
    browser = next((found for name in BROWSERS if (found := shutil.which(name))), None)
    if browser is None:
        command = ["firefox", "--headless", "--profile", str(tmp_path / "profile"), "--screenshot", str(picture)]
        (tmp_path / "profile").mkdir()
    else:
        command = [browser, "--headless", "--disable-gpu", "--no-sandbox", f"--user-data-dir={tmp_path / 'profile'}"]
        command += ["--window-size=1300,4000", f"--screenshot={picture}"]
    subprocess.run([*command, path.as_uri()], check=True, capture_output=True)
    with Image.open(picture) as shown:
        counted = shown.convert("RGB").getcolors(1 << 24)
    assert counted is not None
    colours = np.array([colour for _, colour in counted], np.int64)
    # both ends of the heatmap's scale are on the page, as the screen's profile rounds them
    for end in ((0x44, 0x01, 0x54), (0xFD, 0xE7, 0x25)):
        assert np.abs(colours - end).max(axis=1).min() <= 3
    if browser is not None:
        command[-1] = "--dump-dom"
        page = subprocess.run([*command, path.as_uri()], check=True, capture_output=True).stdout
        assert page.count(b"<figure") == path.read_bytes().count(b"<figure")
