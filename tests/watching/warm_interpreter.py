"""Scripts in processes of their own that find torch imported, which takes longer than all that they do.

One interpreter imports torch and what watches, and forks for each script. The fork runs it as a main program and ends
as any interpreter does, with all that is registered for its end. Where there is no fork, each script has a new one.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

CAN_FORK = hasattr(os, "fork")
SERVER = """
import json, os, sys
import torch._dynamo, torch.distributed
import gradviz.watching.watch

for line in iter(sys.stdin.readline, ""):
    task = json.loads(line)
    child = os.fork()
    if not child:
        break
    print(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]), flush=True)
else:
    sys.exit()
os.chdir(task["folder"])
for stream, name in enumerate((os.devnull, task["out"], task["err"])):
    os.dup2(os.open(name, os.O_RDWR | os.O_CREAT, 0o600), stream)
exec(compile(task["script"], "script", "exec"), {"__name__": "__main__"})
"""


class WarmInterpreter:
    """Runs scripts, one at a time; it is started for the first. `close` it in the end."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._process: subprocess.Popen[str] | None = None

    def run(self, script: str, folder: Path) -> subprocess.CompletedProcess[str]:
        """Run `script` in `folder` and return what came of it."""
        if not CAN_FORK:
            command = [sys.executable, "-c", script]
            return subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
        if self._process is None:
            environment = os.environ | {"OMP_NUM_THREADS": "1"}
            self._process = subprocess.Popen(
                [sys.executable, "-c", SERVER],
                stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=environment,
            )  # fmt: skip
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        out, err = self._folder / "out", self._folder / "err"
        for stream in (out, err):
            stream.write_text("")
        task = {"script": script, "folder": str(folder), "out": str(out), "err": str(err)}
        self._process.stdin.write(json.dumps(task) + "\n")
        self._process.stdin.flush()
        status = int(self._process.stdout.readline())
        return subprocess.CompletedProcess("script", status, out.read_text(), err.read_text())

    def close(self) -> None:
        if self._process is not None:
            self._process.communicate()
