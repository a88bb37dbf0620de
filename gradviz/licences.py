"""The licences of everything gradviz consists of.

A bundle contains one file with all of them, written when it is built. Elsewhere they are read from the installed
distributions.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from importlib.metadata import Distribution, PackageNotFoundError, distribution

from gradviz.resources import resource_path
from gradviz_desktop import OURS

BUNDLED = "licences/third-party.txt"
TEXT_FILE = re.compile(r"(licen[cs]e|copying|notice|authors)", re.IGNORECASE)
REQUIRED_NAME = re.compile(r"[A-Za-z0-9_.-]+")
# licence texts that gradviz includes, for distributions that only name them; the LGPL extends the GPL
TEXTS = {"LGPL-3.0": ("LGPL-3.0.txt", "GPL-3.0.txt")}
QT_NOTE = """\
Qt and its bindings are used under the GNU Lesser General Public License,
version 3. They are separate files in the folder PySide6 and may be replaced by
other builds of the same interface; the Qt project offers their source."""
RULE = "=" * 80


@dataclass(frozen=True)
class Notice:
    """The licence of one part of the program: its name, and its texts by file name."""

    name: str
    version: str
    licence: str
    texts: tuple[tuple[str, str], ...]

    def __str__(self) -> str:
        head = f"{RULE}\n{self.name} {self.version}\n{self.licence}\n{RULE}"
        return "\n\n".join([head, *(f"--- {name}\n\n{text.strip()}" for name, text in self.texts)])


def third_party() -> str:
    """Return the notices for everything in this bundle, or for everything that the installed gradviz needs."""
    try:
        return resource_path(BUNDLED).read_text(encoding="utf-8")
    except FileNotFoundError:
        return in_one_text(notice_of(each) for each in needed_distributions())


def in_one_text(notices: Iterable[Notice]) -> str:
    """Return a list of `notices`, followed by their texts, ordered by name."""
    ordered = sorted(notices, key=lambda notice: notice.name.lower())
    contents = "\n".join(f"{notice.name} {notice.version}: {notice.licence}" for notice in ordered)
    return "\n\n".join(["gradviz contains these parts by others.", QT_NOTE, contents, *map(str, ordered)]) + "\n"


def notice_of(part: Distribution) -> Notice:
    """Return the licence of an installed distribution, from its metadata."""
    licence = _named_licence(part)
    texts: dict[str, str] = {}
    for file in sorted(part.files or (), key=str):
        if ".dist-info" in file.parts[0] and TEXT_FILE.search(file.name):
            text = file.read_text(encoding="utf-8")
            # many parts of torch repeat the same text
            if text not in texts.values():
                texts["/".join(file.parts[1:])] = text
    if not texts:
        names = next((files for name, files in TEXTS.items() if licence.startswith(name)), ())
        texts = {name: resource_path(f"licences/{name}").read_text(encoding="utf-8") for name in names}
    return Notice(part.metadata["Name"], part.version, licence, tuple(texts.items()))


def needed_distributions() -> Iterator[Distribution]:
    """Yield every installed distribution that gradviz needs, directly or indirectly."""
    waiting, seen = [OURS], {OURS}
    while waiting:
        try:
            part = distribution(waiting.pop())
        except PackageNotFoundError:
            continue  # for another system or another Python
        if part.metadata["Name"] != OURS:
            yield part
        for requirement in part.requires or ():
            named = REQUIRED_NAME.match(requirement)
            name = re.sub(r"[-_.]+", "-", named.group()).lower() if named else ""
            if "extra ==" not in requirement and name not in seen:
                seen.add(name)
                waiting.append(name)


def _named_licence(part: Distribution) -> str:
    stated = part.metadata.json
    for name in (stated.get("license_expression"), stated.get("license")):
        if isinstance(name, str) and name and "\n" not in name and name != "UNKNOWN":
            return name
    kinds = [each.rpartition(" :: ")[2] for each in stated.get("classifier", ()) if each.startswith("License :: ")]
    return ", ".join(kinds) or "see the text"
