"""A plain pytest runner: a report hook adds points up, and the end of the session writes results.json."""

import json

ROWS = []


def pytest_runtest_logreport(report):
    if report.when == "call" or (report.when == "setup" and report.outcome != "passed"):
        points = dict(report.user_properties)
        passed = report.outcome == "passed"
        row = {"name": report.nodeid, "number": points.get("number", ""), "max_score": points.get("weight", 0)}
        row |= {"score": points.get("weight", 0) if passed else 0, "status": "passed" if passed else "failed"}
        ROWS.append({**row, "output": "" if passed else str(report.longreprtext)})


def pytest_sessionfinish(session):
    with open("/autograder/results/results.json", "w") as file:
        json.dump({"score": sum(row["score"] for row in ROWS), "tests": ROWS}, file)
