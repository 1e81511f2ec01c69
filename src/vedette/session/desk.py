"""One planning task from search to plan: what is weighed, forecast, run and written down."""

from collections.abc import Mapping
from contextlib import closing
from dataclasses import dataclass, field, replace
from functools import partial, reduce

from vedette.declaring.operator import signatures
from vedette.errors import InfeasibleError, Problem
from vedette.models.zoo import variants
from vedette.planning.baseline import baseline_choice, baseline_placement
from vedette.planning.choose import Ranking, choose
from vedette.planning.compose import accuracy, compose
from vedette.planning.cost import LIMIT, feasible, figures
from vedette.planning.cover import cover
from vedette.planning.expand import expand
from vedette.planning.explain import binding
from vedette.planning.options import Limits
from vedette.planning.placement import transport
from vedette.planning.replication import fewest, more
from vedette.planning.verify import Checked, Verified, asked, judge, supports, verify
from vedette.profiling.measure import Job, Workers
from vedette.profiling.parts import spans
from vedette.profiling.truth import reference
from vedette.running.virtual import simulate as replay
from vedette.scoring import pooled, score
from vedette.session.common import Progress
from vedette.types.cluster import Cluster
from vedette.types.figures import Figures, Score
from vedette.types.graph import Workflow
from vedette.types.plan import Candidate, Deployment, Plan, Proof
from vedette.types.profile import Profile, Trace


@dataclass(frozen=True, slots=True)
class Desk:
    """One planning task: what is asked, what was measured, and who can run a candidate."""

    workflow: Workflow
    cluster: Cluster
    measured: Profile
    pool: Workers
    frames: Mapping[str, int | None]
    progress: Progress
    _alerting: dict[tuple[str, ...], dict[str, Score]] = field(default_factory=dict)

    def searched(self, limits: Limits, name: str) -> Plan:
        self.progress("weigh choices", 0, 1)
        known = variants(self.workflow.own, larger=True)
        for asking in (expected_to_hold(self.workflow, self.measured), self.workflow):
            workflow = self._as_told_by_baseline(asking)
            ranking = choose(
                self.measured, workflow, self.cluster, known, signatures(), limits=limits
            )
            if ranking.miss is None:
                break
        self.progress("weigh choices", 1, 1)
        if ranking.miss is not None:
            raise InfeasibleError(ranking.miss)
        verified, traces = self._verified(ranking)
        if verified.chosen is None:
            raise InfeasibleError(self._failed(verified))
        verified = self._or_baseline(verified, traces)
        return self._written(verified, ranking, traces, name)

    def baseline(self) -> Plan:
        candidate = self._baseline()
        choice, warning = candidate.choice, candidate.outcome
        deployment = self.deployed(candidate)
        return Plan(
            workflow=deployment.workflow,
            cluster=self.cluster,
            choice=choice,
            placement=deployment.placement,
            replicas=deployment.replicas,
            predicted=self._forecast(candidate),
            scores=self.measured.sweeps["transport.qp", choice["transport.qp"]].scores,
            verdict="not checked",
            proof=Proof(candidate.objective, candidate.objective, "stated, not searched", 1),
            binding=(warning,) if warning else (),
            declared=self.workflow,
            name="baseline",
        )

    def _baseline(self) -> Candidate:
        choice, warning = baseline_choice(self.measured, self.workflow)
        expanded = expand(self.workflow, choice, variants(self.workflow.own, larger=True))
        placement = baseline_placement(expanded, self.cluster, signatures())
        trace = compose(self.measured, choice, expanded)
        costs = partial(figures, expanded, placement, self.cluster, trace, signatures())
        replicas = fewest(
            lambda counts: costs(replicas=counts), expanded, placement, self.cluster, LIMIT
        )
        found = costs(replicas=replicas)
        return Candidate(
            choice, placement, self._objective(found), 1.0, found, {}, warning, replicas
        )

    def _or_baseline(self, verified: Verified, traces: dict[str, Trace]) -> Verified:
        """The baseline, if it is cheaper than what held, and holds itself: nothing loses to it."""
        base, best = self._baseline(), verified.chosen
        if best is None or base.objective >= best.objective or not feasible(base.figures):
            return verified
        if self._broken_by(self._forecast(base)):
            return verified
        if not self.workflow.objective.floors:
            return Verified(base, verified.verdict, (*verified.tested, base))
        deployment = self.deployed(base)
        traces[_key(base)] = trace = self._run(deployment, "verify")
        checked = self._checked(base, deployment, trace)
        verdict, reason = judge(checked, self.workflow.objective)
        outcome = f"{verdict or 'failed'}: {reason} (the baseline)"
        tested = replace(base, scores=dict(checked.scores), outcome=outcome)
        every = (*verified.tested, tested)
        if verdict is None:
            return replace(verified, tested=every)
        return Verified(tested, verdict, every)

    def deployed(self, candidate: Candidate) -> Deployment:
        """A candidate with its packing written out."""
        expanded = expand(self.workflow, candidate.choice, variants(self.workflow.own, larger=True))
        qp = candidate.choice["transport.qp"]
        placed, placement = transport(
            expanded, candidate.placement, self.cluster, signatures(), qp=qp
        )
        return Deployment(
            workflow=placed,
            cluster=self.cluster,
            choice=candidate.choice,
            placement=placement,
            replicas=candidate.replicas,
            batches=candidate.batches,
        )

    def _verified(self, ranking: Ranking) -> tuple[Verified, dict[str, Trace]]:
        """Run the candidates as the protocol asks for them; their traces on what checks them.

        The next ones are already begun while one is judged, and given up when it fails. Those
        that break a ceiling in the simulator, where queues are as bursty as video, get more
        machines where there are any, or are not run.
        """
        grown = {id(each): self._grown(each) for each in ranking.to_verify}
        candidates = [found for found in grown.values() if found is not None]
        ladder = [grown.get(id(each)) or each for each in ranking.ladder]
        if not candidates:
            raise InfeasibleError(self._broken(ranking))
        floors = self.workflow.objective.floors
        deployed = {_key(each): self.deployed(each) for each in candidates if floors}
        running = self.pool.in_order([self._job(each, "verify") for each in deployed.values()])
        traces: dict[str, Trace] = {}
        protocol = verify(candidates, self.workflow.objective, ladder)
        with closing(running):
            try:
                candidate = next(protocol)
                while True:
                    self.progress("check by running", len(traces), len(candidates))
                    key = _key(candidate)
                    if key in deployed:
                        traces[key] = next(running).trace
                    elif self._breaks_when_simulated(candidate):
                        broken = self._broken_by(self._forecast(candidate))
                        candidate = protocol.send(Checked({}, broken=broken))
                        continue
                    else:  # asked for after a failure: what was begun below it is given up
                        running.close()
                        deployed[key] = self.deployed(candidate)
                        traces[key] = self._run(deployed[key], "verify")
                    candidate = protocol.send(self._checked(candidate, deployed[key], traces[key]))
            except StopIteration as end:
                self.progress("check by running", len(candidates), len(candidates))
                verified: Verified = end.value
        return verified, traces

    def _grown(self, candidate: Candidate) -> Candidate | None:
        """A candidate with the fewest machines that keep every ceiling in the simulator, if any."""
        if not self._breaks_when_simulated(candidate):
            return candidate
        streams = sum(1 for _ in self.workflow.streams())
        for counts in more(candidate.replicas, self.cluster, streams):
            larger = self._with_replicas(candidate, counts)
            if not self._broken_by(self._forecast(larger)):
                return larger
        return None

    def _with_replicas(self, candidate: Candidate, counts: Mapping[str, int]) -> Candidate:
        known = variants(self.workflow.own, larger=True)
        expanded = expand(self.workflow, candidate.choice, known)
        trace = compose(self.measured, candidate.choice, expanded)
        costs = figures(
            expanded,
            candidate.placement,
            self.cluster,
            trace,
            signatures(),
            variants=known,
            replicas=counts,
            batches=candidate.batches,
        )
        objective = self._objective(costs)
        return replace(candidate, figures=costs, objective=objective, replicas=counts)

    def _breaks_when_simulated(self, candidate: Candidate) -> bool:
        """Only where the forecast is within a factor of two of a ceiling is it worth a look."""
        return self._near(candidate) and bool(self._broken_by(self._forecast(candidate)))

    def _near(self, candidate: Candidate) -> bool:
        ceilings = self.workflow.objective.ceilings.items()
        return any(2 * float(getattr(candidate.figures, name)) > limit for name, limit in ceilings)

    def _forecast(self, candidate: Candidate) -> Figures:
        expanded = expand(self.workflow, candidate.choice, variants(self.workflow.own, larger=True))
        trace = compose(self.measured, candidate.choice, expanded)
        return self._simulated(self.deployed(candidate), trace)

    def _broken_by(self, costs: Figures) -> str:
        """The first ceiling or load that figures break, in words."""
        for metric, ceiling in self.workflow.objective.ceilings.items():
            value = float(getattr(costs, metric))
            if value > ceiling:
                return f"{metric} is {value:.4g} when simulated, more than {ceiling:g}"
        for name, load in costs.load.items():
            if load > LIMIT:
                return f"the load of {name} is {load:.0%} when simulated, more than {LIMIT:.0%}"
        return ""

    def _broken(self, ranking: Ranking) -> Problem:
        nearest_miss = self._broken_by(self._forecast(ranking.to_verify[-1]))
        return Problem(
            f"no candidate that keeps every ceiling in the simulator ({nearest_miss})",
            "at least one that does",
            "a higher ceiling, a faster machine or link",
        )

    def _checked(self, candidate: Candidate, deployment: Deployment, trace: Trace) -> Checked:
        """How a candidate scored; on the whole planning part where too few events are counted.

        It is simulated where its forecast is within a factor of two of a limit.
        """
        found = self._scored(self.measured.verify_golden, trace)
        perfect = perfect_scores(self.workflow, self.measured.verify_golden)
        is_loaded = 2 * max(candidate.figures.load.values(), default=0.0) > LIMIT
        if is_loaded or self._near(candidate):
            broken = self._broken_by(self._simulated(deployment, trace))
            if broken:
                return Checked(found, broken=broken)
        floors = self.workflow.objective.floors
        if all(supports(perfect[metric], floor) for metric, floor in floors.items()):
            return Checked(found, perfect=perfect, usual=self._usual("verify"))
        more = self._scored(self.measured.golden, self._run(deployment, "choose"))
        return Checked(found, _pooled(found, more), perfect, self._usual("verify", "choose"))

    def _usual(self, *parts: str) -> dict[str, Score]:
        """How the baseline alerts: nobody can ask a cheaper plan to tell more than it does."""
        told = self.workflow.told()
        if not told:
            return {}
        if parts not in self._alerting:
            deployment = self.deployed(self._baseline())
            goldens = {"verify": self.measured.verify_golden, "choose": self.measured.golden}
            found = [self._scored(goldens[part], self._run(deployment, part)) for part in parts]
            whole = reduce(_pooled, found)
            self._alerting[parts] = {metric: whole[metric] for metric in told}
        return self._alerting[parts]

    def _as_told_by_baseline(self, workflow: Workflow) -> Workflow:
        """The workflow with a floor of alerts that the baseline itself is forecast to reach."""
        floors = workflow.objective.floors
        told = workflow.told()
        if not told:
            return workflow
        choice, _ = baseline_choice(self.measured, workflow)
        usual = {metric: accuracy(self.measured, choice, metric) for metric in told}
        fair = {**floors, **{metric: min(floors[metric], usual[metric]) for metric in told}}
        return replace(workflow, objective=replace(workflow.objective, floors=fair))

    def _scored(self, golden: Trace, answer: Trace) -> dict[str, Score]:
        truth, asked_for = reference(golden, self.workflow), self.workflow.scored()
        return score(truth, answer, self.workflow.events, asked_for)

    def _run(self, deployment: Deployment, part: str) -> Trace:
        return next(self.pool.in_order([self._job(deployment, part)])).trace

    def _job(self, deployment: Deployment, part: str) -> Job:
        return Job(deployment, spans(self.workflow, self.frames, part))

    def _written(
        self, verified: Verified, ranking: Ranking, traces: Mapping[str, Trace], name: str
    ) -> Plan:
        chosen = verified.chosen
        if chosen is None:
            raise ValueError("a plan is written of a candidate that held")
        deployment = self.deployed(chosen)
        trace = traces.get(_key(chosen))
        simulated = self._simulated(deployment, trace) if trace else self._forecast(chosen)
        rivals = (*verified.tested, *ranking.alternatives)
        bound = binding(simulated, self.workflow.objective, rivals)
        return Plan(
            workflow=deployment.workflow,
            cluster=self.cluster,
            choice=chosen.choice,
            placement=deployment.placement,
            replicas=deployment.replicas,
            batches=deployment.batches,
            predicted=simulated,
            scores=chosen.scores,
            verdict=verified.verdict,
            proof=proof_of(chosen, ranking),
            tried=verified.tested,
            frontier=ranking.frontier,
            runners_up=ranking.alternatives,
            declared=self.workflow,
            binding=tuple(str(each) for each in bound),
            name=name,
        )

    def _simulated(self, deployment: Deployment, trace: Trace) -> Figures:
        return replay(deployment, cover(trace, self.workflow), signatures()).figures

    def _objective(self, costs: Figures) -> float:
        terms = self.workflow.objective.minimise.items()
        return sum(weight * float(getattr(costs, metric)) for metric, weight in terms)

    def _failed(self, verified: Verified) -> Problem:
        outcomes = "; ".join(each.outcome for each in verified.tested)
        return Problem(
            f"no candidate that kept every floor and limit when it was run ({outcomes})",
            "at least the dearest candidate to keep them",
            "a lower floor, a larger variant, more frames to plan on, or a higher limit",
        )


def proof_of(chosen: Candidate, ranking: Ranking) -> Proof:
    """Where the baseline won it may lie below all that was ranked: then it is the bound itself."""
    bound = min(ranking.bound, chosen.objective)
    return Proof(chosen.objective, bound, ranking.method, ranking.evaluated)


def expected_to_hold(workflow: Workflow, measured: Profile) -> Workflow:
    """The workflow with the floors that its candidates will be held to when they are run."""
    perfect = perfect_scores(workflow, measured.verify_golden)
    return replace(workflow, objective=asked(workflow.objective, perfect))


def perfect_scores(workflow: Workflow, golden: Trace) -> dict[str, Score]:
    """Those of the reference against itself."""
    truth = reference(golden, workflow)
    return score(truth, truth, workflow.events, workflow.scored())


def _pooled(one: Mapping[str, Score], other: Mapping[str, Score]) -> dict[str, Score]:
    return {name: pooled(one[name], other[name]) for name in one}


def _key(candidate: Candidate) -> str:
    parts = candidate.choice, candidate.placement, candidate.replicas, candidate.batches
    return repr([sorted(each.items()) for each in parts])
