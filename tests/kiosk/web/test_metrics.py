"""`/metrics` by Prometheus' conventions; alert rules and dashboard ask for what it has."""

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from prometheus_client.metrics_core import Metric
from prometheus_client.parser import text_string_to_metric_families

import config
from drivers.supervisor import Supervisor
from kiosk.box.box_watch import BoxWatch
from ticketing.model import Actor

CONFIG = Path(config.__file__).parent
RULES = CONFIG / "prometheus/quhao.rules.yml"
DASHBOARD = CONFIG / "grafana/quhao.json"
NOT_BASE = re.compile(r"_(milliseconds|ms|minutes|hours|days|percent|kilobytes|megabytes|mb|kb|fahrenheit)(_|$)")
OF_PROMETHEUS = {"instance", "job"}
SUFFIXES = {
    "counter": {"_total"},
    "histogram": {"_bucket", "_sum", "_count"},
    "gauge": {""},
    "summary": {"_count", "_sum"},
}


@pytest.fixture(scope="module")
def families(busy: Any) -> list[Metric]:
    """What a hall has to tell where much goes on and much stands badly."""
    issued = busy.issue().ticket
    busy.office.reprint(issued.id, Actor("desk", "desk"))
    busy.pass_time(minutes=4)
    busy.issue("tax")
    assert busy.post("/windows/1/call-next", token=busy.token("clerk", "1")).json["ticket"]["number"] == issued.number
    settings = busy.hall.settings
    alerts = settings.alerts.model_copy(update={"disk_free_mb": 10_000_000})
    busy.hall.box_watch = BoxWatch(settings.model_copy(update={"alerts": alerts}), busy.store)
    busy.hall.devices.append(Supervisor("lamp", "lamp", object, object(), busy.now))  # type: ignore[arg-type, type-var]
    text = busy.ask("GET", "/metrics").body.decode()
    return list(text_string_to_metric_families(text))


def samples(family: Metric) -> Iterator[str]:
    """The names under which its samples stand in the text."""
    base = family.name.removesuffix("_total")
    return (base + suffix for suffix in SUFFIXES.get(family.type, {""}))


def test_names_units_and_help_keep_to_the_conventions(families: list[Metric]) -> None:
    assert len({family.name for family in families}) == len(families), "no family twice"
    for family in families:
        assert family.documentation, family.name
        assert re.fullmatch(r"[a-z][a-z0-9_]*", family.name)
        assert not NOT_BASE.search(family.name), family.name
        assert not re.search(r"_(gauge|counter|histogram)(_|$)", family.name), family.name
        for sample in family.samples:
            assert sample.name in set(samples(family)), (sample.name, family.type)
            # Of a gauge, rate() would make nonsense; _total would promise otherwise.
            assert sample.name.endswith("_total") == (family.type == "counter"), sample.name
            assert set(sample.labels).isdisjoint(OF_PROMETHEUS)
            assert all(re.fullmatch(r"[a-z][a-z_]*", label) for label in sample.labels)


def test_each_bucket_holds_those_below_it_and_the_last_one_all(families: list[Metric]) -> None:
    histograms = [family for family in families if family.type == "histogram"]
    assert {one.name for one in histograms} == {"quhao_http_request_duration_seconds", "quhao_ticket_wait_seconds"}
    for family in histograms:
        buckets = [one for one in family.samples if one.name.endswith("_bucket")]
        counts = [one.value for one in family.samples if one.name.endswith("_count")]
        assert counts and [one.value for one in buckets if one.labels["le"] == "+Inf"] == counts
        assert [float(one.labels["le"]) for one in buckets] == sorted(float(one.labels["le"]) for one in buckets)
        assert [one.value for one in buckets] == sorted(one.value for one in buckets)
    waited = {
        (one.name.removeprefix("quhao_ticket_wait_seconds"), one.labels.get("le")): one.value
        for family in histograms
        for one in family.samples
        if one.labels.get("service") == "licence"
    }
    assert (waited["_sum", None], waited["_bucket", "120.0"], waited["_bucket", "300.0"]) == (240.0, 0, 1)


def test_what_stands_badly_is_told(families: list[Metric]) -> None:
    found = {
        (
            sample.name,
            *(sample.labels[name] for name in ("what", "reason", "disk", "state") if name in sample.labels),
        ): (sample.value)
        for family in families
        for sample in family.samples
    }
    assert found["quhao_condition", "disk store", "disk_low"] == 1
    assert found["quhao_ready",] == 0, "the lamp is not online"
    assert found["quhao_disk_size_bytes", "store"] >= found["quhao_disk_free_bytes", "store"] > 0
    assert found["quhao_windows", "open"] == 2
    assert found["quhao_windows", "closed"] == 0


def expressions(path: Path) -> Iterator[tuple[str, str]]:
    """What a file asks for: where, and the expression."""
    if path == RULES:
        for group in yaml.safe_load(path.read_text("utf-8"))["groups"]:
            for rule in group["rules"]:
                yield rule["alert"], rule["expr"]
    else:
        for panel in json.loads(path.read_text("utf-8"))["panels"]:
            for target in panel["targets"]:
                yield panel["title"], target["expr"]


@pytest.mark.parametrize(("path", "fewest"), [(RULES, 16), (DASHBOARD, 16)])
def test_alert_rules_and_dashboard_ask_for_what_there_is(families: list[Metric], path: Path, fewest: int) -> None:
    labels = {
        name: {label for sample in family.samples for label in sample.labels}
        for family in families
        for name in samples(family)
    }
    asked = list(expressions(path))
    assert len(asked) >= fewest
    for where, expression in asked:
        names = re.findall(r"\b((?:quhao|process|python)_\w+)(?:\{([^}]*)\})?", expression)
        assert names or "up{" in expression, where
        for name, selector in names:
            assert name in labels, (where, name)
            for label in re.findall(r"(\w+)\s*(?:=~|!~|!=|=)", selector):
                assert label in labels[name] | OF_PROMETHEUS, (where, name, label)


def test_each_alert_says_what_to_do_in_both_languages() -> None:
    for group in yaml.safe_load(RULES.read_text("utf-8"))["groups"]:
        for rule in group["rules"]:
            assert rule["labels"]["severity"] in ("warning", "critical")
            for said in (rule["annotations"]["summary"], rule["annotations"]["description"]):
                assert re.search(r"[\u4e00-\u9fff].* / .*[a-z]", said), said
