"""The entry point of the frozen program."""

import multiprocessing
import os
import sys

# first: torch may start processes of this program
multiprocessing.freeze_support()

# the bundle's libraries are loaded by now; a browser that Qt starts must get the system's
for _name in ("LD_LIBRARY_PATH", "DYLD_LIBRARY_PATH"):
    _before = os.environ.pop(_name + "_ORIG", None)
    if _before is not None:
        os.environ[_name] = _before
    else:
        os.environ.pop(_name, None)

from gradviz.cli import main  # noqa: E402

sys.exit(main())
