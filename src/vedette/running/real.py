"""Work that is really done: operators made from their settings, called and timed."""

import time
from collections.abc import Callable, Container, Mapping, Sequence
from functools import cache, partial
from typing import Any

from vedette.declaring.operator import Signatures
from vedette.running.executor import ALL
from vedette.running.reference import Yardstick
from vedette.running.sound import ensure_sound
from vedette.running.state import pack, unpack
from vedette.running.stepping import Each, ready, wire
from vedette.running.work import (
    Done,
    Models,
    Operators,
    StepFailed,
    is_free,
    packed_size,
    signatures_of,
)
from vedette.types.commit import SavedState
from vedette.types.events import Incident
from vedette.types.graph import Step
from vedette.types.media import Bundle
from vedette.types.plan import Deployment


class RealWork:
    """Calls the operators: a function as it is, a class as one instance a stream.

    A stateful step that several sources reach has one instance for all streams. ``clock`` gives
    CPU seconds; with ``reference`` they are normalised (see :class:`Yardstick`). ``each`` may
    work on several items of a stateless step at once. Steps that ``only`` leaves out are done
    elsewhere: nothing is made or loaded for them.
    """

    def __init__(
        self,
        plan: Deployment,
        operators: Operators,
        models: Models,
        *,
        reference: Callable[[], None] | None = None,
        clock: Callable[[], float] = time.process_time,
        each: Each = map,
        only: Container[str] | None = None,
    ) -> None:
        ensure_sound(plan, Signatures(operators))
        self._plan, self._clock, self._each = plan, clock, each
        self._yardstick = Yardstick(reference, clock)
        self._wiring = wire(plan.workflow, signatures_of(plan, operators))
        self._free = {step.name: is_free(plan, step) for step in plan.workflow.steps}
        self._calls: dict[tuple[str, str], Callable[..., Any]] = {}
        self._instances: dict[tuple[str, str], Any] = {}
        self._backends: dict[str, dict[str, Any]] = {}
        once = cache(models)  # what steps share in a run
        for step in plan.workflow.steps:
            if only is not None and step.name not in only:
                continue
            self._fill(step, operators[step.operator], once)

    def do(self, step: Step, inputs: Mapping[str, Bundle]) -> Done:
        prepared = ready(self._wiring[step.name], inputs)
        if not prepared.calls:  # nor is the clock asked, which costs more than all else here
            return Done(prepared.bundle(), 0, 0.0, 0.0)
        stream, frame = prepared.bundles[0].stream, prepared.bundles[0].frame
        call = self._calls.get((step.name, stream)) or self._calls[step.name, ALL]
        each = map if prepared.wiring.signature.stateful else self._each
        start = self._clock()
        try:
            bundle = prepared.bundle(list(each(lambda given: call(*given[1]), prepared.calls)))
        except Exception as error:
            raise StepFailed(step.name, stream, frame) from error
        cpu_s = self._yardstick.normal_s(self._clock() - start)
        charged_s = 0.0 if self._free[step.name] else cpu_s
        return Done(bundle, len(prepared.calls), charged_s, packed_size(bundle))

    def save(self, step: Step, stream: str) -> SavedState:
        instance = self._instance(step, stream)
        if hasattr(instance, "checkpoint"):
            instance.checkpoint()
        return pack(getattr(instance, "state", None))

    def load(self, step: Step, stream: str, state: SavedState) -> None:
        instance = self._instance(step, stream)
        if hasattr(instance, "state"):
            instance.state = unpack(state, instance.state)
        self._begin(instance, step)

    def incidents(self) -> Sequence[Incident]:
        """What befell the models."""
        models = {id(m): m for each in self._backends.values() for m in each.values()}
        known = [model for model in models.values() if hasattr(model, "incidents")]
        return [incident for model in known for incident in model.incidents()]

    def _begin(self, instance: Any, step: Step) -> None:
        """Tell an operator that wants to know its models before the first frame, and its state."""
        if hasattr(instance, "begin"):
            instance.begin(**self._backends[step.name])

    def _instance(self, step: Step, stream: str) -> Any:
        alone = self._instances.get((step.name, stream))
        return self._instances.get((step.name, ALL)) if alone is None else alone

    def _fill(self, step: Step, operator: Callable[..., Any], models: Models) -> None:
        """Give a step its settings and models, and where it has state an instance a stream."""
        named = self._wiring[step.name].signature
        backends = {name: models(str(step.settings[name])) for name in named.models}
        self._backends[step.name] = backends
        settings = {k: v for k, v in step.settings.items() if k not in named.models}
        if not named.stateful:
            self._calls[step.name, ALL] = partial(operator, **settings, **backends)
            return
        for stream in self._owners(step):
            instance = operator(**settings)
            self._instances[step.name, stream] = instance
            self._begin(instance, step)
            self._calls[step.name, stream] = partial(instance, **backends)

    def _owners(self, step: Step) -> list[str]:
        sources = self._plan.workflow.sources_of(step.name)
        if len(sources) > 1:
            return [ALL]
        streams = self._plan.workflow.streams()
        return [stream.name for source, stream in streams if source in sources]
