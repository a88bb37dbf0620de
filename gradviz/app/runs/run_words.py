"""What a list says of one run, in words."""

from __future__ import annotations

import math
from datetime import datetime

from gradviz.app.session.run_names import name_of
from gradviz.recording.runs.run_list import Listed
from gradviz.recording.score import score_of
from gradviz.recording.store import RunInfo

ENDINGS = {
    "recording": "recording",
    "finished": "finished",
    "stopped": "stopped",
    "diverged": "diverged",
    "failed": "failed",
    "interrupted": "interrupted",
}
UNREADABLE = "cannot be read"


def change_of(listed: Listed) -> str:
    """Say how the run differs from the one before it, or what is wrong with its file."""
    if listed.info is None:
        # the row says already which file it is
        return listed.trouble.removeprefix(f"{listed.path}: ")
    if listed.info.experiment is None:
        return "a watched network"
    return listed.change or "the first experiment"


def status_of(listed: Listed) -> str:
    """Say how the run stands and at which step."""
    info = listed.info
    if info is None:
        return UNREADABLE
    latest = max(info.frames - 1, 0)
    if info.ending == "finished":
        return f"finished{' at chance' * info.at_chance}, {latest:,} steps"
    return f"{ENDINGS[info.ending]} at step {latest:,}"


def sign_of(listed: Listed) -> str:
    """Return what the sign of the run says: its ending, but no success of one that knows no more than a guess."""
    info = listed.info
    if info is None:
        return "unreadable"
    return "at chance" if info.ending == "finished" and info.at_chance else info.ending


def outcome_of(info: RunInfo | None) -> str:
    """Return the accuracy reached, else the loss; empty where neither is known."""
    if info is None:
        return ""
    if info.accuracy is not None and math.isfinite(info.accuracy):
        return score_of(info.experiment).short(info.accuracy)
    return f"loss {info.loss:.3g}" if info.loss is not None and math.isfinite(info.loss) else ""


def _outcome_in_full(info: RunInfo, outcome: str) -> str:
    if info.accuracy is None or not math.isfinite(info.accuracy):
        return f"Last {outcome}"
    score = score_of(info.experiment)
    return f"Validation {score.name}: {score.text(info.accuracy)}"


def when(began: float, now: datetime) -> str:
    """Say when a run began: the time today, the day this year, else the date."""
    moment = datetime.fromtimestamp(began)
    if moment.date() == now.date():
        return f"{moment:%H:%M}"
    if moment.year == now.year:
        return f"{moment.day} {moment:%b, %H:%M}"
    return f"{moment.day} {moment:%b %Y}"


def size_in_words(size: int) -> str:
    """Write a number of bytes with three figures."""
    value, unit = float(size), "bytes"
    for unit in ("bytes", "kB", "MB", "GB"):
        if value < 1000 or unit == "GB":
            break
        value /= 1000
    return f"{value:.0f} {unit}" if unit == "bytes" else f"{value:.3g} {unit}"


def in_full(listed: Listed) -> str:
    """Say everything about a run, one thing a line."""
    info, began = listed.info, datetime.fromtimestamp(listed.began)
    lines = [name_of(listed), f"{status_of(listed)[:1].upper()}{status_of(listed)[1:]}"]
    if info is None:
        lines.append(listed.trouble)
    else:
        if info.why:
            lines[-1] += f" ({info.why})"
        lines[-1] += f"; {info.frames:,} steps recorded"
        lines.append(f"Compared with the run before it: {change_of(listed)}")
        if outcome := outcome_of(info):
            lines.append(_outcome_in_full(info, outcome))
        if info.note:
            lines.append(f"Note: {info.note}")
        lines.append(f"{size_in_words(info.size)} on disk")
    lines += [f"Begun on {began.day} {began:%B %Y at %H:%M:%S}", str(listed.path)]
    return "\n".join(lines)


def in_a_sentence(listed: Listed, now: datetime) -> str:
    """Say what the row shows, for assistive technology."""
    parts = [name_of(listed), status_of(listed), change_of(listed), outcome_of(listed.info), when(listed.began, now)]
    return ", ".join(part for part in parts if part)


def matches(listed: Listed, text: str) -> bool:
    """Whether every word of `text` occurs in name, file, status, change, note or date of the run."""
    note = listed.info.note if listed.info is not None else ""
    began = datetime.fromtimestamp(listed.began)
    parts = (
        name_of(listed),
        listed.path.name,
        status_of(listed),
        change_of(listed),
        note,
        f"{began:%d %B %Y %Y-%m-%d}",
    )
    said = "\n".join(parts).casefold()
    return all(word in said for word in text.casefold().split())
