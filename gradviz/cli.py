"""The command line: parses, and imports a command only when it is called."""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from gradviz import __version__
from gradviz.cli_parser import (
    BAD_ARGUMENTS,
    PLOTS,
    OneLineParser,
    add_recipe,
    command_parser,
    plot_name,
    recipe,
    whole_number,
)
from gradviz.cli_recorded import check_command, export_command, info_command, report_command
from gradviz.cli_sweep import sweep_command
from gradviz.errors import GradvizError
from gradviz_desktop import namesake

if TYPE_CHECKING:
    from gradviz.commands.outputs import Outputs

INTERRUPTED = 130
RECORDED = ".gradviz"
OTHER_COMMANDS = """\
other commands, each with --help:
  gradviz run       train without a window; record the run, write pictures and numbers
  gradviz info      describe a recorded run and its state
  gradviz export    write pictures, numbers and event files of a recorded run
  gradviz report    write a page about one or several recorded runs: verdict, pictures, numbers
  gradviz check     pass or fail a recorded run, for continuous integration
  gradviz sweep     train a whole map of experiments on all cores
  gradviz presets   list the presets
  gradviz lessons   list the lessons; check one of your own
  gradviz fields    list every field of an experiment, for --set and for files
  gradviz data      say how a data file of your own is understood
  gradviz bench     measure what measuring costs on this machine
  gradviz claims    measure again every claim gradviz makes about deep networks
  gradviz selftest  check the installation: build the window, train, export, read back
"""


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command and return its exit status.

    0 success, 1 internal error or a check that failed, 2 usage or input error, 130 interrupted.
    """
    _provide_streams()
    arguments = list(sys.argv[1:] if argv is None else argv)
    if other := namesake():
        sys.stderr.write(f"gradviz: {other}\n")
    try:
        command = COMMANDS.get(arguments[0]) if arguments else None
        status = command(arguments[1:]) if command is not None else _open(arguments)
        sys.stdout.flush()
    except SystemExit as end:
        return end.code if isinstance(end.code, int) else 0
    except GradvizError as error:
        sys.stderr.write(f"gradviz: {_in_one_line(str(error))}\n")
        return BAD_ARGUMENTS
    except ImportError as error:
        return _missing_library(error)
    except KeyboardInterrupt:
        return INTERRUPTED
    except BrokenPipeError:
        # the reader of the output is gone (as with `| head`); the interpreter must not flush into it at exit
        os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
        return 0
    return status


def _missing_library(error: ImportError) -> int:
    """Report the system library that an import failed for, and how to get it; raise any other error again."""
    from gradviz.system_libraries import in_one_line, lacking_by

    lacking = lacking_by(error)
    if not lacking:
        raise error
    sys.stderr.write(f"gradviz: {in_one_line(lacking)}\n")
    return BAD_ARGUMENTS


def _provide_streams() -> None:
    """Discard output where a windowed bundle has no standard streams."""
    for name in ("stdout", "stderr"):
        if getattr(sys, name) is None:
            setattr(sys, name, open(os.devnull, "w", encoding="utf-8"))  # noqa: PTH123, SIM115


def _in_one_line(message: str) -> str:
    return message.replace(":\n", ": ").replace("\n", "; ")


def _open(arguments: list[str]) -> int:
    parser = OneLineParser(
        prog="gradviz",
        description="See why deep networks stop learning: live gradient heatmaps of a network you configure.",
        epilog=OTHER_COMMANDS,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,
    )
    add_recipe(parser, "an experiment (TOML or JSON) or a recorded run (.gradviz)")
    parser.add_argument("--start", action="store_true", help="start training at once")
    parser.add_argument(
        "--follow",
        metavar="FILE",
        help="show a run while a script records it, here or, as user@host:path, on a machine that ssh reaches; waits "
        "for the file",
    )
    parser.add_argument("--lesson", metavar="NAME", help="open a lesson (see gradviz lessons), or one in a file")
    parser.add_argument("--version", action="version", version=f"gradviz {__version__}")
    options = parser.parse_args(arguments)
    if options.follow is not None and options.start:
        parser.error("--follow cannot be combined with --start: it shows a run that trains elsewhere")
    from pathlib import Path

    recorded = None
    if options.file is not None and options.file.lower().endswith(RECORDED):
        if options.start or options.set or options.follow or options.preset or options.code:
            parser.error(f"{options.file} is a recorded run; it cannot be combined with other options")
        recorded, options.file = Path(options.file), None
    experiment = recipe(options)
    from gradviz.commands.open import open_program

    return open_program(
        experiment, start=options.start, follow=options.follow, recorded=recorded, lesson=options.lesson
    )


def _run(arguments: list[str]) -> int:
    parser = command_parser(
        "run", "Train without a window; write pictures and numbers. Ctrl-C ends the run and keeps its results."
    )
    add_recipe(parser)
    parser.add_argument("--steps", metavar="N", help="training steps, like --set steps=N")
    parser.add_argument("--device", metavar="D", help="auto, cpu, cuda, cuda:N or mps, like --set device=D")
    parser.add_argument(
        "--export", action="append", default=[], metavar="FILE", help="write a picture: .png, .svg or .pdf; repeatable"
    )
    parser.add_argument(
        "--plot", type=plot_name, choices=PLOTS, default="heatmap", help="what the picture shows (default: heatmap)"
    )
    parser.add_argument("--probe", metavar="NAME", help="the quantity in the picture (default: weight_grad_norm)")
    parser.add_argument("--data", metavar="FILE", help="write the numbers: .csv, .npz or .parquet")
    parser.add_argument("--out", metavar="FILE", help="record the run while it trains: .gradviz")
    parser.add_argument(
        "--resume",
        "--continue",
        dest="resumed",
        metavar="FILE",
        help="resume a recorded run from its latest checkpoint, and record it there; --steps N for another last step",
    )
    parser.add_argument("--json", action="store_true", help="print one line of JSON at the end")
    parser.add_argument(
        "--model",
        metavar="FILE",
        help="train the network that build_model() in this Python file returns, on what data() returns if it has that; "
        "this executes the code in it",
    )
    options = parser.parse_args(arguments)
    if options.model is not None and options.resumed is not None:
        parser.error("--model cannot be combined with --resume: what the file defines may have changed")
    if options.resumed is not None:
        return _resume(parser, options)
    options.set += [f"{name}={value}" for name in ("steps", "device") if (value := getattr(options, name)) is not None]
    experiment = recipe(options)
    from dataclasses import replace
    from pathlib import Path

    from gradviz.commands.run import run
    from gradviz.experiment import Experiment

    outputs = replace(_outputs(options), recording=Path(options.out) if options.out is not None else None)
    if options.model is not None:
        from gradviz.commands.run_model import run_model

        return run_model(Path(options.model), experiment or Experiment(), outputs, as_json=options.json)
    return run(experiment or Experiment(), outputs, as_json=options.json)


def _resume(parser: OneLineParser, options: argparse.Namespace) -> int:
    for name in ("file", "preset", "code", "set", "device", "out"):
        if getattr(options, name):
            parser.error("--resume takes the experiment from the run; of its fields only --steps can be given")
    from pathlib import Path

    from gradviz.commands.run import run
    from gradviz.recording.runs.resuming import experiment_to_resume

    path = Path(options.resumed)
    experiment = experiment_to_resume(path, whole_number(parser, "--steps", options.steps))
    return run(experiment, _outputs(options), as_json=options.json, resumed=path)


def _outputs(options: argparse.Namespace) -> Outputs:
    from pathlib import Path

    from gradviz.commands.outputs import Outputs

    return Outputs(
        pictures=tuple(Path(name) for name in options.export),
        table=Path(options.data) if options.data is not None else None,
        plot=options.plot,
        probe=options.probe,
    )


def _presets(arguments: list[str]) -> int:
    command_parser("presets", "List the presets: experiments that come with gradviz.").parse_args(arguments)
    from gradviz.commands.presets import list_presets

    return list_presets()


def _lessons(arguments: list[str]) -> int:
    parser = command_parser("lessons", "List the lessons, or check lessons of your own before a class opens them.")
    parser.add_argument("lessons", nargs="*", metavar="LESSON", help="name, file or folder; with --check or --play")
    parser.add_argument("--check", action="store_true", help="say where a lesson is wrong: file, line, what to do")
    parser.add_argument("--play", action="store_true", help="train its runs as well, and make its checks")
    parser.add_argument("--sheet", metavar="FILE", help="play the one lesson, and write it as a page to print (.html)")
    options = parser.parse_args(arguments)
    from gradviz.commands.lessons import check_lessons, list_lessons, write_sheet

    if options.sheet is not None:
        if len(options.lessons) != 1:
            parser.error("--sheet is of one lesson: gradviz lessons NAME --sheet FILE.html")
        from pathlib import Path

        return write_sheet(options.lessons[0], Path(options.sheet))
    if options.check or options.play:
        return check_lessons(options.lessons, play=options.play)
    if options.lessons:
        parser.error("a lesson is named with --check or --play; `gradviz --lesson NAME` opens one")
    return list_lessons()


def _fields(arguments: list[str]) -> int:
    command_parser("fields", "List every field of an experiment: default, unit, range, meaning.").parse_args(arguments)
    from gradviz.commands.fields import list_fields

    return list_fields()


def _data(arguments: list[str]) -> int:
    parser = command_parser(
        "data", "Say how a data file of your own is understood: columns, label, classes, what is left out."
    )
    parser.add_argument("file", metavar="FILE", help="a table, arrays (NPZ), or pictures as MNIST and CIFAR come")
    parser.add_argument("--json", action="store_true", help="as JSON")
    parser.add_argument(
        "--set",
        action="append",
        default=[],
        metavar="KEY=VALUE",
        help="label_column, leave_out, missing, or loss=mse to predict a number",
    )
    options = parser.parse_args(arguments)
    from gradviz.commands.data import describe_data
    from gradviz.experiment import Experiment, with_settings

    experiment = with_settings(Experiment(data="file", data_file=options.file), options.set)
    return describe_data(experiment.data, regression=experiment.regression, as_json=options.json)


def _selftest(arguments: list[str]) -> int:
    parser = command_parser("selftest", "Build the window, train, export and read back; print `selftest ok`.")
    parser.add_argument("--on-screen", action="store_true", help="use the display instead of offscreen")
    parser.add_argument("--screenshot", metavar="FILE", help="write a picture of the window after training: .png")
    parser.add_argument(
        "--until-painted", action="store_true", help="only open the window, print `painted` and close it"
    )
    options = parser.parse_args(arguments)
    if options.on_screen:
        from gradviz.commands.display import require_display

        require_display(os.environ)
    else:
        # needs no display and does not touch one
        os.environ["QT_QPA_PLATFORM"] = "offscreen"
    if options.until_painted:
        from gradviz.commands.first_paint import first_paint

        return first_paint()
    from pathlib import Path

    from gradviz.commands.selftest import selftest

    return selftest(Path(options.screenshot) if options.screenshot is not None else None)


def _bench(arguments: list[str]) -> int:
    parser = command_parser(
        "bench", "Compare the measured training step with an ordinary one that measures nothing, on this machine."
    )
    parser.add_argument("--quick", action="store_true", help="fewer repetitions")
    parser.add_argument("--watch", action="store_true", help="measure gradviz.watch and other tools instead")
    options = parser.parse_args(arguments)
    if options.watch:
        from gradviz.commands.bench_watch import bench_watch

        return bench_watch(quick=options.quick)
    from gradviz.commands.bench import bench

    return bench(quick=options.quick)


def _claims(arguments: list[str]) -> int:
    parser = command_parser("claims", "Measure again, on this machine, every claim gradviz makes about deep networks.")
    parser.add_argument("names", nargs="*", metavar="CLAIM", help="C1, C2, ... (default: all)")
    parser.add_argument("--json", action="store_true", help="print one line of JSON per claim")
    options = parser.parse_args(arguments)
    from gradviz.commands.claims import claims

    return claims(options.names, as_json=options.json)


COMMANDS: dict[str, Callable[[list[str]], int]] = {
    "run": _run,
    "info": info_command,
    "export": export_command,
    "report": report_command,
    "check": check_command,
    "sweep": sweep_command,
    "presets": _presets,
    "lessons": _lessons,
    "fields": _fields,
    "data": _data,
    "bench": _bench,
    "claims": _claims,
    "selftest": _selftest,
}
