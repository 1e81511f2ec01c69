"""Vedette plans and runs video analytics across cameras, edge boxes and a cloud.

Declare a workflow and a cluster, then::

    import vedette as vd

    if __name__ == "__main__":  # measuring starts processes
        workflow, cluster = vd.load("workflow.yaml"), vd.load("cluster.yaml")
        plan = vd.plan(workflow, cluster)
        print(vd.rehearse(plan).figures)
"""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from vedette.declaring.opening import choose as choose
    from vedette.declaring.operator import Model as Model
    from vedette.declaring.operator import operator as operator
    from vedette.session import check as check
    from vedette.session import explain as explain
    from vedette.session import load as load
    from vedette.session import plan as plan
    from vedette.session import profile as profile
    from vedette.session import rehearse as rehearse
    from vedette.session import run as run
    from vedette.session import save as save
    from vedette.session import simulate as simulate
    from vedette.session import what_if as what_if
    from vedette.session import workflow as workflow
    from vedette.session.learning import learn as learn
    from vedette.types.graph import Knob as Knob

__version__ = "0.1.0"

_HOMES = {
    "load": "vedette.session",
    "save": "vedette.session",
    "check": "vedette.session",
    "learn": "vedette.session.learning",
    "profile": "vedette.session",
    "plan": "vedette.session",
    "explain": "vedette.session",
    "simulate": "vedette.session",
    "rehearse": "vedette.session",
    "run": "vedette.session",
    "what_if": "vedette.session",
    "workflow": "vedette.session",
    "choose": "vedette.declaring.opening",
    "operator": "vedette.declaring.operator",
    "Model": "vedette.declaring.operator",
    "Knob": "vedette.types.graph",
}
"""Where each public name lives; it is imported when somebody asks for it."""

__all__ = list(_HOMES)  # the names are those of the table


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module 'vedette' has no attribute {name!r}")
    from importlib import import_module

    return getattr(import_module(_HOMES[name]), name)


def __dir__() -> list[str]:
    return sorted([*__all__, "__version__"])
