"""The report in a real browser: clicks, keys, paper, phones, and hostile names."""

import itertools
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from autograder.course.record import Record
from tests.project.course import synthetic
from tests.project.course.report.conftest import STUDENTS

pytestmark = pytest.mark.needs("chromium")

ROWS = "#students-table tbody tr:visible"
STATUS = '.tools[data-for="students-table"] [role=status]'


@pytest.fixture(scope="module")
def window(browser: Any) -> Any:
    """One for all tests; nothing in it moves by itself."""
    window = browser.new_page(reduced_motion="reduce")
    window.set_default_timeout(10_000)
    return window


@pytest.fixture
def page(window: Any, path: Path) -> Iterator[Any]:
    """The report at 1280 pixels, just opened. At the end nothing was complained of, asked for or loaded."""
    events: list[str] = []
    listeners = {
        "console": lambda message: events.append(message.text),
        "pageerror": lambda error: events.append(str(error)),
        "request": lambda request: events.append(request.url),
        "dialog": lambda dialog: (events.append(dialog.message), dialog.dismiss()),
    }
    window.set_viewport_size({"width": 1280, "height": 900})
    window.emulate_media(media="screen", color_scheme="light")
    for event, listener in listeners.items():
        window.on(event, listener)
    window.goto("about:blank")
    window.goto(path.as_uri())
    yield window
    for event, listener in listeners.items():
        window.remove_listener(event, listener)
    assert [event for event in events if not event.startswith(path.as_uri())] == []


def texts(page: Any, selector: str) -> list[str]:
    return page.locator(selector).all_inner_texts()


def name_of(record: Record, id: str) -> str:
    return next(str(submission) for submission in record.submissions() if submission.id == id)


def test_search_narrows_the_rows_and_says_how_many(page):
    assert page.locator(STATUS).inner_text() == f"{STUDENTS} submissions"
    page.get_by_label("Search students").fill("MULLER")
    found = texts(page, f"{ROWS} th")
    assert found
    assert all("Müller" in name for name in found)
    assert page.locator(STATUS).inner_text() == f"{len(found)} of {STUDENTS} submissions"
    page.get_by_label("Search students").fill("student3.0@example.org")
    assert texts(page, f"{ROWS} td:nth-child(2)") == ["submission_4"]
    page.get_by_label("Search students").fill("no such student")
    assert page.locator(STATUS).inner_text() == f"0 of {STUDENTS} submissions"


def test_long_tables_show_their_first_rows_until_more_are_asked_for(page):
    assert page.locator(ROWS).count() == 50
    page.get_by_role("button", name=f"Show {STUDENTS - 50} more").click()
    assert page.locator(ROWS).count() == STUDENTS
    assert page.locator("#students .more").is_hidden()
    assert page.evaluate("document.activeElement.closest('tr').sectionRowIndex") == 50


def test_a_heading_sorts_its_column_both_ways(page):
    head = page.locator("#tests-table th", has_text="Failure rate")
    for order, is_reversed in (("descending", True), ("ascending", False)):
        head.get_by_role("button").click()
        rates = [float(text.split()[0]) for text in texts(page, "#tests-table tbody tr:visible td.rate")]
        assert head.get_attribute("aria-sort") == order
        assert rates == sorted(rates, reverse=is_reversed)
    page.get_by_role("button", name="What it checks").click()
    assert head.get_attribute("aria-sort") is None
    titles = texts(page, "#tests-table tbody tr:visible td.wider")
    assert titles == sorted(titles, key=str.casefold)


def test_a_part_leaves_its_own_rows_bars_and_columns(page):
    page.get_by_label("Part", exact=True).select_option("seq2seq")
    numbers = texts(page, "#tests-table tbody tr:visible th")
    assert numbers
    assert all(number.startswith("2.") for number in numbers)
    assert texts(page, ".histogram:visible h3") == ["Score, after deductions", "2 Sequence to sequence with attention"]
    assert page.locator("#students-table thead th[data-part]:visible").count() == 1
    page.locator(f"{ROWS} th a").last.click()
    names = page.locator("#read .name")
    names.first.wait_for()
    assert all(name.startswith("2.") for name in names.all_inner_texts())
    page.keyboard.press("Escape")
    page.get_by_role("dialog").wait_for(state="hidden")
    page.go_back()
    assert page.locator("#tests-table tbody tr:visible th").first.inner_text() == "1.1.1"
    assert page.get_by_label("Part", exact=True).input_value() == ""


def test_from_a_bar_to_its_students_to_what_one_of_them_reads_and_back(page, record):
    bar = page.locator(".histogram a").last
    label = bar.get_attribute("aria-label")
    bar.click()
    count = int(label.split(": ")[1].split()[0])
    assert page.locator(ROWS).count() == count
    assert page.locator(STATUS).inner_text() == f"{count} of {STUDENTS} submissions"
    part = record.assignment().parts[-1]
    assert f"{part.number} {part.title}" in page.locator("#behind").inner_text()

    link = page.locator(f"{ROWS} th a").first
    id = page.locator(f"{ROWS} td:nth-child(2)").first.inner_text()
    link.click()
    dialog = page.get_by_role("dialog", name=name_of(record, id))
    results = record.results(id)
    shown = [row for row in results["tests"] if row["visibility"] == "visible"]
    assert dialog.locator("#read .output").text_content() == results["output"]
    assert dialog.locator("#read details pre").all_text_contents() == [row["output"] for row in shown]
    names = [f"{row['number']} {row['name']}" for row in shown]
    assert dialog.locator("#read .name").all_text_contents() == names
    assert [row["number"] for row in results["tests"] if row not in shown] == ["4.6.1"]
    assert "4.6.1 " in dialog.locator("#staff .row").text_content()

    page.go_back()
    dialog.wait_for(state="hidden")
    assert page.locator(ROWS).count() == count
    page.go_back()
    assert page.locator("#behind").is_hidden()
    page.go_forward()
    assert page.locator(ROWS).count() == count
    page.get_by_role("link", name="Show all students").click()
    assert page.locator(STATUS).inner_text() == f"{STUDENTS} submissions"


def test_a_link_to_a_student_opens_the_student(page, path, record):
    page.goto("about:blank")
    page.goto(f"{path.as_uri()}#behind=failed%3A{synthetic.FAULTY}&student=submission_4")
    dialog = page.get_by_role("dialog")
    assert dialog.locator("h2").inner_text() == name_of(record, "submission_4")
    dialog.get_by_label("Failed tests only").check()
    verdicts = set(texts(page, "#read .row:visible .verdict > span"))
    assert verdicts == {"failed"}
    dialog.get_by_role("button", name="Next").click()
    assert dialog.locator("h2").inner_text() != name_of(record, "submission_4")
    dialog.get_by_role("button", name="Close").click()
    dialog.wait_for(state="hidden")
    assert "student" not in page.url
    assert "1.1.4" in page.locator("#behind").inner_text()


NUMBERS = (
    "#misconceptions-table a", "#tests-table a", "#inputs-table a[href*=hidden]", "#late a", "#measures caption a",
    ".figures a",
)  # fmt: skip


def test_every_number_leads_to_as_many_students(page):
    for selector in NUMBERS:
        link = page.locator(selector).first
        count = link.inner_text().split()[0]
        link.click()
        assert page.locator("#behind").is_visible()
        assert page.locator(STATUS).inner_text().split()[0] == count


def press_until(page: Any, key: str, selector: str) -> None:
    for _ in range(400):
        page.keyboard.press(key)
        if page.evaluate("selector => document.activeElement.matches(selector)", selector):
            return
    raise AssertionError(f"{key} does not reach {selector}")


def test_the_keyboard_alone_reaches_a_students_results(page):
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.textContent") == "Skip to the content"
    page.keyboard.press("Enter")
    press_until(page, "Tab", ".histogram a")
    page.keyboard.press("Enter")
    assert page.evaluate("document.activeElement.id") == "students-title"
    press_until(page, "Tab", "#students-table th button")
    page.keyboard.press("Space")
    assert page.locator("#students-table th").first.get_attribute("aria-sort") == "ascending"
    press_until(page, "Tab", "#students-table tbody a")
    page.keyboard.press("Enter")
    dialog = page.get_by_role("dialog")
    dialog.locator("#read .row").first.wait_for()
    assert page.evaluate("document.activeElement.id") == "student-name"
    press_until(page, "Tab", "#read summary")
    is_open = page.evaluate("document.activeElement.parentElement.open")
    page.keyboard.press("Enter")
    assert page.evaluate("document.activeElement.parentElement.open") is not is_open
    page.keyboard.press("Escape")
    dialog.wait_for(state="hidden")
    assert page.evaluate("document.activeElement.matches('#students-table tbody a')")


def test_hostile_texts_are_texts(page, record):
    hostile = [submission for submission in record.submissions() if "alert" in str(submission)]
    assert len(hostile) >= 3
    page.get_by_label("Search students").fill("alert")
    assert sorted(texts(page, f"{ROWS} th a")) == sorted(map(str, hostile))
    page.locator(f"{ROWS} th a", has_text="<img").click()
    page.locator("#read .row").first.wait_for()
    assert synthetic.ALERT in page.locator("#staff").inner_text()
    assert page.locator("img, b, script:not([type])").count() == 1  # the page's own script


def test_an_injected_script_or_style_takes_no_effect(browser, path):
    """The policy holds where escaping would have failed. It complains, so this page has no fixture."""
    page = browser.new_page()
    page.goto(path.as_uri())
    page.evaluate(
        """() => {
            const script = document.createElement("script");
            script.textContent = "window.reached = true";
            document.body.append(script);
            document.body.setAttribute("style", "color: rgb(1, 2, 3)");
        }"""
    )
    assert page.evaluate("window.reached") is None
    assert page.evaluate("getComputedStyle(document.body).color") != "rgb(1, 2, 3)"
    page.close()


def test_paper_shows_everything_and_no_controls(page, record):
    page.emulate_media(media="print")
    assert page.locator(ROWS).count() == STUDENTS
    assert page.locator("#tests-table tbody tr:visible").count() == len({item.test for item in record.items()})
    assert page.locator("nav:visible, input:visible, .more:visible").count() == 0
    assert page.evaluate("document.querySelector('#tests-table thead').innerText.includes('Failure rate')")
    closed = page.locator("main tr:not(.beyond) details:not([open])")
    count = closed.count()
    page.evaluate("dispatchEvent(new Event('beforeprint'))")
    assert closed.count() == 0
    page.evaluate("dispatchEvent(new Event('afterprint'))")
    assert closed.count() == count > 0


def test_dark_and_light(page):
    colours = "[getComputedStyle(document.body).backgroundColor, getComputedStyle(document.body).color]"
    seen = []
    for scheme in ("light", "dark"):
        page.emulate_media(color_scheme=scheme)
        seen.append(page.evaluate(colours))
    assert seen == [["rgb(246, 247, 248)", "rgb(26, 31, 38)"], ["rgb(16, 19, 23)", "rgb(228, 232, 237)"]]


def test_a_phone_scrolls_tables_and_never_the_page(page):
    page.set_viewport_size({"width": 390, "height": 844})
    assert page.evaluate("document.documentElement.scrollWidth") == 390
    assert page.evaluate("document.querySelector('#students .wide').scrollWidth") > 390
    page.locator(f"{ROWS} th a").first.click()
    page.locator("#read .row").first.wait_for()
    assert page.evaluate("document.querySelector('dialog').scrollWidth") <= 390
    assert page.evaluate("document.documentElement.scrollWidth") == 390


NAMED = {"link", "button", "searchbox", "combobox", "table", "region", "navigation", "dialog", "checkbox"}


def test_everything_that_can_be_used_has_a_name(page):
    page.locator(f"{ROWS} th a").first.click()
    page.locator("#read .row").first.wait_for()
    opened = nameless(page)
    page.keyboard.press("Escape")
    page.get_by_role("dialog").wait_for(state="hidden")
    assert opened == nameless(page) == []
    assert page.locator("table:not(:has(caption))").count() == 0
    assert page.locator("th:not([scope])").count() == 0
    levels = page.eval_on_selector_all("h1, h2, h3, h4", "headings => headings.map((one) => Number(one.tagName[1]))")
    assert levels[0] == 1
    assert all(after - before <= 1 for before, after in itertools.pairwise(levels))


def nameless(page: Any) -> list[str]:
    """What a screen reader would call by its role alone."""
    nodes = page.context.new_cdp_session(page).send("Accessibility.getFullAXTree")["nodes"]
    used = [node for node in nodes if not node["ignored"] and node["role"]["value"] in NAMED]
    assert len(used) > 5
    return [str(node) for node in used if not node.get("name", {}).get("value", "").strip()]


def test_without_scripts_all_rows_can_be_read(browser, path):
    context = browser.new_context(java_script_enabled=False)
    page = context.new_page()
    page.goto(path.as_uri())
    assert page.locator(ROWS).count() == STUDENTS
    assert "need JavaScript" in page.locator("noscript").inner_text()
    context.close()
