"""What the report shows of clusters, for which a person has to act."""

import re
from dataclasses import replace
from pathlib import Path

import pytest

from autograder.course import report
from autograder.course.record import Record
from autograder.course.report import sections
from autograder.course.report.gradebook import Gradebook
from autograder.course.report.sections import Groups
from tests.project.course import synthetic


@pytest.fixture(scope="module")
def record(tmp_path_factory: pytest.TempPathFactory) -> Record:
    return synthetic.fill(tmp_path_factory.mktemp("class") / "class.sqlite", 8)


def section(page: str) -> str:
    return page[page.index('<section id="clusters"') : page.index('<section id="inputs"')]


def test_each_cluster_has_its_message_difference_lines_and_draft(record: Record) -> None:
    found = synthetic.clusters(record)
    text = section(report.page(record, found))
    assert re.findall(r'<article id="(.*?)"', text) == ["cluster-1", "cluster-2"]
    assert text.count("models/naive/LSTM.py:9") == len(found[0].lines)
    assert "name = &#34;to_be_named&#34;" in text
    assert "misconception add --from DIR --cluster 2" in text
    assert "Most of them share no line" in text


def test_what_students_have_written_is_text(record: Record) -> None:
    text = section(report.page(record, synthetic.clusters(record)))
    assert not re.search(r"<(script|img)\b", text)
    assert text.count("&lt;script&gt;alert(1)&lt;/script&gt;") >= 5


def test_what_to_do_next_leads_to_the_clusters(record: Record) -> None:
    page = report.page(record, synthetic.clusters(record))
    task = page[page.index("Equal mistakes without a hint") :]
    assert re.findall(r'<a href="(#cluster-\d)"><bdi>(.*?)</bdi>', task) == [
        ("#cluster-1", "Cluster 1, in LSTM"),
        ("#cluster-2", "Cluster 2, in Embedding"),
    ]


def test_a_class_without_clusters_says_so(record: Record) -> None:
    assert "No three submissions have the same wrong outcome" in section(report.page(record))


def test_a_submission_that_is_gone_is_not_behind_a_cluster(record: Record, tmp_path: Path) -> None:
    book, groups = Gradebook.read(record), Groups()
    [cluster, _] = synthetic.clusters(record)
    [line] = sections.clusters(book, [replace(cluster, submissions=(*cluster.submissions, "gone"))], groups)
    assert line.count == len(groups.members[line.key][1]) == len(cluster.submissions)
