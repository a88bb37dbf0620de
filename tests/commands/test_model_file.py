"""A model file of one's own: what it defines is trained and recorded, and its mistakes are told with their line."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from gradviz.cli import main
from gradviz.commands.model_file import load_model_file, train_model_file
from gradviz.errors import ModelFileError
from gradviz.experiment import Experiment
from gradviz.recording.store import open_run

MODEL = """
from torch import nn
import beside

def build_model():
    return nn.Sequential(nn.Flatten(), nn.Linear(64, beside.WIDTH), nn.ReLU(), nn.Linear(beside.WIDTH, 10))
"""
OWN_DATA = """
import numpy as np
from torch import nn

def build_model():
    return nn.Linear(2, 1)

def data():
    x = np.random.default_rng(0).normal(size=(100, 2)).astype("float32")
    return x, x @ np.array([2.0, -1.0], "float32")
"""


def written(folder: Path, text: str, name: str = "mine.py") -> Path:
    path = folder / name
    path.write_text(text, encoding="utf-8")
    return path


def test_it_is_trained_on_the_data_of_the_recipe_and_recorded(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    written(tmp_path, "WIDTH = 24\n", "beside.py")
    path, out = written(tmp_path, MODEL), tmp_path / "mine.gradviz"
    settings = ["--set=optimizer=adam", "--set=learning_rate=0.01", "--set=evaluate_every=20", "--set=warmup_steps=4"]
    assert main(["run", f"--model={path}", f"--out={out}", "--steps=40", "--json", *settings]) == 0
    said = capsys.readouterr()
    assert "executes the code" in said.err
    summary = json.loads(said.out)
    assert (summary["status"], summary["steps"], summary["files"]) == ("finished", 40, [str(out)])
    with open_run(out) as run:
        history = run.history
        assert history.started.experiment is None
        assert history.started.row_names == ("0", "1", "2", "3")
        assert history.frames == 41
        losses = history.losses()[1]
        assert losses[-1] < losses[0] / 2
        steps, accuracy = history.scalar("validation_accuracy")
        assert steps[np.isfinite(accuracy)].tolist() == [0, 20, 40]
        assert accuracy[0] < 0.4 < 0.7 < accuracy[-1]
        np.testing.assert_allclose(history.learning_rates()[1][:5], [0.0025, 0.005, 0.0075, 0.01, 0.01])


def test_its_own_data_may_be_numbers_to_predict(tmp_path: Path) -> None:
    file = load_model_file(written(tmp_path, OWN_DATA))
    assert file.data is not None
    assert (len(file.data.inputs), len(file.data.test_inputs)) == (80, 20)
    losses = []
    experiment = Experiment(optimizer="adam", learning_rate=0.1, steps=60, batch_size=20, device="cpu")
    train_model_file(file, experiment, None, lambda _step, loss: losses.append(loss) or True)
    assert losses[-1] < losses[0] / 50
    # the weights that made the targets
    np.testing.assert_allclose(file.model.weight.detach().numpy(), [[2.0, -1.0]], atol=0.2)


def test_it_ends_when_it_is_told_to(tmp_path: Path) -> None:
    file = load_model_file(written(tmp_path, OWN_DATA))
    history = train_model_file(file, Experiment(steps=0, device="cpu"), None, lambda step, _loss: step < 5)
    assert history.frames == 6


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("def build_model(:\n    pass\n", "mine.py, line 1: "),
        ("x = 1\n\n1 / 0\n", "mine.py, line 3: ZeroDivisionError: division by zero"),
        ("import sys\nsys.exit(3)\n", "mine.py, line 2: SystemExit: 3"),
        ("import nowhere_at_all\n", "mine.py, line 1: ModuleNotFoundError"),
        ("x = 1\n", "it defines no function build_model"),
        ("def build_model():\n    return 3\n", "returns a int, not a torch.nn.Module"),
        ("def build_model():\n    raise ValueError('too wide')\n", "mine.py, line 2: ValueError: too wide"),
        (OWN_DATA + "    return x\n" + "\ndef data():\n    return 3\n", "data\\(\\) returns a int"),
        (OWN_DATA + "\ndef data():\n    return [[1.0, 2.0]], [1.0, 2.0, 3.0]\n", "inputs and"),
    ],
)
def test_mistakes_are_told_with_their_line(tmp_path: Path, text: str, said: str) -> None:
    with pytest.raises(ModelFileError, match=said):
        load_model_file(written(tmp_path, text))


def test_a_mistake_in_a_pass_is_told_with_its_line(tmp_path: Path) -> None:
    text = (
        "from torch import nn\n\nclass Net(nn.Linear):\n    def forward(self, x):\n        return super().forward(x)\n"
    )
    file = load_model_file(written(tmp_path, text + "\ndef build_model():\n    return Net(3, 10)\n"))
    with pytest.raises(ModelFileError, match=r"mine.py, line 5: RuntimeError: mat1 and mat2"):
        train_model_file(file, Experiment(steps=1, device="cpu"), None, lambda *_: True)


def test_what_it_cannot_be_combined_with(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["run", "--model", str(tmp_path / "nowhere.py"), "--steps=1"]) == 2
    assert "cannot read" in capsys.readouterr().err
    assert main(["run", "--model", "mine.py", "--resume", "some.gradviz"]) == 2
    # what is opened by a double click, or named as an experiment, is never executed
    assert main([str(written(tmp_path, "raise SystemExit('executed')\n"))]) == 2
    assert "executed" not in capsys.readouterr().err
