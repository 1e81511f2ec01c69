"""What the frames of one source meet on their way through a plan."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from vedette.running.executor import ALL
from vedette.running.segment import Stage
from vedette.types.graph import Workflow
from vedette.types.plan import Deployment


@dataclass(frozen=True, slots=True)
class Course:
    """What the frames of one source meet: their stages, who reads each output, and the answers.

    ``devices`` lists where each output is read. ``tracks`` is the step whose call makes a frame
    an analysed one; without it every frame is. ``kept`` outputs are there to the end for somebody
    who watches.
    """

    source: str
    device: str
    stages: tuple[Stage, ...]
    devices: Mapping[str, tuple[str, ...]]
    sinks: tuple[str, ...]
    tracks: str | None
    kept: frozenset[str] = frozenset()

    def needed_after(self, stage: Stage) -> frozenset[str]:
        """What later stages and the sink read, when the stages run in order."""
        later = self.stages[self.stages.index(stage) + 1 :]
        return self.kept.union(self.sinks, *(each.inputs for each in later))

    def inputs(self, stage: Stage) -> list[str]:
        """What a stage reads of this source's frames."""
        return [name for name in stage.inputs if name in self.devices]

    def owner(self, stage: Stage, stream: str) -> str:
        return ALL if stage.shared else stream


def course(
    plan: Deployment, stages: tuple[Stage, ...], source: str, *, is_watched: bool = False
) -> Course:
    """The stages of a source, those that it shares with other sources last."""
    mine = [stage for stage in stages if source in stage.sources]
    met = tuple(sorted(mine, key=lambda stage: stage.shared))
    names = [source, *(step.name for stage in met for step in stage.steps)]
    sinks = tuple(step.name for step in plan.workflow.sinks() if step.name in names)
    devices = {name: tuple(_read_at(plan, met, name, sinks)) for name in names}
    tracks = plan.workflow.events.tracks
    tracked = tracks if tracks in names else None
    kept = {source, tracked or source} if is_watched else ()
    return Course(source, plan.placement[source], met, devices, sinks, tracked, frozenset(kept))


def sources_of_streams(workflow: Workflow) -> dict[str, str]:
    return {stream.name: source for source, stream in workflow.streams()}


def _read_at(
    plan: Deployment, stages: tuple[Stage, ...], name: str, sinks: tuple[str, ...]
) -> Iterator[str]:
    seen = {stage.device: None for stage in stages if name in stage.inputs}
    if name in sinks:
        seen[plan.placement[name]] = None
    yield from seen
