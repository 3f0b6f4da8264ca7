"""The doctor tells what it asked, what it was answered, and what it did not try."""

from nephoscope.errors import BadSettings, Transient
from nephoscope.jobs.checkup import Outcome, Probe, examine


def probe(ask, do="look at it"):
    """A probe of a store."""
    return Probe("source", "stores.aws", "get s3://b/doctor/absent", ask, do)


def refuse(error):
    """Raise an error when asked."""

    def ask():
        raise error

    return ask


def test_each_probe_is_told_apart():
    """What answered, what failed and what was not tried are three things; one that fails costs no other its answer."""
    found = examine([probe(refuse(Transient("S3 refused."))), probe(None), probe(lambda: "no such record")])
    assert [one.outcome for one in found] == [Outcome.FAILED, Outcome.NOT_TRIED, Outcome.OK]
    assert [one.answer for one in found] == ["S3 refused.", "", "no such record"]


def test_there_is_something_to_do_unless_it_answered():
    """A failure and a right that was not tried say what to do about it."""
    found = examine([probe(refuse(BadSettings("No key.", do="set the region"))), probe(None), probe(lambda: "fine")])
    assert [one.do for one in found] == ["set the region; else look at it", "look at it", ""]


def test_what_nobody_foresaw_is_a_failure():
    """An SDK's own error is told in its first line and never reads as ok."""
    [found] = examine([probe(refuse(RuntimeError("You must specify a region.\nSee the manual.")))])
    assert (found.outcome, found.answer) == (Outcome.FAILED, "RuntimeError: You must specify a region.")
