"""The commands about recorded runs: their arguments. A command is imported only when it is called."""

from __future__ import annotations

from gradviz.cli_parser import PLOTS, command_parser, plot_name, whole_number


def info_command(arguments: list[str]) -> int:
    """Run `gradviz info` and return its exit status."""
    parser = command_parser("info", "Describe a recorded run and its state.")
    parser.add_argument("file", metavar="FILE", help="a recorded run: .gradviz")
    parser.add_argument("--json", action="store_true", help="print one line of JSON instead")
    options = parser.parse_args(arguments)
    from pathlib import Path

    from gradviz.commands.info import info

    return info(Path(options.file), as_json=options.json)


def export_command(arguments: list[str]) -> int:
    """Run `gradviz export` and return its exit status."""
    parser = command_parser("export", "Write pictures, numbers and event files of a recorded run.")
    parser.add_argument("file", metavar="FILE", help="a recorded run: .gradviz")
    parser.add_argument(
        "--plot", type=plot_name, choices=PLOTS, action="append", default=[],
        help="what the pictures show (default: heatmap); one for all, or one for each --to",
    )  # fmt: skip
    parser.add_argument(
        "--to", action="append", default=[], metavar="FILE",
        help="write a picture: .png, .svg or .pdf, or an animation of the run: .gif or .webp; repeatable",
    )  # fmt: skip
    parser.add_argument("--probe", metavar="NAME", help="the quantity in the picture (default: the first)")
    parser.add_argument("--step", metavar="N", help="the step shown (default: the latest)")
    parser.add_argument("--data", metavar="FILE", help="write the numbers: .csv, .npz or .parquet")
    parser.add_argument("--tensorboard", metavar="DIR", help="write a TensorBoard event file into this folder")
    parser.add_argument("--every", metavar="N", help="write the layers to TensorBoard at every Nth step only")
    parser.add_argument("--json", action="store_true", help="print one line of JSON: files and verdict")
    options = parser.parse_args(arguments)
    from pathlib import Path

    from gradviz.commands.export import Export, export

    plots = options.plot or ["heatmap"]
    if len(plots) == 1:
        plots *= len(options.to)
    if len(plots) != len(options.to):
        parser.error("give one --plot for all pictures, or one for each --to")
    wanted = Export(
        pictures=tuple((plot, Path(name)) for plot, name in zip(plots, options.to, strict=True)),
        probe=options.probe,
        step=whole_number(parser, "--step", options.step),
        table=Path(options.data) if options.data is not None else None,
        events=Path(options.tensorboard) if options.tensorboard is not None else None,
        every=whole_number(parser, "--every", options.every),
    )
    return export(Path(options.file), wanted, as_json=options.json)


def check_command(arguments: list[str]) -> int:
    """Run `gradviz check` and return its exit status."""
    parser = command_parser("check", "Exit with 1, and a line for each finding, if something is wrong with a run.")
    parser.add_argument("file", metavar="FILE", help="a recorded run: .gradviz")
    parser.add_argument(
        "--fail-on", metavar="KIND,...", default="warning",
        help="kinds of findings, or how bad: notice, warning or critical, and worse (default: warning)",
    )  # fmt: skip
    parser.add_argument(
        "--against", metavar="BASE", help="a base run: fail on what it does not have, and on a clearly worse result"
    )
    parser.add_argument(
        "--thresholds", metavar="FILE", help="thresholds of the verdict in a TOML file, one a line: NAME = VALUE"
    )
    parser.add_argument(
        "--threshold", metavar="NAME=VALUE", action="append", default=[],
        help="one threshold, such as vanishing_decades=5; may be given several times",
    )  # fmt: skip
    parser.add_argument("--json", action="store_true", help="print one line of JSON instead")
    options = parser.parse_args(arguments)
    from pathlib import Path

    from gradviz.commands.check import check_run
    from gradviz.diagnosis.thresholds import thresholds_from

    fail_on = [kind.strip() for kind in options.fail_on.split(",") if kind.strip()]
    base = Path(options.against) if options.against is not None else None
    thresholds = thresholds_from(Path(options.thresholds) if options.thresholds else None, options.threshold)
    return check_run(Path(options.file), fail_on, base, thresholds, as_json=options.json)


def report_command(arguments: list[str]) -> int:
    """Parse the arguments of `gradviz report` and run it."""
    parser = command_parser(
        "report", "Write a page about one or several recorded runs: verdict, pictures and numbers in one file."
    )
    parser.add_argument("files", nargs="+", metavar="RUN", help="a recorded run: .gradviz")
    parser.add_argument("--to", required=True, metavar="FILE", help="the page to write: .html")
    options = parser.parse_args(arguments)
    from pathlib import Path

    from gradviz.commands.report import report

    return report([Path(name) for name in options.files], Path(options.to))
