"""A graded submission as a JUnit test report, which the CI of GitHub, GitLab and others shows."""

from typing import Any
from xml.etree import ElementTree
from xml.etree.ElementTree import Element, SubElement

from harness.contract import Assignment


def report(results: dict[str, Any], assignment: Assignment) -> str:
    """The report: a suite for each deliverable, a case for each graded test, with its points as properties.

    Args:
        results: what the grader has written to results.json.
    """
    suites = Element("testsuites", name=assignment.title)
    for deliverable in assignment.deliverables:
        rows = [row for row in results["tests"] if row["number"].startswith(f"{deliverable.number}.")]
        failed = sum(row["status"] == "failed" for row in rows)
        title = f"{deliverable.number} {deliverable.title}"
        suite = SubElement(suites, "testsuite", name=title, tests=str(len(rows)), failures=str(failed), errors="0")
        for row in rows:
            name = f"{row['number']} {row['name'].removeprefix(f'{deliverable.title}: ')}"
            case = SubElement(suite, "testcase", classname=title, name=name, file=deliverable.file)
            properties = SubElement(case, "properties")
            for key in ("score", "max_score"):
                SubElement(properties, "property", name=key, value=f"{row[key]:g}")
            if row["status"] == "failed":
                summary, _, message = row["output"].partition("\n\n")
                SubElement(case, "failure", message=summary).text = message
    ElementTree.indent(suites)
    return f'<?xml version="1.0" encoding="utf-8"?>\n{ElementTree.tostring(suites, encoding="unicode")}\n'
