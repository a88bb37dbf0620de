"""`gradviz sweep`: its arguments. The command is imported only when it is called."""

from __future__ import annotations

from gradviz.cli_parser import add_recipe, command_parser, recipe, whole_number

DEFAULT_FILE = "sweep.gradviz"


def sweep_command(arguments: list[str]) -> int:
    """Run `gradviz sweep` and return its exit status."""
    parser = command_parser(
        "sweep",
        "Train a map of experiments: every combination of the values of one or two fields. Ctrl-C keeps what is there; "
        "--resume goes on with the rest.",
    )
    add_recipe(parser)
    parser.add_argument(
        "--x",
        metavar="FIELD=VALUES",
        default="",
        help="from:to:count, log:from:to:count, or values with commas between",
    )
    parser.add_argument("--y", metavar="FIELD=VALUES", default="", help="a second field, in the same way")
    parser.add_argument("--seeds", metavar="N", help="train each cell with N seeds (default: 1)")
    parser.add_argument("--workers", metavar="N", help="processes at work (default: one for each core)")
    parser.add_argument("--dask", metavar="URL", default="", help="train on the workers of this Dask scheduler instead")
    parser.add_argument("--out", metavar="FILE", default=DEFAULT_FILE, help=f"the sweep (default: {DEFAULT_FILE})")
    parser.add_argument("--resume", action="store_true", help="train only the cells that --out has no outcome of")
    parser.add_argument(
        "--export", action="append", default=[], metavar="FILE", help="write the outcomes: .csv, .npz or .parquet"
    )
    parser.add_argument("--json", action="store_true", help="print one line of JSON at the end")
    options = parser.parse_args(arguments)
    seeds = whole_number(parser, "--seeds", options.seeds)
    workers = whole_number(parser, "--workers", options.workers)
    if workers is not None and not 1 <= workers <= 1024:
        parser.error(f"--workers: {workers} is not allowed; allowed: a whole number from 1 to 1024")
    if not options.x and not options.resume:
        parser.error("name what to sweep: --x FIELD=from:to:count, and --y for a second field")
    if options.dask and workers is not None:
        parser.error("--workers counts processes here; with --dask the cluster's own workers train")
    if options.y and not options.x:
        parser.error("--y needs --x")
    from pathlib import Path

    from gradviz.commands.sweep import sweep
    from gradviz.experiment import Experiment
    from gradviz.experiment.grid import grid_of

    grid = grid_of(recipe(options) or Experiment(), options.x, options.y, seeds or 1) if options.x else None
    exports = [Path(name) for name in options.export]
    return sweep(
        grid,
        Path(options.out),
        resume=options.resume,
        workers=workers or 0,
        dask=options.dask,
        exports=exports,
        as_json=options.json,
    )
