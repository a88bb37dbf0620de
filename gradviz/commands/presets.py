"""`gradviz presets`: lists the presets."""

from __future__ import annotations

import re
import shutil
import textwrap

from gradviz.experiment import load_preset, preset_names

_END_OF_SENTENCE = re.compile(r"(?<=[.!?])\s")


def list_presets() -> int:
    """Print name, title and first sentence of the notes of every preset."""
    names = preset_names()
    columns = shutil.get_terminal_size().columns
    indent = max((len(name) for name in names), default=0) + 2
    for name in names:
        experiment = load_preset(name)
        first_sentence = _END_OF_SENTENCE.split(experiment.notes.strip(), maxsplit=1)[0]
        text = f"{name:{indent}}{experiment.title}. {' '.join(first_sentence.split())}"
        print(textwrap.fill(text, columns, subsequent_indent=" " * indent))
    return 0
