"""The engine on real submissions: the right one, none, broken ones and hostile ones.

Whatever a file does, the rows of all other deliverables keep their points, and every row is there with its maximum.
"""

import contextlib
import copy
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from pathlib import Path

import pytest

from autograder.bench.malicious import spliced
from autograder.grade import policy, results, slots, warden, zygote
from autograder.grade.engine import Engine, Grades
from autograder.grade.metadata import Metadata
from autograder.grade.overlay import overlay
from autograder.grade.sandbox import LAYERS
from autograder.grade.warden import CROWDED, SHARED_FOLDERS, Run, ZygoteDied
from autograder.grade.wire import Item
from autograder.prepare import catalogue, rehearsal
from autograder.prepare.catalogue import Misconception
from autograder.prepare.mistakes import activated
from harness.contract import Assignment
from harness.graded import GradedTest
from harness.hidden import TOLD_AS, WORDS, hidden_words
from harness.judge import Kind
from harness.run import run
from harness.submission.listed_files import read_tree
from tests.project.conftest import ROOT

ASSIGNMENT = Assignment.load(ROOT / "student" / "assignment.json")
SOLUTION = read_tree(ROOT / "solution", ASSIGNMENT)
SKELETON = read_tree(ROOT / "student", ASSIGNMENT)
RNN, LSTM, SEQ2SEQ = "models/naive/RNN.py", "models/naive/LSTM.py", "models/seq2seq/Seq2Seq.py"
TRANSFORMER = "models/Transformer.py"
STEP = "        N, T, _ = x.shape\n"  # the first line of the LSTM's forward
SMALL = {"naive.RNN": 6, "naive.LSTM": 14, "transformer.feedforward": 4}  # deliverable -> its points


@pytest.fixture(scope="module")
def small(engine: Engine) -> Engine:
    """The same engine with every other test of three files and one hidden seed: enough to see who harms whom."""
    return only(engine, [test for id in SMALL for test in engine.kit.tests_of(ASSIGNMENT.deliverable(id))[::2]])


def only(engine: Engine, tests: Iterable[GradedTest]) -> Engine:
    """The same engine, grading fewer tests, with one hidden seed."""
    fewer = copy.copy(engine)
    fewer.kit = replace(engine.kit, tests=tuple(tests), seeds=engine.kit.seeds[:2])
    return fewer


@pytest.fixture
def bare(small: Engine) -> Iterator[Engine]:
    """The small kit as on a system without landlock and seccomp: what the other layers hold there."""
    small.warden.layers = ()
    yield small
    small.warden.layers = LAYERS


def change(path: str, before: str, after: str) -> dict[str, bytes]:
    """The solution with one piece of one file replaced."""
    text = SOLUTION[path].decode()
    assert text.count(before) == 1
    return {**SOLUTION, path: text.replace(before, after).encode()}


def mistaken(entry: Misconception) -> dict[str, bytes]:
    """The solution with a misconception in it."""
    return {**SOLUTION, entry.file: catalogue.apply(entry, SOLUTION[entry.file].decode()).encode()}


def in_forward(attack: str) -> dict[str, bytes]:
    """The solution with lines put before the first one of the LSTM's forward."""
    lines = "".join(f"        {line}\n" for line in attack.strip("\n").split("\n"))
    return change(LSTM, STEP, lines + STEP)


def at_import(attack: str, path: str = LSTM) -> dict[str, bytes]:
    """The solution with lines at the end of one file."""
    return {**SOLUTION, path: SOLUTION[path] + f"\n\n{attack.strip()}\n".encode()}


def others_are_whole(grades: Grades, id: str) -> None:
    """Every deliverable of the small kit but one has all its points."""
    scores = {deliverable: points(grades, deliverable) for deliverable in SMALL if deliverable != id}
    assert scores == {deliverable: pytest.approx(full) for deliverable, full in SMALL.items() if deliverable != id}


def points(grades: Grades, id: str) -> float:
    return sum(row.score for row in grades.rows if row.test.module == ASSIGNMENT.deliverable(id).tests)


def messages(grades: Grades, id: str) -> list[str]:
    """What is said in a deliverable's rows that got no points."""
    module = ASSIGNMENT.deliverable(id).tests
    return [row.verdict.message for row in grades.rows if row.test.module == module and not row.verdict.passed]


def complete(engine: Engine, grades: Grades) -> None:
    """Every graded test has its row with its full maximum, and points only where it passed."""
    assert [row.test for row in grades.rows] == list(engine.kit.tests)
    for row in grades.rows:
        assert row.max_score == engine.kit.points[row.test.key] > 0
        assert row.score == (row.max_score if row.verdict.passed else 0)
        assert row.verdict.passed or row.verdict.message


def only_costs(engine: Engine, files: dict[str, bytes], id: str) -> list[str]:
    """Grade; demand that exactly one deliverable loses points, that nobody is left over; return what is said."""
    grades = engine.grade(files)
    complete(engine, grades)
    lost = {row.test.module for row in grades.rows if not row.verdict.passed}
    assert lost == {ASSIGNMENT.deliverable(id).tests}, {row.test.key: row.verdict for row in grades.rows}
    assert left_over(engine) == []
    return messages(grades, id)


def left_over(engine: Engine) -> list[str]:
    """Processes and files of the student's user that outlived their child; a killed process may take a moment."""
    user = engine.warden.user
    for _ in range(100):
        running = [path for path in Path("/proc").iterdir() if path.name.isdigit() and runs_as(path) == user]
        if not running:
            break
        time.sleep(0.02)
    folders = filter(Path.is_dir, map(Path, SHARED_FOLDERS))
    files = [path for folder in folders for path in folder.iterdir() if owner(path) == user]
    return list(map(str, files + running))


def owner(path: Path) -> int:
    with contextlib.suppress(OSError):
        return path.lstat().st_uid
    return -1


def runs_as(process: Path) -> int:
    """The real user of a process that is more than an entry which nobody has collected yet; the killer's is another."""
    with contextlib.suppress(OSError):
        fields = dict(line.split(":", 1) for line in (process / "status").read_text().splitlines())
        return int(fields["Uid"].split()[0]) if fields["State"].split()[0] != "Z" else -1
    return -1


# The whole assignment.


def test_the_solution_gets_full_marks(patient):
    grades = patient.grade(SOLUTION)
    complete(patient, grades)
    assert [row.test.key for row in grades.rows if not row.verdict.passed] == []
    assert round(sum(row.score for row in grades.rows), 2) == sum(
        deliverable.points for deliverable in ASSIGNMENT.deliverables
    )
    assert not grades.printed


def test_the_skeleton_gets_nothing_and_is_told_where_to_begin(engine):
    started = time.monotonic()
    grades = engine.grade(SKELETON)
    complete(engine, grades)
    assert sum(row.score for row in grades.rows) == 0
    assert {row.verdict.kind for row in grades.rows} == {Kind.NOT_STARTED}
    assert messages(grades, "naive.RNN")[0].startswith(f"Not started: RNN ({RNN}:")
    assert time.monotonic() - started < 2  # nothing of it needs to run


@pytest.mark.parametrize("files", [{}, {"essay.txt": b""}])
def test_nothing_gets_nothing_and_is_said_in_every_row(engine, files):
    grades = engine.grade(files)
    complete(engine, grades)
    assert {row.verdict.message for row in grades.rows} == {
        f"no file of this assignment is here: expected {RNN} and so on."
    }


def test_several_broken_files_cost_only_themselves(engine):
    """A patch that breaks other files' imports, an end of the process, a loop and a syntax error at once."""
    files = {
        **SOLUTION,
        RNN: SOLUTION[RNN] + b"\n\nnn.Module = None\n",
        LSTM: in_forward("torch.os._exit(3)")[LSTM],
        SEQ2SEQ: change(SEQ2SEQ, "outputs = []", "outputs = list(iter(int, 1))")[SEQ2SEQ],
        TRANSFORMER: SOLUTION[TRANSFORMER].replace(b"-> Tensor:", b"-> Tensor", 1),
    }
    fewer = only(engine, [test for d in ASSIGNMENT.deliverables for test in engine.kit.tests_of(d)[::3]])
    grades = fewer.grade(files)
    complete(fewer, grades)
    for deliverable in ASSIGNMENT.deliverables:
        intact = deliverable.file not in {LSTM, SEQ2SEQ, TRANSFORMER}
        assert intact == (not messages(grades, deliverable.id)), deliverable.id
    assert points(grades, "transformer.embedding") == 0
    assert "Python cannot read" in messages(grades, "transformer.embedding")[0]
    assert any("out of time" in message or "memory" in message for message in messages(grades, "seq2seq.Seq2Seq"))
    assert left_over(engine) == []


def test_an_integration_test_names_the_piece_that_fails(engine):
    encoder, seq2seq = (
        engine.kit.tests_of(ASSIGNMENT.deliverable(f"seq2seq.{name}")) for name in ("Encoder", "Seq2Seq")
    )
    fewer = only(engine, encoder[:1] + [test for test in seq2seq if test.integration])
    grades = fewer.grade(at_import("1 / 0", "models/seq2seq/Encoder.py"))
    texts = messages(grades, "seq2seq.Seq2Seq")
    assert texts
    assert all(message.startswith("This test uses your Encoder (2.1), which does not pass yet.\n") for message in texts)


# One file goes wrong at import: its deliverable gets nothing and says why, the others lose nothing.

IMPORTS = {
    "an exception": ("1 / 0", ", in <module>: ZeroDivisionError: division by zero"),
    "SystemExit": ("torch.sys.exit(3)", "SystemExit: 3"),
    "KeyboardInterrupt": ("raise KeyboardInterrupt", "KeyboardInterrupt"),
    "an end": ("torch.os._exit(0)", f"{LSTM}: Your code ended its process (exit status 0)"),
    "a crash": ("torch.ctypes.string_at(0)", "killed by signal 11"),
    "a closed channel": ("torch.os.close(3)", "Your code ended its process (exit status 1)"),
    "garbage": ("torch.os.write(3, b'garbage' * 9)", "Your code wrote to the grader's result channel."),
    "a todo": ("raise NotImplementedError('later')", "NotImplementedError: later"),
}


@pytest.mark.parametrize(("attack", "words"), IMPORTS.values(), ids=IMPORTS)
def test_a_file_that_fails_at_import(small, attack, words):
    texts = only_costs(small, at_import(attack), "naive.LSTM")
    assert len(texts) == len(small.kit.tests_of(ASSIGNMENT.deliverable("naive.LSTM")))
    (message,) = set(texts)
    assert message.startswith("The file cannot be imported, so none of its tests can run.\n")
    assert words in message


def test_a_file_that_never_ends_at_import(small):
    (message,) = set(only_costs(small, at_import("while True:\n    pass", RNN), "naive.RNN"))
    assert message.endswith(f"{RNN}: Your code ran out of time: is there a loop that does not end?")


def test_a_syntax_error_names_its_line(small):
    files = change(LSTM, STEP, STEP + "        h ==\n")
    line = files[LSTM].decode().split("\n").index("        h ==") + 1
    texts = only_costs(small, files, "naive.LSTM")
    assert all(message.startswith(f"{LSTM}:{line}: Python cannot read `h ==`: invalid syntax.") for message in texts)


def test_a_missing_file_is_named(small):
    files = {path: content for path, content in SOLUTION.items() if path != LSTM}
    assert all(
        message.startswith(f"{LSTM}: this file is missing.") for message in only_costs(small, files, "naive.LSTM")
    )


@pytest.mark.parametrize(
    "patch",
    ["torch.tanh = torch.zeros_like", "nn.Module = None", "torch.sys.modules['torch'] = None", "torch.Tensor = int"],
)
def test_what_one_file_does_to_torch_does_not_reach_the_others(small, patch):
    grades = small.grade(at_import(patch, RNN))
    complete(small, grades)
    others_are_whole(grades, "naive.RNN")


# One function goes wrong.

FORWARDS = {
    "an end": ("torch.os._exit(3)", "Your code ended its process (exit status 3), so nothing could be compared."),
    "SystemExit": ("torch.sys.exit('bye')", "SystemExit: bye"),
    "KeyboardInterrupt": ("raise KeyboardInterrupt", ", in forward\n  KeyboardInterrupt"),
    "GeneratorExit": ("raise GeneratorExit", "GeneratorExit"),
    "a crash": ("torch.ctypes.string_at(0)", "killed by signal 11"),
    "an abort": ("torch.os.abort()", "killed by signal 6"),
    "recursion": ("return self.forward(x, states)", "RecursionError: maximum recursion depth exceeded"),
    "a huge tensor": ("torch.zeros(10**12)", "can't allocate memory"),
    "a huge list": ("[0] * 10**10", "MemoryError"),
    "a growing list": ("junk = [bytes(1 << 20) for _ in range(10**6)]", "MemoryError"),
    "garbage": ("torch.os.write(3, b'garbage' * 9)", "Your code wrote to the grader's result channel."),
    "None": ("return None", "TypeError: cannot unpack non-iterable NoneType object"),
    "one tensor": ("return x.sum(dim=1)", ""),
    "a triple": ("return (x[:, 0],) * 3", "ValueError: too many values to unpack (expected 2)"),
    "numbers": ("return 1.0, 2.0", "expected a tensor of shape"),
    "a subclass": (
        "class T(torch.Tensor): __eq__ = lambda self, other: True\nreturn x[:, 0].as_subclass(T), x[:, 0]",
        "(T).",
    ),
    "NaN": ("x = x * float('nan')", "of the values are not finite."),
    "double precision": ("return (x[:, 0, :1].double().expand(-1, self.hidden_size),) * 2", "expected dtype float32"),
    "a closed channel": ("torch.os.close(3)", "Your code ended its process (exit status 1)"),
    "its own files gone": ("torch.os.remove(__file__)", "PermissionError"),
    "a fork": ("torch.os.fork()", "PermissionError: [Errno 1] Operation not permitted"),
    "a program": ("torch.os.execv('/bin/true', ['true'])", "PermissionError: [Errno 1] Operation not permitted"),
    "a connection": ("torch.sys.modules['socket'].socket()", "PermissionError: [Errno 1] Operation not permitted"),
}


@pytest.mark.parametrize(("attack", "words"), FORWARDS.values(), ids=FORWARDS)
def test_a_function_that_fails(small, attack, words):
    texts = only_costs(small, in_forward(attack), "naive.LSTM")
    assert any(words in message for message in texts), texts


def test_a_loop_without_end_costs_its_deliverable_and_no_more_time_than_allowed(small):
    started = time.monotonic()
    texts = only_costs(small, in_forward("while True:\n    pass"), "naive.LSTM")
    limits, slow = small.limits, small.warden.slow
    assert time.monotonic() - started < CROWDED * ((limits.timeouts + 1) * limits.test_seconds * slow + 10)
    assert sum("Your code ran out of time: is there a loop" in message for message in texts) == limits.timeouts
    assert set(texts[limits.timeouts :]) == {"Not run: too many tests of this deliverable ran out of time."}


WORKS = "while torch.sys.modules['time'].process_time() < {0}:\n    pass"


def test_a_busy_machine_costs_no_test_its_time(small, monkeypatch):
    """Beside three loops on the only processor a child takes four times as long, of which only its own part counts."""
    limits = replace(small.limits, test_seconds=0.5)
    monkeypatch.setattr(small.warden, "limits", limits)
    files = at_import(WORKS.format(0.6 * limits.test_seconds * small.warden.slow))
    zygote_pid, all_processors = small.warden._process.pid, os.sched_getaffinity(0)
    one_processor = {min(all_processors)}
    os.sched_setaffinity(zygote_pid, one_processor)  # its children take that over
    code = f"import os\nos.sched_setaffinity(0, {one_processor})\nwhile True: pass"
    loops = [subprocess.Popen([sys.executable, "-S", "-c", code]) for _ in range(3)]
    try:
        with overlay(small.kit.root / "student", files, small.warden.user) as tree:
            started = time.monotonic()
            result = small.warden.run(tree, [Item("import", "models.naive.LSTM")], time.monotonic() + 100)
            seconds = time.monotonic() - started
    finally:
        for loop in loops:
            loop.kill()
            loop.wait()
        os.sched_setaffinity(zygote_pid, all_processors)
    assert (result.end, result.outcomes[0].fault) == ("done", None)
    assert seconds > limits.test_seconds * small.warden.slow  # else nothing was to be seen


def test_who_seems_to_wait_for_a_processor_for_ever_is_ended_too(small, monkeypatch):
    """Threads of the child itself may keep the processors busy."""
    limits = replace(small.limits, test_seconds=0.2)
    monkeypatch.setattr(small.warden, "limits", limits)
    monkeypatch.setattr(warden, "waited_for_processor", lambda pid: time.monotonic())
    with overlay(small.kit.root / "student", at_import("while True:\n    pass"), small.warden.user) as tree:
        started = time.monotonic()
        result = small.warden.run(tree, [Item("import", "models.naive.LSTM")], time.monotonic() + 100)
    assert result.end == "timeout"
    assert time.monotonic() - started < CROWDED * limits.test_seconds * small.warden.slow + 10


def test_blocked_signals_do_not_help(small):
    attack = "torch.sys.modules['signal'].pthread_sigmask(0, range(1, 65))\nwhile True:\n    pass"
    assert any("out of time" in message for message in only_costs(small, in_forward(attack), "naive.LSTM"))


def test_the_overall_deadline_leaves_rows_that_say_so(small, monkeypatch):
    monkeypatch.setattr(small, "limits", replace(small.limits, overall_seconds=0.0))
    grades = small.grade(SOLUTION)
    complete(small, grades)
    assert sum(row.score for row in grades.rows) == 0


def test_threads_left_running_do_no_harm(small):
    attack = """
threading = torch.sys.modules["threading"]
if threading.active_count() < 9:
    threading.Thread(target=threading.Event().wait).start()
"""
    grades = small.grade(in_forward(attack))
    assert points(grades, "naive.LSTM") == pytest.approx(14)
    assert left_over(small) == []


@pytest.mark.needs("root")
def test_a_process_left_in_the_background_is_dead_afterwards(bare):
    attack = """
if torch.os.fork() == 0:
    torch.os.setsid()
    torch.sys.modules["time"].sleep(600)
"""
    grades = bare.grade(at_import(attack))
    assert points(grades, "naive.LSTM") == pytest.approx(14)  # the process that goes on shows what is right
    assert left_over(bare) == []


@pytest.mark.needs("root")
def test_a_child_that_ends_before_a_lasting_fork_of_it_costs_only_itself(bare):
    attack = (
        "if torch.os.fork() == 0:\n    torch.os.setsid()\n    torch.sys.modules['time'].sleep(600)\ntorch.os._exit(5)"
    )
    assert any("exit status 5" in message for message in only_costs(bare, in_forward(attack), "naive.LSTM"))


TRACER = """
if torch.os.fork() == 0:
    libc, child = torch.ctypes.CDLL(None), torch.os.getppid()
    torch.os.setsid()
    if libc.ptrace(0x4206, child, 0, 0) != 0:
        torch.os._exit(0)
    while True:
        torch.sys.modules["time"].sleep(0.01)
torch.sys.modules["time"].sleep(0.2)
torch.os._exit(7)
"""


@pytest.mark.needs("root")
def test_a_process_that_traces_a_dying_child_does_not_hide_its_end(bare):
    """A traced process cannot be collected by its parent before the tracer has ended."""
    texts = only_costs(bare, in_forward(TRACER), "naive.LSTM")
    assert all(
        text.endswith("Your code ended its process (exit status 7), so nothing could be compared.") for text in texts
    )


@pytest.mark.needs("root")
def test_processes_that_multiply_are_all_ended(bare, monkeypatch):
    monkeypatch.setattr(bare.warden, "limits", replace(bare.limits, test_seconds=0.2))  # they use up every second
    attack = (
        "for _ in range(300):\n    try:\n        torch.os.fork()\n    except OSError:\n        pass\nwhile True: pass"
    )
    grades = bare.grade(at_import(attack))
    others_are_whole(grades, "naive.LSTM")
    assert left_over(bare) == []


@pytest.mark.needs("root")
def test_a_folder_of_any_depth_is_removed(bare):
    """In the child's own folder, where it may write: deeper than Python's own removal goes."""
    attack = f"""
for _ in range({sys.getrecursionlimit() + 100}):
    torch.os.mkdir("d")
    torch.os.chdir("d")
"""
    assert messages(bare.grade(at_import(attack)), "naive.LSTM") == []
    assert left_over(bare) == []  # its home is the user's own, and in /tmp


@pytest.mark.needs("root")
def test_system_v_objects_do_not_outlive_a_child(bare):
    attack = """
_libc = torch.ctypes.CDLL(None)
if min(_libc.shmget(0, 4096, 0o1600), _libc.semget(0, 1, 0o1600), _libc.msgget(0, 0o1600)) < 0:
    raise OSError("none to be had here")
"""

    def objects() -> list[str]:
        lines = [
            line for kind in ("shm", "sem", "msg") for line in Path("/proc/sysvipc", kind).read_text().splitlines()
        ]
        return [line for line in lines if str(bare.warden.user) in line.split()]

    assert messages(bare.grade(at_import(attack)), "naive.LSTM") == []
    assert objects() == []


def test_a_flood_of_print_is_drained_and_noted(small):
    grades = small.grade(in_forward("print('x' * 10_000_000)"))
    assert points(grades, "naive.LSTM") == pytest.approx(14)
    assert grades.printed


@pytest.mark.parametrize("files", [in_forward("print('hello')"), at_import("print('hello')")], ids=["test", "import"])
def test_one_small_print_is_noted(small, files):
    assert small.grade(files).printed
    assert not small.grade(SOLUTION).printed


PRINTED = {
    "to the errors": ("print('hello', file=torch.sys.stderr)", True),
    "a line that is not ended": ("torch.sys.stderr.write('hello')", True),
    "by descriptor": ("torch.os.write(1, b'hello')", True),
    "by native code, of its own accord": ("torch.os.write(2, b'libgomp: hello')", False),
}


@pytest.mark.parametrize(("code", "printed"), PRINTED.values(), ids=PRINTED)
def test_what_python_writes_is_printed_whichever_way(small, code, printed):
    assert small.grade(at_import(code)).printed == printed


def test_what_a_dying_child_has_written_does_not_count(small):
    grades = small.grade(in_forward("print('dying', flush=True)\ntorch.os._exit(1)"))
    others_are_whole(grades, "naive.LSTM")
    assert not grades.printed


def test_who_prints_cannot_have_it_forgotten_by_dying_later(small):
    """The first file prints while it is imported; tests of the second end every child in which they run."""
    files = {**in_forward("torch.os._exit(1)"), RNN: at_import("print('hello')", RNN)[RNN]}
    grades = small.grade(files)
    others_are_whole(grades, "naive.LSTM")
    assert grades.printed


# What a laptop has and a child has not: threads, a compiler, and all of Python at any time.

THREADS = """
torch.set_num_threads(8)
torch.set_num_interop_threads(8)
torch._C.set_num_threads(8)
torch.ones(1 << 20).exp().sum(), torch.ones(700, 700) @ torch.ones(700, 700)
"""
COUNTED = "if len(torch.os.listdir('/proc/self/task')) > 1:\n    raise RuntimeError('threads')"


@pytest.mark.parametrize("files", [at_import(THREADS), in_forward(THREADS)], ids=["import", "test"])
def test_who_asks_for_threads_gets_none_and_has_not_printed(small, files):
    grades = small.grade(files)
    assert [row.verdict for row in grades.rows if not row.verdict.passed] == []
    assert not grades.printed


def test_no_thread_of_torchs_starts(bare):
    assert messages(bare.grade(in_forward(f"{THREADS}{COUNTED}")), "naive.LSTM") == []


COMPILED = {
    "a function": "@torch.compile",
    "with options": "@torch.compile(dynamic=True, mode='max-autotune')",
    "never": "@torch.compiler.disable",
}


@pytest.mark.usefixtures("patient")  # torch.compiler imports torch._dynamo, 1.6 s of CPU
@pytest.mark.parametrize("decorator", COMPILED.values(), ids=COMPILED)
def test_a_compiled_function_is_right_at_once(small, decorator):
    line = next(line for line in SOLUTION[LSTM].decode().splitlines() if line.startswith("    def forward("))
    grades = small.grade(change(LSTM, line, f"    {decorator}\n{line}"))
    assert messages(grades, "naive.LSTM") == []
    assert not grades.printed


MODULES = """
class Whole(nn.Module):
    def __init__(self):
        super().__init__()
        self.layer = torch.compile(nn.Linear(2, 2))
        self.other = nn.Linear(2, 2)
        self.other.compile()

    def forward(self, x):
        return scripted(self.other(torch.compile(self.layer, fullgraph=True)(x)))

def _tanh(x: torch.Tensor) -> torch.Tensor:
    return torch.tanh(x)

scripted = torch.jit.script(_tanh)
if list(dict(Whole().named_parameters())) != ["layer.weight", "layer.bias", "other.weight", "other.bias"]:
    raise RuntimeError("renamed")
for _ in range(3):
    Whole()(torch.ones(3, 2)).sum().backward()
"""


def test_compiled_modules_and_scripted_functions_run(patient):
    with overlay(patient.kit.root / "student", at_import(MODULES), patient.warden.user) as tree:
        result = patient.warden.run(tree, [Item("import", "models.naive.LSTM")], time.monotonic() + 60)
    assert [outcome.fault for outcome in result.outcomes.values()] == [None]


def test_a_part_of_numpy_may_be_imported_when_a_model_is_made(small):
    """It asks for `secrets`, which a child cannot read where Python lies in a closed home."""
    init = "        super().__init__()\n"
    files = change(RNN, init, f"{init}        import numpy as np\n        np.random.seed(0)\n")
    assert messages(small.grade(files), "naive.RNN") == []


def test_a_warning_about_syntax_is_nothing_that_is_printed(small):
    """Python writes one where a string has a backslash that means nothing, as LaTeX has in a docstring."""
    grades = small.grade({**SOLUTION, LSTM: SOLUTION[LSTM] + b'\n\nEQUATION = "\\sigma"\nODD = 1 is 1\n'})
    assert not grades.printed
    assert all(row.verdict.passed for row in grades.rows)


# Forged results: they are compared, not believed.

FORGE = """
wire, outcome = (torch.sys.modules[name] for name in ("autograder.grade.wire", "harness.outcome"))
for index in range(500):
    torch.os.write(3, wire.pack(index, {payload}))
"""
FORGERIES = {
    "zeros": "outcome.encode({'': outcome.Outcome({name: torch.zeros(4, 5).numpy() for name in 'hc'})})",
    "nothing shown": "outcome.encode({'': outcome.Outcome()})",
    "facts": "outcome.encode({'': outcome.Outcome({'h': 'right', 'c': 'right'})})",
    "garbage in a frame": "b'garbage'",
    "an empty frame": "b''",
    "deep nesting": "b'[' * 100000",
    "two identifiers": "outcome.encode({'': outcome.Outcome(), 'other': outcome.Outcome()})",
}


@pytest.mark.parametrize("payload", FORGERIES.values(), ids=FORGERIES)
def test_forged_frames_gain_nothing(small, payload):
    """Forged for all items at once, where a wrong result follows."""
    forward = in_forward(FORGE.format(payload=payload))
    texts = only_costs(
        small, {**forward, LSTM: forward[LSTM].replace(b"h = o * torch.tanh(c)", b"h = o")}, "naive.LSTM"
    )
    assert len(texts) >= 3


def test_frames_forged_at_import_gain_nothing(small):
    payload = FORGERIES["zeros"]
    grades = small.grade(at_import(FORGE.format(payload=payload) + "\nLSTM = None"))
    complete(small, grades)
    assert points(grades, "naive.LSTM") == 0
    others_are_whole(grades, "naive.LSTM")


@pytest.mark.parametrize("length", [8 << 20, (8 << 20) + 1])
def test_a_frame_of_megabytes_is_no_result(small, length):
    attack = f"""
torch.os.write(3, torch.sys.modules["autograder.grade.wire"].HEAD.pack(b"SHOW", 0, {length}))
while True:
    torch.os.write(3, bytes(1 << 16))
"""
    texts = only_costs(small, in_forward(attack), "naive.LSTM")
    assert all("not an outcome" in message or "result channel" in message for message in texts)


# What student code can reach.


@pytest.mark.needs("root")
def test_neither_answers_nor_results_nor_the_kit_can_be_reached(small, layout):
    source = layout / "source"
    wanted = [*source.glob("answers/*"), source / "kit.json", source / "autograder/grade/engine.py", ROOT / ".git"]
    unwritable = [layout / "results" / "results.json", source / "answers" / "new", layout / "submission" / "new"]
    attack = f"""
def tries(path, mode):
    try:
        with open(path, mode):
            return True
    except OSError:
        return False
reached = [path for path in {list(map(str, wanted))} if tries(path, "rb")]
reached += [path for path in {list(map(str, unwritable))} if tries(path, "w")]
if reached:
    raise RuntimeError(f"reached {{reached}}")
if torch.os.environ.keys() - {{"HOME", "TMPDIR", "PATH", "LANG", "USER"}}:
    raise RuntimeError(str(torch.os.environ))
for descriptor in range(4, 256):
    try:
        torch.os.fstat(descriptor)
    except OSError:
        continue
    raise RuntimeError(f"{{descriptor}} is open")
"""
    grades = small.grade(at_import(attack))
    assert messages(grades, "naive.LSTM") == []
    assert not any(path.exists() for path in unwritable)


@pytest.mark.needs("root")
def test_the_probe_finds_nothing_open_and_says_what_is(engine, layout, tmp_path):
    closed = [str(layout / "source" / "answers"), str(layout / "results")]
    assert engine.probe([*closed, "/etc/passwd"], [str(layout / "results"), "/tmp"], []) == []
    (problem,) = engine.probe(["/usr/lib/os-release"], [], [])
    assert problem.startswith("not isolated: student code can read /usr/lib/os-release")
    (problem,) = engine.probe([], ["/dev/null"], [])
    assert problem == "not isolated: student code can write to /dev/null"
    (note,) = engine.probe([], [], [str(layout / "source" / "kit.json")])
    assert note.startswith("note: student code cannot read ")


LATE = ("safetensors.torch", "torch.utils.benchmark", "models.Transformer")  # of what nobody has thought of before
STANDARD = ("secrets", "encodings.idna", "unittest.mock", "concurrent.futures.process", "xml.dom.minidom", "sqlite3")


def test_all_that_may_be_imported_can_be_imported_late(patient):
    """Every module of the rubric, and what they and their parts import in turn, though Python's home may be closed."""
    names = [*ASSIGNMENT.allowed_imports, *zygote.LATE, *LATE, *STANDARD]
    with overlay(patient.kit.root / "student", SOLUTION, patient.warden.user) as tree:
        result = patient.warden.run(tree, [Item("import", name) for name in names], time.monotonic() + 100)
    assert result.end == "done"
    assert {names[index]: outcome.fault for index, outcome in result.outcomes.items() if outcome.fault} == {}


def test_what_is_closed_to_children_is_imported_beforehand(tmp_path):
    """Python and its packages alike, in a process of its own, where everything counts as closed."""
    script = (
        "from autograder.grade import zygote; import sys; zygote.closed = lambda path: True; zygote.import_closed()"
    )
    script += f"; print(*{{*zygote.LATE, *{STANDARD}}} - sys.modules.keys(), sep='')"
    result = subprocess.run([sys.executable, "-c", script], cwd=ROOT, capture_output=True, text=True, check=True)
    assert (result.stdout, result.stderr) == ("\n", "")
    home = tmp_path / "home"
    (home / "lib").mkdir(parents=True)
    (home / "lib" / "os.py").touch()
    assert zygote.closed(str(home / "lib" / "os.py"))  # below pytest's folder, which is closed
    assert not zygote.closed("/usr/lib/os-release")


def test_a_closed_folder_in_tmpdir_costs_nobody_anything(small, tmp_path, monkeypatch):
    """pytest's own temporary folders, as here, are closed to other users."""
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    assert all(row.verdict.passed for row in small.grade(SOLUTION).rows)


@pytest.mark.needs("root")
def test_only_the_slots_user_can_read_a_submission(engine):
    with overlay(engine.kit.root / "student", SOLUTION, engine.warden.user) as tree:
        folder = tree.parent.stat()
        assert (folder.st_uid, folder.st_gid, folder.st_mode & 0o777) == (0, engine.warden.user, 0o750)


@pytest.mark.needs("root")
def test_files_of_one_child_do_not_reach_the_next(bare):
    """What the imported file leaves anywhere must be gone when the tests run."""
    attack = """
for folder in ("/tmp", "/var/tmp", "/dev/shm", torch.os.environ["HOME"]):
    if torch.os.path.exists(folder + "/left-by-a-test"):
        raise RuntimeError("it is still there: " + folder)
    open(folder + "/left-by-a-test", "w").close()
"""
    assert messages(bare.grade(at_import(attack)), "naive.LSTM") == []


# Hidden rows: what is right for the published values only gets nothing, and secrets stay secret.


@pytest.fixture(scope="module")
def public_sums(engine: Engine) -> list[float]:
    tests = engine.kit.tests_of(ASSIGNMENT.deliverable("naive.LSTM"))
    return public_inputs(tests, engine.answers["public"].seeds)


def public_inputs(tests: Iterable[GradedTest], seeds: Mapping[str, str]) -> list[float]:
    """A number by which each public input of the LSTM can be told from a hidden one.

    Args:
        tests: those of the LSTM.
        seeds: identifier of a test and case -> its public seed.
    """
    sums: list[float] = []
    with activated(ROOT / "solution") as tree:
        lstm = tree.models.naive.LSTM.LSTM
        forward = lstm.forward
        lstm.forward = lambda self, x, states=None: sums.append(round(x.sum().item(), 3)) or forward(self, x, states)
        for test in tests:
            for case in test.cases:
                name = test.identifier(case)
                assert run(test.function(), tree, name, seeds[name], case.arguments).fault is None
    return sorted(set(sums))


HIDDEN = "if round(x.sum().item(), 3) not in {public_sums}:\n    {attack}"  # else as the solution
LEAKS = {
    "wrong values": ("x = x * 0.9", Kind.VALUES),
    "a wrong shape": ("x = x[:1]\n    states = None", Kind.SHAPE),
    "an exception": ("raise ValueError(str(x.sum().item()))", Kind.FAULT),
    "an exit status": ("torch.os._exit(37)", Kind.FAULT),
    "a signal": ("torch.os.kill(torch.os.getpid(), 10)", Kind.FAULT),
    "a fact": ("return str(x.sum().item()), str(x.sum().item())", Kind.FORM),
    "a todo": ("raise NotImplementedError('naive.LSTM')", Kind.NOT_STARTED),
    "a talking todo": ("raise NotImplementedError(str(x.sum().item()))", Kind.FAULT),
    "garbage": ("torch.os.write(3, b'garbage' * 9)", Kind.FAULT),
    "NaN": ("x = x * float('nan')", Kind.NOT_FINITE),
}


@pytest.mark.parametrize(("attack", "kind"), LEAKS.values(), ids=LEAKS)
def test_what_is_right_for_public_values_only_gets_fixed_words(small, public_sums, attack, kind):
    texts = only_costs(small, in_forward(HIDDEN.format(public_sums=public_sums, attack=attack)), "naive.LSTM")
    assert len(texts) >= 3  # all tests that call forward
    assert set(texts) <= {sentence for test in small.kit.tests for sentence in sentences(small, test)}
    assert any(WORDS[TOLD_AS.get(kind, kind)] in message for message in texts)


def sentences(engine: Engine, test: GradedTest) -> set[str]:
    """All that can be said of a test that fails with hidden inputs only."""
    names = [test.identifier(case) for case in test.cases]
    public, *hidden = ([engine.answers[seed].outcomes[name] for name in names] for seed in engine.kit.seeds)
    return {
        hidden_words(kind, public, hidden, failed, test.size_names) for kind in WORDS for failed in range(len(hidden))
    }


SPEAKS = """
_forward = VanillaRNN.forward

def forward(self, input, hidden):
    frame = torch.sys._getframe()
    while frame and not ("seed" in frame.f_locals and "identifier" in frame.f_locals):
        frame = frame.f_back
    seed = frame.f_locals["seed"] if frame else "0"
    if "~{kind}" in seed and (input.size(0) == 1) == {single_row}:
        return None
    return _forward(self, input, hidden)

VanillaRNN.forward = forward
"""


def test_which_case_and_seed_fail_is_not_told(engine):
    """But for whether sizes matter: a submission knows the seed, and could fail as its next digits say."""
    test = next(test for test in engine.kit.tests if test.number == "1.1.2")
    assert len(test.cases) > 1
    fewer = copy.copy(engine)
    fewer.kit = replace(engine.kit, tests=(test,))
    texts = {
        (kind, single_row): messages(
            fewer.grade(at_import(SPEAKS.format(kind=kind, single_row=single_row), RNN)), "naive.RNN"
        )
        for kind in ("same", "other")
        for single_row in (True, False)
    }
    assert all(len(group) == 1 for group in texts.values())
    assert texts["same", True] == texts["same", False] != texts["other", True] == texts["other", False]
    assert len(sentences(engine, test)) <= 8


def test_a_table_of_the_published_values_gets_nothing(small, engine):
    """The outputs of every public test, returned whatever comes in, pay in no row that compares outputs."""
    answers = {
        name: value.tolist()
        for outcome in engine.answers["public"].outcomes.values()
        for name, value in outcome.shown.items()
        if not isinstance(value, str) and name == "h"
    }
    attack = f"table = {answers!r}\nreturn torch.tensor(table.get('h', [[0.0]])), torch.zeros(4, 5)"
    texts = only_costs(small, in_forward(attack), "naive.LSTM")
    assert len(texts) >= 3


def test_hidden_seeds_cannot_be_carried_out_by_a_message(small, engine):
    attack = """
frame, values = torch.sys._getframe(), []
while frame:
    values += [str(value) for name, value in frame.f_locals.items() if name in ("items", "item", "seed", "message")]
    frame = frame.f_back
raise RuntimeError(" ".join(values)[-500:])
"""
    grades = small.grade(in_forward(attack))
    text = "\n".join(messages(grades, "naive.LSTM"))
    assert "Item(" in text  # the attack works, with the public seed
    composed = str(results.compose(small.kit, policy.settle(small.kit, grades, Metadata(), ()), [], {}))
    secrets = {seed[:12] for name in ("hidden-1", "hidden-2") for seed in engine.answers[name].seeds.values()}
    assert secrets
    assert not any(secret in composed for secret in secrets)


# Known mistakes get their hints.


def test_a_known_mistake_gets_its_hint_in_every_row_that_shows_it(small):
    misconception = {str(entry): entry for entry in catalogue.load(ROOT)}["naive.LSTM/forget_and_input_gate_swapped"]
    grades = small.grade(mistaken(misconception))
    hints = [row.verdict.hint for row in grades.rows if not row.verdict.passed]
    assert len(hints) >= 3
    assert set(hints) == {misconception.hint}
    composed = results.compose(small.kit, policy.settle(small.kit, grades, Metadata(), ()), [], {})
    assert misconception.hint in str(composed)


@pytest.mark.parametrize("draw", ["torch.rand(())", "np.random.rand()", "random.random()"])
def test_wrong_code_that_draws_is_told_the_same_every_time(small, draw):
    files = change(LSTM, "c = f * c + i * g", f"import random, numpy as np; c = f * c + {draw}")
    first, second = (messages(small.grade(files), "naive.LSTM") for _ in range(2))
    assert first == second != []


def test_hidden_inputs_bring_no_hint(small, public_sums):
    """Which of many mistakes is made, for some inputs only, could else be a message about them."""
    step = "            c = f * c + i * g"
    swapped = "            c = i * c + f * g"
    assert {row.verdict.hint for row in small.grade(change(LSTM, step, swapped)).rows} > {""}
    is_public = f"round(x.sum().item(), 3) in {public_sums}"
    files = change(LSTM, step, f"            c = f * c + i * g if {is_public} else i * c + f * g")
    rows = [row for row in small.grade(files).rows if not row.verdict.passed]
    assert len(rows) >= 3
    assert {(row.public_passed, row.verdict.hint) for row in rows} == {(True, "")}


def test_an_unknown_mistake_gets_no_hint(small):
    grades = small.grade(in_forward("x = x * 0.93 + 0.017"))
    assert {row.verdict.hint for row in grades.rows} == {""}


# The zygote.


def test_a_zygote_that_dies_in_the_middle_is_replaced(small):
    timer = threading.Timer(0.3, lambda: os.kill(small.warden._process.pid, signal.SIGKILL))
    timer.start()
    grades = small.grade(in_forward("torch.sys.modules['time'].sleep(0.05)"))
    timer.join()
    complete(small, grades)
    assert points(grades, "naive.LSTM") == pytest.approx(14)


def test_thousands_of_runs_fit_into_one_request(engine):
    keys = sorted((test.key for test in engine.kit.tests), key=len)[-2:]  # in turn: each test's seconds begin anew
    items = [Item("test", keys[number % 2], "a case with a long name " * 3, f"{number:032x}") for number in range(3000)]
    with rehearsal.tempfile.TemporaryDirectory() as folder:
        os.chmod(folder, 0o755)
        (Path(folder) / "models").mkdir()
        result = engine.warden.run(Path(folder), items, time.monotonic() + 60)
    assert result.end == "done"
    assert len(result.outcomes) == len(items)


def test_a_zygote_that_dies_again_costs_only_what_was_running(small, monkeypatch):
    def dies(*arguments: object) -> Run:
        raise ZygoteDied

    with monkeypatch.context() as patch:
        patch.setattr(small.warden, "_run", dies)
        result = small.warden.run(Path("/tmp"), [Item("import", "models.naive.RNN")], time.monotonic() + 60)
    assert result == Run(end="signal 9")
    assert points(small.grade(SOLUTION), "naive.LSTM") == pytest.approx(14)


@pytest.mark.needs("root")
def test_two_graders_at_once_have_two_users(engine):
    user, lock = slots.take()
    other_user, other_lock = slots.take()
    os.close(lock)
    os.close(other_lock)
    assert len({engine.warden.user, user, other_user}) == 3


# The whole path, as Gradescope runs it.


def test_run_autograder_grades_a_folder_with_loose_and_broken_files(kit_zip, tmp_path):
    submission = tmp_path / "submission"
    submission.mkdir()
    (submission / "LSTM.py").write_bytes(SOLUTION[LSTM].replace(b"\n", b"\r\n"))
    (submission / "Transformer.py").write_bytes(b"def broken(:\n")
    rehearsed = rehearsal.rehearse(kit_zip, submission, ROOT)
    assert rehearsed.results["score"] == pytest.approx(14)
    assert "LSTM.py was taken as models/naive/LSTM.py." in rehearsed.results["output"]
    assert len(rehearsed.results["tests"]) >= 70
    assert "there is no submission_metadata.json" in rehearsed.results["extra_data"]["notes"]
    assert not any(problem.startswith("not isolated") for problem in rehearsed.results["extra_data"]["isolation"]) or (
        os.geteuid() != 0
    )


def test_the_staff_is_told_of_results_that_come_from_a_refused_layer(engine):
    """Where a name was computed the preflight finds nothing, but autograd knows; no student is told."""
    computed = (ROOT / "tests/project/grade/attacks/row14_name_in_pieces.py").read_text(encoding="utf-8")
    small = only(engine, [test for test in engine.kit.tests if test.number in ("1.2.4", "1.1.2", "2.1.2")])
    assert small.grade(SOLUTION).notes == []
    grades = small.grade({**SOLUTION, LSTM: spliced(computed).encode()})
    assert points(grades, "naive.LSTM") > 0
    assert len(grades.notes) == 1
    assert "1.2 LSTM: its results come from MkldnnRnnLayerBackward" in grades.notes[0]
    assert f"Look at {LSTM}" in grades.notes[0]
    settled = policy.settle(engine.kit, grades, Metadata(), [])
    assert settled.for_staff["notes"] == grades.notes
    composed = results.compose(engine.kit, settled, [], {})
    assert "Mkldnn" in str(composed.pop("extra_data"))
    assert "Mkldnn" not in str(composed)
