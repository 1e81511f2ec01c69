"""Who gets a request, who leaves and who returns, on a virtual clock."""

from itertools import pairwise
from math import ceil

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.models.rehearsed import Condition, Rehearsal, Server

from vedette.models.balancing import POLICIES
from vedette.models.replica_terms import Drop, Fault, GiveUp, Left, Probe, Send, Terms
from vedette.models.replicas import ReplicaSet


def steadily(until: float, every: float = 0.02) -> list[float]:
    return [each * every for each in range(int(until / every))]


@pytest.mark.parametrize("how", ["dead", "hung"])
def test_a_replica_that_dies_or_hangs_leaves_within_two_seconds_and_returns(
    how: Condition,
) -> None:
    story = Rehearsal([Server(), Server()])
    story.ask(steadily(12.0, 0.05))
    story.becomes(3.0, 1, how)
    story.becomes(8.0, 1, "up")
    story.run(15.0)
    (left,) = story.left
    (returned,) = story.returned
    assert left[1] == returned[1] == 1
    assert 3.0 <= left[0] <= 5.0
    assert 8.0 <= returned[0] <= 9.0
    assert sorted(story.answered) == list(range(240))
    assert any(time > 9.0 for time in story.servers[1].asked)


@given(st.floats(0.0, 3.0), st.sampled_from(["dead", "hung"]))
def test_an_idle_replica_is_missed_within_two_seconds_whenever_it_goes(
    when: float, how: Condition
) -> None:
    story = Rehearsal([Server()])
    story.becomes(when, 0, how)
    story.run(6.0)
    ((left, _, _),) = story.left
    assert when <= left <= when + 2.0


def test_an_idle_replica_that_comes_and_goes_is_back_each_time_it_answers() -> None:
    story = Rehearsal([Server()])
    for start in (0.1, 5.1, 10.1, 15.1):
        story.becomes(start, 0, "hung")
        story.becomes(start + 2.5, 0, "up")
    story.run(20.0)
    assert [round(time - 2.5) % 5 for time, _ in story.returned] == [0, 0, 0, 0]


def test_a_replica_that_lives_and_answers_nothing_leaves_within_two_seconds_and_returns() -> None:
    story = Rehearsal([Server(), Server()])
    story.ask(steadily(30.0, 0.05))
    story.becomes(3.0, 1, "stuck")
    story.becomes(12.0, 1, "up")
    story.run(40.0)
    assert {member for _, member, _ in story.left} == {1}
    assert {why for _, _, why in story.left} == {"no progress"}
    assert 3.0 <= story.left[0][0] <= 5.0
    assert sorted(story.answered) == list(range(600))
    assert story.set.available == (0, 1)
    assert any(time > 20.0 for time in story.servers[1].asked)


def test_a_stuck_replica_is_tried_ever_more_seldom() -> None:
    story = Rehearsal([Server(), Server(condition="stuck")])
    story.ask(steadily(60.0, 0.05))
    story.run(70.0)
    times = [time for time, _, _ in story.left]
    assert sorted(story.answered) == list(range(1200))
    assert 3 <= len(times) <= 5
    assert all(
        later > 1.4 * sooner for sooner, later in pairwise(map(float.__sub__, times[1:], times))
    )


def test_a_replica_that_is_only_slower_than_the_others_is_known_at_last() -> None:
    story = Rehearsal([Server(0.02), Server(4.0)])
    story.ask(steadily(120.0, 0.01))
    story.run(140.0)
    assert story.left
    assert max(time for time, _, _ in story.left) < 30.0
    assert len([time for time in story.servers[1].asked if time > 30.0]) > 15
    assert not story.given_up


def test_where_nobody_answers_nobody_is_stuck() -> None:
    story = Rehearsal([Server(), Server()])
    story.ask(steadily(4.0, 0.05))
    for member in (0, 1):
        story.becomes(3.0, member, "stuck")
        story.becomes(20.0, member, "up")
    story.run(60.0)
    assert not story.left
    assert sorted(story.answered) == list(range(80))


def test_a_replica_that_computes_for_long_and_shows_signs_of_life_stays() -> None:
    story = Rehearsal([Server(service_s=9.0)])
    story.ask([0.0])
    story.run(20.0)
    assert not story.left
    assert story.answered == {0: 9.0}


def test_all_gone_for_a_minute_loses_nothing() -> None:
    story = Rehearsal([Server(), Server()])
    story.ask(steadily(10.0, 0.1))
    for member in (0, 1):
        story.becomes(2.03, member, "hung")
        story.becomes(62.0, member, "up")
    story.run(100.0)
    assert sorted(story.answered) == list(range(100))
    assert not story.given_up


def test_nobody_there_ends_a_request_at_its_deadline() -> None:
    story = Rehearsal([Server(condition="dead")], Terms(deadline_s=5.0))
    story.ask([1.0])
    story.run(10.0)
    assert story.given_up == {0: "deadline"}


def test_answers_that_are_none_open_the_breaker_which_is_tried_ever_more_seldom() -> None:
    story = Rehearsal([Server(), Server(condition="lying")])
    story.ask(steadily(40.0, 0.1))
    story.run(41.0)
    assert sorted(story.answered) == list(range(400))
    times = [time for time, member, _ in story.left if member == 1]
    waits = [after - before for before, after in pairwise(times)]
    assert len(story.servers[1].asked) < 10
    assert 1 < len(waits) < 7
    assert all(after > 1.1 * before for before, after in pairwise(waits))


def test_a_replica_that_stops_lying_is_in_again() -> None:
    story = Rehearsal([Server(condition="lying")], Terms(attempts=99))
    story.ask([0.0, 0.0, 0.0])
    story.becomes(2.0, 0, "up")
    story.run(30.0)
    assert sorted(story.answered) == [0, 1, 2]
    assert story.set.available == (0,)


def test_a_request_that_breaks_every_replica_ends_after_its_attempts() -> None:
    story = Rehearsal([Server(condition="crashing") for _ in range(3)], Terms(attempts=4))
    story.ask([0.0])
    story.run(60.0)
    assert story.given_up == {0: "attempts"}
    assert len(story.sent) == 4


def test_who_is_busy_is_asked_later_and_does_not_leave() -> None:
    story = Rehearsal([Server(condition="busy")])
    story.ask([0.0])
    story.becomes(3.0, 0, "up")
    story.run(10.0)
    assert not story.left
    assert list(story.answered) == [0]


def test_a_wrong_request_is_given_up_at_once_and_held_against_nobody() -> None:
    replicas = ReplicaSet(2)
    replicas.ask(0, now=0.0)
    assert replicas.failed(0, Fault.WRONG, now=0.1) == [GiveUp(0, "wrong")]
    assert replicas.available == (0, 1)


def test_a_late_answer_of_a_given_up_attempt_is_none() -> None:
    replicas = ReplicaSet(2, Terms(attempt_s=1.0, pause_s=0.0))
    (first,) = replicas.ask(0, now=0.0)
    assert first == Send(0, 0, 0, 1.0)
    acts = replicas.tick(now=1.0)
    assert Drop(0) in acts
    assert Send(1, 0, 1, 1.0) in acts
    assert replicas.answered(0, now=1.1) == []
    assert replicas.failed(0, Fault.FAILED, now=1.1) == []
    assert len(replicas.answered(1, now=1.2)) == 1
    assert replicas.answered(1, now=1.3) == []


def test_attempts_that_end_together_are_each_given_up_once() -> None:
    replicas = ReplicaSet(1, Terms(attempt_s=0.3, failures=2))
    for request in range(4):
        replicas.ask(request, now=0.0)
    acts = replicas.tick(now=0.3)
    assert Left(0, Fault.FAILED.value) in acts
    assert [each for each in acts if isinstance(each, Drop)] == [Drop(each) for each in range(4)]


def test_what_nobody_wants_any_more_makes_room() -> None:
    replicas = ReplicaSet(1, Terms(in_flight=1))
    replicas.ask(0, now=0.0)
    assert replicas.ask(1, now=0.0) == []
    drop, send = replicas.abandon(0, now=0.1)
    assert drop == Drop(0)
    assert isinstance(send, Send)
    assert send.request == 1


def test_no_replica_has_more_under_way_than_its_bound() -> None:
    replicas = ReplicaSet(2, Terms(in_flight=3))
    acts = [act for request in range(10) for act in replicas.ask(request, now=0.0)]
    assert [act.member for act in acts if isinstance(act, Send)] == [0, 1, 0, 1, 0, 1]


def test_the_oldest_request_goes_first_also_when_it_goes_again() -> None:
    replicas = ReplicaSet(1, Terms(in_flight=1, pause_s=0.0))
    for request in range(3):
        replicas.ask(request, now=0.0)
    (send,) = replicas.failed(0, Fault.FAILED, now=0.1)
    assert isinstance(send, Send)
    assert send.request == 0


def test_time_in_which_the_client_itself_stood_still_is_held_against_nobody() -> None:
    replicas = ReplicaSet(1)
    assert replicas.tick(replicas.wake_at()) == [Probe(0, 1.25)]
    replicas.wake_at()
    assert not any(isinstance(act, Left) for act in replicas.tick(now=30.0))
    replicas.unanswered(0)
    while replicas.wake_at() < 32.5:
        gone = replicas.tick(replicas.wake_at())
        if any(isinstance(act, Left) for act in gone):
            break
    assert replicas.available == ()


def test_a_retry_waits_for_a_time_that_is_drawn() -> None:
    def second(seed: int) -> float:
        story = Rehearsal([Server(condition="lying"), Server()], Terms(pause_s=1.0), seed=seed)
        story.ask([0.0])
        story.run(5.0)
        return story.servers[1].asked[0]

    waits = [second(seed) for seed in range(20)]
    assert len(set(waits)) == 20
    assert max(waits) < 0.05 + 1.0
    assert second(3) == second(3)


@given(
    st.lists(
        st.tuples(
            st.floats(0.0, 9.0),
            st.integers(0, 2),
            st.sampled_from(["up", "dead", "hung", "stuck", "lying", "crashing", "busy"]),
        ),
        max_size=12,
    ),
    st.sampled_from(sorted(POLICIES)),
    st.integers(0, 3),
)
def test_whatever_befalls_the_servers_every_request_ends_once(
    changes: list[tuple[float, int, Condition]], policy: str, seed: int
) -> None:
    terms = Terms(attempts=1000, attempt_s=5.0, deadline_s=400.0)
    story = Rehearsal([Server() for _ in range(3)], terms, POLICIES[policy], seed)
    story.ask(steadily(10.0, 0.25))
    for time, member, condition in changes:
        story.becomes(time, member, condition)
    for member in range(3):
        story.becomes(10.0, member, "up")
    story.run(200.0)
    assert sorted(story.answered) == list(range(40))
    assert not story.given_up
    assert story.set.available == (0, 1, 2)
    assert all(load.outstanding == 0 for load in story.set.loads())


def makespan_s(policy: str, in_flight: int, servers: int = 8) -> float:
    """Distributed NoScope's table: 569 frames that need its full model, 2.97 s each."""
    terms = Terms(in_flight=in_flight, deadline_s=1e6, attempt_s=1e6)
    story = Rehearsal([Server(2.97) for _ in range(servers)], terms, POLICIES[policy])
    story.ask([0.0] * 569)
    story.run(3000.0)
    assert len(story.answered) == 569
    return max(story.answered.values())


@pytest.mark.parametrize("policy", ["least", "round-robin", "two-choices", "latency"])
def test_569_requests_on_eight_replicas_take_what_an_even_split_takes(policy: str) -> None:
    assert makespan_s(policy, in_flight=2) <= 1.05 * ceil(569 / 8) * 2.97


def test_a_slow_replica_gets_less() -> None:
    for policy in ("least", "two-choices", "latency"):
        story = Rehearsal([Server(0.02), Server(0.2)], policy=POLICIES[policy])
        story.ask(steadily(20.0, 0.025))
        story.run(30.0)
        fast, slow = (len(each.asked) for each in story.servers)
        assert fast > 2 * slow, policy
