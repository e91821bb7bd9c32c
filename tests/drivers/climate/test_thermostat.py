"""When the air conditioner runs: a table of moments, and what must hold for any."""

from hypothesis import given
from hypothesis import strategies as st

from drivers.climate.thermostat import Decision, Reading, Rules, Thermostat

RULES = Rules(target=26.0, band=1.0, shortest=300.0, stale=600.0)


def run(moments: list[tuple[float, float | None]], rules: Rules = RULES, *, is_open: bool = True) -> list[Decision]:
    """The decisions at these moments, each with a temperature that is read then, or None."""
    thermostat = Thermostat(rules, 0.0)
    decisions = []
    for at, temperature in moments:
        if temperature is not None:
            thermostat.read(Reading(temperature, 45.0), at)
        decisions.append(thermostat.decide(at, is_open))
    return decisions


def test_it_is_switched_at_the_ends_of_the_band() -> None:
    moments = [(0, 26.9), (10, 27.0), (400, 25.1), (410, 25.0), (800, 26.9), (810, 27.1)]
    assert [one.on for one in run(moments)] == [False, True, True, False, False, True]


def test_heating_is_the_other_way_round() -> None:
    rules = Rules("heat", 20.0, 1.0, 300.0, 600.0)
    moments = [(0, 19.1), (10, 19.0), (400, 20.9), (410, 21.0)]
    assert [one.on for one in run(moments, rules)] == [False, True, True, False]


def test_it_stays_on_and_off_for_the_shortest_time() -> None:
    decisions = run([(0, 28.0), (299, 20.0), (300, 20.0), (599, 28.0), (600, 28.0)])
    assert [(one.on, one.why) for one in decisions] == [
        (True, "temperature"),
        (True, "waits"),
        (False, "temperature"),
        (False, "waits"),
        (True, "temperature"),
    ]


def test_without_readings_it_goes_off_at_once_and_not_before() -> None:
    decisions = run([(0, 25.0), (550, 28.0), (1149, None), (1150, None), (1160, 28.0), (1450, 28.0)])
    assert [(one.on, one.why) for one in decisions[1:]] == [
        (True, "temperature"),
        (True, "temperature"),
        (False, "stale"),
        (False, "waits"),
        (True, "temperature"),
    ]
    # Also where the sensor never said anything.
    assert run([(599, None), (600, None)])[-1] == Decision(False, "stale")


def test_it_stays_as_it_was_found_until_there_is_a_reading() -> None:
    for on in (True, False):
        thermostat = Thermostat(RULES, 0.0)
        thermostat.found(on)
        assert thermostat.decide(1.0, True).on is on
        thermostat.read(Reading(29.0 if not on else 20.0, None), 2.0)
        # Since when it has been so is not known.
        assert thermostat.decide(2.0, True).on is not on


def test_outside_the_hours_it_is_off() -> None:
    assert run([(0, 35.0)], is_open=False) == [Decision(False, "closed")]


def test_a_person_goes_before_everything_until_the_end_they_said() -> None:
    thermostat = Thermostat(RULES, 0.0)
    thermostat.read(Reading(20.0, 45.0), 0.0)
    thermostat.override(True, 1000.0)
    assert thermostat.decide(1.0, is_open=False) == Decision(True, "override")
    assert thermostat.overridden(1.0) == (True, 1000.0)
    assert thermostat.decide(999.0, is_open=False).on
    assert not thermostat.decide(1000.0, is_open=False).on
    assert thermostat.overridden(1000.0) is None
    thermostat.override(True, 5000.0)
    thermostat.override(None, 0.0)
    assert thermostat.overridden(2000.0) is None


def test_what_cannot_be_is_not_plausible() -> None:
    values = [(-45, 45), (125, 45), (130, 100), (26, 0), (26, 100.1), (60.1, 45), (26, 100), (26, None), (-5, 20)]
    assert [Reading(*one).plausible for one in values] == [False] * 6 + [True] * 3


@given(
    st.lists(
        st.tuples(
            st.floats(0, 400), st.none() | st.floats(10, 40), st.booleans(), st.sampled_from([None, True, False])
        ),
        max_size=40,
    )
)
def test_a_compressor_never_cycles_sooner_than_it_may(
    steps: list[tuple[float, float | None, bool, bool | None]],
) -> None:
    thermostat = Thermostat(RULES, 0.0)
    at, on, switched_at, read_at = 0.0, False, -1e9, 0.0
    for pause, temperature, is_open, said in steps:
        at += pause
        if temperature is not None:
            thermostat.read(Reading(temperature, None), at)
            read_at = at
        if said is not None:
            thermostat.override(said, at + 100)
        decision = thermostat.decide(at, is_open)
        if decision.on != on:
            assert at - switched_at >= RULES.shortest or (decision.why == "stale" and not decision.on)
            on, switched_at = decision.on, at
        if at - read_at >= RULES.stale and thermostat.overridden(at) is None:
            assert not decision.on
