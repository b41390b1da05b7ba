"use strict";

// The page's state is in its address: `behind`, the key of a group of students; `part`, the id of a part; `student`,
// the id of a submission. So the back button works. Text of students is only ever set as text.

const find = (selector, within = document) => within.querySelector(selector);
const all = (selector, within = document) => [...within.querySelectorAll(selector)];
const plain = (text) => text.normalize("NFKD").replace(/\p{M}/gu, "").toLowerCase();
const counted = (count) => count.toLocaleString("en");
const collator = new Intl.Collator("en", { numeric: true, sensitivity: "base" });

function make(tag, attributes, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, value);
  element.append(...children);
  return element;
}

// Tables: search, sort, and only the first rows until more are asked for.

const MORE = 200; // rows

class SortedTable {
  constructor(table) {
    this.table = table;
    this.body = table.tBodies[0];
    this.rows = [...this.body.rows];
    this.texts = new Map(); // row -> what a search looks through
    this.limit = Number(table.dataset.limit) || Infinity;
    this.members = null; // the rows that a group of students leaves
    this.part = "";
    this.words = [];
    this.tools = find(`.tools[data-for="${table.id}"]`);
    if (this.tools) {
      this.tools.hidden = false;
      find("input", this.tools).addEventListener("input", (event) => {
        this.words = plain(event.target.value).split(/\s+/).filter(Boolean);
        this.show();
      });
    }
    this.more = make("button", { type: "button", class: "more" });
    this.more.addEventListener("click", () => this.showMore());
    table.parentElement.after(this.more);
    all("th[data-sort]", table).forEach((head) => this.addButton(head));
    this.show();
  }

  addButton(head) {
    const button = make("button", { type: "button" }, head.textContent.trim());
    button.addEventListener("click", () => this.sort(head));
    head.replaceChildren(button);
  }

  sort(head) {
    const first = head.dataset.sort === "number" ? "descending" : "ascending";
    const other = first === "ascending" ? "descending" : "ascending";
    const order = head.getAttribute("aria-sort") === first ? other : first;
    all("th[aria-sort]", this.table).forEach((sorted) => sorted.removeAttribute("aria-sort"));
    head.setAttribute("aria-sort", order);
    const sign = order === "ascending" ? 1 : -1;
    const value = (row) => {
      const cell = row.cells[head.cellIndex];
      return cell.dataset.value ?? cell.textContent.trim();
    };
    const number = (text) => (isNaN(text) ? -Infinity : Number(text));
    const compare =
      head.dataset.sort === "number" ? (a, b) => number(a) - number(b) || 0 : (a, b) => collator.compare(a, b);
    const keyed = this.rows.map((row) => [value(row), row]);
    this.rows = keyed.sort((a, b) => sign * compare(a[0], b[0])).map(([, row]) => row);
    this.body.append(...this.rows);
    this.show();
  }

  showMore() {
    const [cell] = this.matching[this.limit].cells;
    this.limit += MORE;
    this.show();
    cell.tabIndex = -1;
    cell.focus(); // the button may be gone
  }

  text(row) {
    if (!this.texts.has(row)) this.texts.set(row, plain(`${row.textContent} ${row.dataset.search || ""}`));
    return this.texts.get(row);
  }

  matches(row) {
    const isOfPart = !this.part || !row.dataset.part || row.dataset.part === this.part;
    const isBehind = !this.members || this.members.has(row.dataset.id);
    return isOfPart && isBehind && this.words.every((word) => this.text(row).includes(word));
  }

  // Show the rows that match, up to the limit.
  show() {
    this.matching = this.rows.filter((row) => {
      row.hidden = !this.matches(row);
      return !row.hidden;
    });
    const count = this.matching.length;
    this.matching.forEach((row, index) => row.classList.toggle("beyond", index >= this.limit));
    this.more.hidden = count <= this.limit;
    this.more.textContent = `Show ${Math.min(MORE, count - this.limit)} more`;
    if (!this.tools) return;
    const what = this.table.dataset.what;
    const of = count === this.rows.length ? "" : ` of ${counted(this.rows.length)}`;
    const said = `${counted(count)}${of} ${what}`;
    const status = find("[role=status]", this.tools);
    if (status.textContent !== said) status.textContent = said;
  }
}

const tables = all("table[data-what]").map((table) => new SortedTable(table));
const students = tables.find((table) => table.table.id === "students-table");

// The state and the address.

const groups = new Map(Object.entries(JSON.parse(find("#groups").textContent)));
const ids = students.rows.map((row) => row.dataset.id);
let state = {};
let isOpenedHere = false; // a step back leads to the page without the student

function parse(hash) {
  return Object.fromEntries([...new URLSearchParams(hash.slice(1))].filter(([, value]) => value));
}

function address(wanted) {
  const entries = Object.entries(wanted).filter(([, value]) => value);
  return `#${new URLSearchParams(entries)}`;
}

// Go to a state; the step back leads to the current one.
function go(change) {
  const wanted = { ...state, ...change };
  if (address(wanted) === address(state)) return render();
  history.pushState(null, "", address(wanted));
  state = wanted;
  render();
}

function render() {
  const group = groups.get(state.behind);
  find("#part").value = state.part || "";
  students.members = group ? new Set(group[1].map((place) => ids[place])) : null;
  find("#behind").hidden = !group;
  find("#behind span").textContent = group ? group[0] : "";
  const part = state.part || "";
  const tablesOfPart = part === shownPart ? [students] : tables;
  if (part !== shownPart) showPart(part);
  tablesOfPart.forEach((table) => table.show());
  renderStudent();
}

let shownPart = "";

function showPart(part) {
  shownPart = part;
  tables.forEach((table) => (table.part = part));
  for (const element of all("[data-part]:not(tr)")) element.hidden = Boolean(part) && element.dataset.part !== part;
  for (const task of all(".task")) {
    const count = all("li:not([hidden])", task).length;
    find(".badge", task).textContent = counted(count);
    task.hidden = count === 0;
  }
}

document.addEventListener("click", (event) => {
  const link = event.target.closest('a[href^="#"]');
  const isPlain = !(event.ctrlKey || event.metaKey || event.shiftKey || event.altKey);
  if (!link || !isPlain || !link.getAttribute("href").includes("=")) return;
  event.preventDefault();
  const change = Object.fromEntries(new URLSearchParams(link.getAttribute("href").slice(1)));
  isOpenedHere = Boolean(change.student);
  go(change);
  if ("behind" in change) {
    const title = find("#students-title");
    title.scrollIntoView();
    title.focus({ preventScroll: true });
  }
});

window.addEventListener("popstate", () => {
  if (location.hash && !location.hash.includes("=")) return; // a section: the filters stay
  state = parse(location.hash);
  isOpenedHere = false;
  render();
});

find("#part").addEventListener("change", (event) => go({ part: event.target.value }));
find(".part").hidden = false;

// A student's results.

const dialog = find("#student");
let results = null; // unpacked when the first student is opened: it is most of the page
let unpacking = null;
let opened = "";

const points = (number) => String(Math.round(number * 100) / 100);
const text = (indices) => indices.map((index) => results.lines[index]).join("\n");

async function unpack() {
  const bytes = Uint8Array.from(atob(find("#results").textContent), (character) => character.charCodeAt(0));
  const stream = new Blob([bytes]).stream().pipeThrough(new DecompressionStream("deflate"));
  results = await new Response(stream).json();
  renderStudent();
}

function row(index) {
  const [number, name, score, full, passed, visibility, part, output, kind, inputs, misconception] = results.rows[index];
  return { number, name, score, full, passed, visibility, part, output, kind, inputs, misconception };
}

function renderStudent() {
  const row = state.student && students.rows.find((row) => row.dataset.id === state.student);
  if (!row) {
    opened = "";
    if (dialog.open) dialog.close();
    return;
  }
  if (!results) {
    unpacking ??= unpack();
    return;
  }
  const key = `${state.student} ${state.part || ""}`;
  if (key !== opened) fillDialog(results.students[state.student]);
  opened = key;
  if (!dialog.open) {
    dialog.showModal();
    find("#student-name").focus();
  }
  const place = students.matching.indexOf(row);
  const count = students.matching.length;
  find("[role=status]", dialog).textContent = place < 0 ? "" : `${counted(place + 1)} of ${counted(count)}`;
  for (const button of all("[data-step]", dialog)) {
    button.disabled = place < 0 || !students.matching[place + Number(button.dataset.step)];
  }
}

function fillDialog(student) {
  const rows = student.rows.map(row).filter((row) => !state.part || row.part === state.part);
  const seen = rows.filter((row) => row.visibility === "visible");
  const unseen = rows.filter((row) => row.visibility !== "visible");
  find("#student-name").replaceChildren(make("bdi", {}, student.name));
  find("#read").replaceChildren(...asRead(student, seen));
  find("#staff").replaceChildren(...forStaff(student, rows, unseen));
  dialog.scrollTop = 0;
}

function asRead(student, rows) {
  if (student.score === null) return [make("p", {}, "Nothing: the grader failed.")];
  const total = `${points(student.score)} of ${points(results.full)} points`;
  const score = student.open ? total : "Some tests are not shown to the student yet, and so the total is not.";
  const failed = rows.filter((row) => !row.passed).length;
  const only = make("input", { type: "checkbox" });
  const list = make("div", {}, ...rows.map(asDetails));
  only.addEventListener("change", () => {
    for (const entry of list.children) entry.hidden = only.checked && entry.dataset.passed === "1";
  });
  const part = state.part ? [make("p", {}, `Tests of part ${find("#part").selectedOptions[0].text} alone:`)] : [];
  return [
    make("p", student.open ? { class: "score" } : {}, score),
    make("pre", { class: "output" }, text(student.output)),
    ...part,
    make("p", { class: "tools" }, make("label", {}, only, ` Failed tests only (${failed} of ${rows.length})`)),
    list,
  ];
}

function asDetails(row) {
  const verdict = row.passed ? "passed" : "failed";
  const score = `${points(row.score)}/${points(row.full)} `;
  const details = make(
    "details",
    { class: "row", "data-passed": row.passed },
    make(
      "summary",
      {},
      make("span", { class: "name" }, `${row.number} ${row.name}`),
      make("span", { class: "verdict" }, score, make("span", { class: verdict }, verdict)),
    ),
    make("pre", {}, text(row.output)),
  );
  details.open = !row.passed;
  return details;
}

function forStaff(student, rows, unseen) {
  const facts = [["Score", student.score === null ? "none" : points(student.score)], ...student.staff];
  const listed = facts.flatMap(([name, text]) => [make("dt", {}, name), make("dd", {}, text)]);
  const parts = [make("dl", { class: "facts" }, ...listed)];
  const failed = rows.filter((row) => !row.passed && row.kind);
  if (failed.length) parts.push(failures(failed));
  if (unseen.length) parts.push(make("h4", {}, "Tests that the student does not see now"), ...unseen.map(asUnseen));
  return parts;
}

function asUnseen(row) {
  const details = asDetails(row);
  find(".name", details).append(make("span", { class: "quiet" }, ` (${row.visibility.replaceAll("_", " ")})`));
  return details;
}

function failures(rows) {
  const head = ["Test", "What is wrong", "First failed with", "Misconception"];
  const cells = (row) => [row.kind, row.inputs ? `${row.inputs} inputs` : "", row.misconception];
  const table = make(
    "table",
    {},
    make("caption", {}, "Failed tests"),
    make("thead", {}, make("tr", {}, ...head.map((name) => make("th", { scope: "col" }, name)))),
    make(
      "tbody",
      {},
      ...rows.map((row) =>
        make("tr", {}, make("th", { scope: "row" }, row.number), ...cells(row).map((text) => make("td", {}, text))),
      ),
    ),
  );
  return make("div", { class: "wide", tabindex: "0", role: "region", "aria-label": "Table of failed tests" }, table);
}

dialog.addEventListener("close", () => {
  if (!state.student) return;
  if (isOpenedHere) history.back();
  else go({ student: "" });
});
find("[data-close]").addEventListener("click", () => dialog.close());
for (const button of all("[data-step]")) {
  button.addEventListener("click", () => {
    const shown = students.matching.map((row) => row.dataset.id);
    state.student = shown[shown.indexOf(state.student) + Number(button.dataset.step)];
    history.replaceState(null, "", address(state));
    render();
    if (button.disabled) find("#student-name").focus();
  });
}

// Paper: everything is shown, but messages only of the first rows.

let closed = [];
window.addEventListener("beforeprint", () => {
  closed = all("details:not([open])").filter((details) => !details.closest(".beyond"));
  closed.forEach((details) => (details.open = true));
});
window.addEventListener("afterprint", () => closed.forEach((details) => (details.open = false)));

state = parse(location.hash);
render();
