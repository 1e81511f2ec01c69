"""Building a workflow in Python, step by step; its YAML file gives an equal one.

>>> flow = workflow("amber", signatures={})
>>> street = flow.source("street", camera1="camera1.mp4", camera2="camera2.mp4")
>>> sampled = flow.step("sample", "sample", street, rate_fps=choose("source", 12, 8))
>>> flow.step("detect", "detect", sampled, confidence=0.3)
'detect'
>>> [step.name for step in flow.build().steps]
['sample', 'detect']
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from vedette.declaring.building import own_pace
from vedette.declaring.models import own_model
from vedette.declaring.opening import Choose, choose, declared_step
from vedette.declaring.operator import operator_name
from vedette.declaring.operator import signatures as registered
from vedette.types.graph import (
    EventRule,
    Objective,
    Scalar,
    Source,
    Step,
    Stream,
    Transport,
    Workflow,
)
from vedette.types.models import OwnModel
from vedette.types.operators import Signature

__all__ = ["WorkflowBuilder", "choose", "workflow"]

Given = Scalar | Sequence[Any] | Mapping[str, Any] | Choose | None
"""A setting as Python has it: lists and dicts of anything that YAML could hold."""
When = Mapping[str, Scalar | Sequence[Scalar]]


def workflow(
    name: str,
    *,
    signatures: Mapping[str, Signature] | None = None,
    variants: Iterable[str] = (),
) -> "WorkflowBuilder":
    """Begin a workflow. ``signatures`` are by default those of every registered operator.

    ``variants``, the most accurate first, are what a model that nobody names may be.
    """
    return WorkflowBuilder(name, signatures, tuple(variants))


class WorkflowBuilder:
    """Collects sources and steps; ``build`` makes the workflow. Nothing is checked before."""

    def __init__(
        self, name: str, signatures: Mapping[str, Signature] | None, variants: tuple[str, ...]
    ) -> None:
        self.name = name
        self._signatures = signatures
        self._variants = variants
        self._sources: list[Source] = []
        self._steps: list[Step] = []
        self._models: list[OwnModel] = []

    def source(self, name: str, /, *streams: Stream, **urls: str) -> str:
        """Streams that are treated alike: each with its URL, or as a :class:`Stream`.

        Returns the name, to be read by steps.
        """
        named = (Stream(stream, url, pace=own_pace(url)) for stream, url in urls.items())
        self._sources.append(Source(name, (*streams, *named)))
        return name

    def model(self, name: str, file: str, /, **said: Given) -> str:
        """A model file of yours, in the words of its syntax: ``size=640``, ``labels=[...]``.

        Returns the name, for steps to run. With several sizes each is a variant: NAME-SIZE.
        """
        self._models.append(own_model(name, file, Path(), {**said}))
        return name

    def step(
        self,
        name: str,
        run: str | Callable[..., Any],
        /,
        *inputs: str,
        when: When | None = None,
        **settings: Given,
    ) -> str:
        """One operator, by name or itself, on its inputs. Returns the name, to be read by others.

        A knob or model among ``settings`` may be ``choose(...)``, and is open where it is left out.
        """
        operator = run if isinstance(run, str) else operator_name(run)
        known = registered() if self._signatures is None else self._signatures
        conditions = {
            attribute: (values,) if isinstance(values, (str, int, float)) else tuple(values)
            for attribute, values in (when or {}).items()
        }
        step = declared_step(
            name,
            operator,
            inputs,
            settings,
            conditions,
            signature=known.get(operator),
            variants=self._variants,
        )
        self._steps.append(step)
        return name

    def build(
        self,
        *,
        objective: Objective | None = None,
        events: EventRule | None = None,
        transport: Transport | None = None,
        deliver_to: str = "edge",
        evidence_to: str | None = None,
    ) -> Workflow:
        """The workflow so far; without an objective, under the usual floor of its kind."""
        built = Workflow(
            self.name,
            tuple(self._sources),
            tuple(self._steps),
            models=tuple(self._models),
            deliver_to=deliver_to,
            evidence_to=evidence_to,
        )
        said = {"objective": objective, "events": events, "transport": transport}
        built = replace(built, **{key: part for key, part in said.items() if part is not None})  # type: ignore[arg-type]
        usual = Objective(floors=built.usual_floors())
        return built if objective is not None else replace(built, objective=usual)
