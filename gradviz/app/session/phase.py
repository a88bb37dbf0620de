"""Where a run stands."""

from __future__ import annotations

from enum import Enum

from gradviz.recording.frame import Ending


class Phase(Enum):
    """Where a run stands; the value is what the person reads."""

    IDLE = "ready"
    STARTING = "starting"
    WAITING = "waiting for"
    RUNNING = "training"
    FOLLOWING = "following"
    PAUSED = "paused"
    STOPPING = "stopping"
    FINISHED = "finished"
    STOPPED = "stopped"
    DIVERGED = "diverged"
    FAILED = "failed"
    INTERRUPTED = "interrupted"
    LEFT = "no longer followed"

    @property
    def busy(self) -> bool:
        """Whether a worker thread is alive."""
        return self in (Phase.STARTING, Phase.RUNNING, Phase.PAUSED, Phase.STOPPING) or self.follows

    @property
    def follows(self) -> bool:
        """Whether another process trains the run, which can be watched but not controlled."""
        return self in (Phase.WAITING, Phase.FOLLOWING)

    @property
    def steerable(self) -> bool:
        """Whether the run can be paused, resumed and stepped."""
        return self in (Phase.STARTING, Phase.RUNNING, Phase.PAUSED)


PHASE_OF: dict[Ending, Phase] = {
    "finished": Phase.FINISHED,
    "stopped": Phase.STOPPED,
    "diverged": Phase.DIVERGED,
    "failed": Phase.FAILED,
    "interrupted": Phase.INTERRUPTED,
}
# what is said of a followed run that has ended
END_OF_FOLLOWING = {
    Phase.FINISHED: "the script has ended",
    Phase.STOPPED: "the script has stopped the run",
    Phase.DIVERGED: "the script's loss is no longer finite",
    Phase.FAILED: "the script failed",
    Phase.INTERRUPTED: "the script was killed; what it recorded until then is shown",
    Phase.LEFT: "no longer followed; the script continues",
}
