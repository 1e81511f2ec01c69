"""Answers on their way to the sink, and the commits that they make together."""

import threading
from collections.abc import Mapping
from dataclasses import dataclass, field

from vedette.planning.placement import ends
from vedette.running.executor import ALL, Progress, Sink
from vedette.running.groups import Group, groups
from vedette.types.commit import Commit, SavedState
from vedette.types.events import Event
from vedette.types.media import Bundle, Checkpoint
from vedette.types.plan import Deployment

Pairs = list[tuple[str, Event]]


@dataclass(slots=True)
class Cut:
    """The commits of a group's streams at one time, with the states that they share there."""

    commits: list[Commit] = field(default_factory=list)
    shared: dict[str, SavedState] = field(default_factory=dict)

    def has(self, checkpoint: Checkpoint) -> bool:
        return any(each.checkpoint.time_s == checkpoint.time_s for each in self.commits)

    def whole(self) -> list[Commit]:
        if not self.shared:
            return self.commits
        time_s = self.commits[0].checkpoint.time_s
        return [
            *self.commits,
            Commit(Checkpoint(ALL, 0, time_s), states=dict(sorted(self.shared.items()))),
        ]


class Delivery:
    """Collects answers and commits them when a checkpoint has passed all the steps before it.

    Frames and checkpoints of a stream come in order; where streams share steps, those of their
    group do. Then the group's checkpoints of one cut are one commit, with the shared states.
    """

    def __init__(self, plan: Deployment, sink: Sink, progress: Progress | None = None) -> None:
        self._sink, self._progress = sink, progress
        self._groups = groups(plan.workflow)
        self._cuts = {group: Cut() for group in self._groups.values()}
        self._lock = threading.Lock()
        self._events: dict[str, Pairs] = {}
        self._evidence: dict[str, Pairs] = {}
        self.events = 0
        end = ends(plan.workflow, plan.cluster)
        sinks = plan.workflow.sinks()
        self.answers = {s.name for s in sinks if plan.placement[s.name] == end.deliver}
        self._declared = {step.name: step.declared for step in sinks}

    def frame(self, stream: str, frame: int, bundles: Mapping[str, Bundle]) -> None:
        """Everything that one frame led to at the workflow's sinks."""
        with self._lock:
            self._flush(self._groups[stream])
            for name, step in self._declared.items():
                if name not in bundles:
                    continue
                bundle = bundles[name]
                found = [(step, item) for _, item in bundle.items if isinstance(item, Event)]
                if name in self.answers:
                    self._sink.deliver(step, bundle)
                    self._events.setdefault(stream, []).extend(found)
                else:
                    self._evidence.setdefault(stream, []).extend(found)
            if self._progress:
                self._progress(stream, frame)

    def passed(
        self,
        checkpoint: Checkpoint,
        states: Mapping[str, SavedState],
        shared: Mapping[str, SavedState],
    ) -> None:
        """A checkpoint with the states of the stream's steps and of the shared ones there."""
        stream = checkpoint.stream
        group = self._groups[stream]
        with self._lock:
            if not self._cuts[group].has(checkpoint):
                self._flush(group)
            events = tuple(self._events.pop(stream, ()))
            evidence = tuple(self._evidence.pop(stream, ()))
            self._cuts[group].commits.append(Commit(checkpoint, events, evidence, states))
            self._cuts[group].shared.update(shared)
            if len(group) == 1:
                self._flush(group)

    def close(self) -> None:
        """All sources have ended: commit the last cuts. (One that is cut short is incomplete.)"""
        with self._lock:
            for group in self._cuts:
                self._flush(group)

    def _flush(self, group: Group) -> None:
        cut = self._cuts[group]
        if not cut.commits:
            return
        self._cuts[group] = Cut()
        self._sink.commit(cut.whole())
        self.events += sum(len(commit.events) for commit in cut.commits)
