"""What to do next about an Alert, by its check; where its reason says so already, nothing more."""

from __future__ import annotations

from nephoscope.alerts.life import Alert, Phase

# The longest prefix of the check's name decides.
_FIRING = {
    "drift.": "Look at it: nephoscope drift compare BASELINE WINDOW --html FILE. "
    "If the change is meant: nephoscope baseline promote {about} PROFILE.",
    "drift.schema": "Ask who changed the table. If the change is meant: nephoscope baseline promote {about} PROFILE.",
    "cost.": "See what drives it: nephoscope cost report PATH --by service,day.",
    "monitoring.": "Compare with the model's newest release, and with what its features did at the time.",
    "features.": "Bring the stores in step: nephoscope features plan, then nephoscope features sync.",
    "security.": "Treat it as an incident: find out who acted, and withdraw the right if nobody should have it.",
    "hub.channel": "Check the channel's address and rights, then send what it missed: "
    "nephoscope redrive --channel NAME.",
    "hub.dead_letters": "Read why, correct it, then: nephoscope redrive.",
}
_UNKNOWN = {
    "": "Find out why it cannot be seen: nephoscope doctor.",
    "hub.heartbeat": "See whether the job still runs: its timer, its log, its cloud. Then: nephoscope doctor.",
}


def advice(alert: Alert) -> str:
    """
    One or two sentences, "" where there is nothing to say.

    Args:
        alert: An open Alert.
    """
    if "To do: " in (alert.blind or alert.reason):
        return ""
    known = _FIRING if alert.state is Phase.FIRING and not alert.blind else _UNKNOWN
    prefix = max((name for name in known if alert.check.startswith(name)), key=len, default=None)
    return "" if prefix is None else known[prefix].format(about=alert.all_labels["about"])
