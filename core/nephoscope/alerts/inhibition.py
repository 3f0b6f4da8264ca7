"""
Inhibition: while one Alert fires, others that follow from it are not told. Alertmanager's rules.

A rule's target is kept back while a source fires and both agree in the labels that `equal` names; labels that both lack
count as equal. An Alert that matches both sides is not kept back by one that does too, itself above all.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from nephoscope.alerts.life import Alert, Phase
from nephoscope.alerts.matchers import Matcher


@dataclass(frozen=True, slots=True)
class InhibitRule:
    """Which Alerts keep back which others."""

    source_matchers: tuple[Matcher, ...]
    target_matchers: tuple[Matcher, ...]
    equal: tuple[str, ...] = ()

    def is_source(self, labels: Mapping[str, str]) -> bool:
        """Whether an Alert keeps others back."""
        return all(matcher.matches(labels) for matcher in self.source_matchers)

    def is_target(self, labels: Mapping[str, str]) -> bool:
        """Whether an Alert may be kept back."""
        return all(matcher.matches(labels) for matcher in self.target_matchers)


def inhibitor(alert: Alert, rules: Iterable[InhibitRule], firing: Iterable[Alert]) -> Alert | None:
    """
    The firing Alert that keeps another one back.

    Args:
        alert: The one in question.
        rules: The configured rules.
        firing: Every Alert the hub knows; those that do not fire are passed over.
    """
    labels = alert.all_labels
    its = [rule for rule in rules if rule.is_target(labels)]
    if not its:
        return None
    for source in firing:
        if source.state is Phase.FIRING and any(_inhibits(rule, source.all_labels, labels) for rule in its):
            return source
    return None


def _inhibits(rule: InhibitRule, source: Mapping[str, str], target: Mapping[str, str]) -> bool:
    if not rule.is_source(source) or (rule.is_source(target) and rule.is_target(source)):
        return False
    return all(source.get(name, "") == target.get(name, "") for name in rule.equal)
