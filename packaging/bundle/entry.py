"""Where the frozen program begins."""

import multiprocessing
import os
import sys

# first of all: torch may start processes of this same program
multiprocessing.freeze_support()

# the bundle's own libraries are found by now; a browser or a mailer that Qt starts must get the system's
for _name in ("LD_LIBRARY_PATH", "DYLD_LIBRARY_PATH"):
    _before = os.environ.pop(_name + "_ORIG", None)
    if _before is not None:
        os.environ[_name] = _before
    else:
        os.environ.pop(_name, None)

from gradviz.cli import main  # noqa: E402

sys.exit(main())
