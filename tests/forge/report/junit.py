"""The results as JUnit XML, in which a flaky test is told from one that passed.

The elements are those of Maven Surefire 3 (https://maven.apache.org/surefire/maven-surefire-plugin/xsd/surefire-test-report.xsd),
which has `flakyFailure`.
"""

import re
from collections.abc import Sequence
from pathlib import Path
from xml.etree import ElementTree as Xml

from .results import Attempt, Run, outcome

# What XML 1.0 has no way to write.
UNWRITABLE = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def write(run: Run, file: Path) -> None:
    tests = run.tests().values()
    failures, skipped = len(run.with_outcome("unexpected")), len(run.with_outcome("skipped"))
    counts = {"tests": len(tests), "failures": failures, "skipped": skipped, "flakes": len(run.with_outcome("flaky"))}
    suite = Xml.Element("testsuite", name="pytest", time=f"{run.duration:.3f}")
    suite.attrib.update({name: str(count) for name, count in counts.items()})
    suite.extend(_case(attempts) for attempts in tests)
    suites = Xml.Element("testsuites")
    suites.append(suite)
    Xml.ElementTree(suites).write(file, encoding="utf-8", xml_declaration=True)


def _case(attempts: Sequence[Attempt]) -> Xml.Element:
    last, found = attempts[-1], outcome(attempts)
    module = last.file.removesuffix(".py").replace("/", ".")
    case = Xml.Element("testcase", classname=".".join([module, *last.classes]), name=_text(last.title))
    case.set("time", f"{sum(attempt.duration for attempt in attempts):.3f}")
    case.set("file", last.file)
    if last.browser:
        properties = Xml.SubElement(case, "properties")
        Xml.SubElement(properties, "property", name="browser", value=last.browser)
    if found == "skipped":
        Xml.SubElement(case, "skipped")
    for attempt in attempts:
        if not attempt.ok:
            message = "\n".join(attempt.errors)
            failure = Xml.SubElement(case, "flakyFailure" if found == "flaky" else "failure")
            failure.set("message", _text(message.partition("\n")[0]))
            failure.text = _text(message)
            # Of several failed attempts, one failure: a reader counts the elements.
            break
    return case


def _text(text: str) -> str:
    return UNWRITABLE.sub("?", text)
