"""Makes a project and a function from templates/ in FOLDER as the README says, and tests and calls both.

python3 .ci/templates.py FOLDER
"""

import os
import pathlib
import pty
import select
import shutil
import subprocess
import sys

from local import CARGO_LAMBDA, local

REPOSITORY = pathlib.Path(__file__).resolve().parent.parent
TARGET = {"CARGO_TARGET_DIR": str(REPOSITORY / "target")}
LONGEST_ANSWER = 60  # seconds


def answer_questions(command, folder, answers):
    """Types an answer whenever a part of a question appears, as somebody at a terminal would."""
    pid, terminal = pty.fork()
    if pid == 0:
        os.chdir(folder)
        os.execv(command[0], command)
    seen = ""

    def read():
        nonlocal seen
        if not select.select([terminal], [], [], LONGEST_ANSWER)[0]:
            sys.exit(f"waits for something else than expected:\n{seen}")
        try:
            more = os.read(terminal, 4096).decode(errors="replace")
        except OSError:  # Linux says so when the other end is closed
            more = ""
        seen += more
        return more

    for part, answer in answers:
        while part not in seen:
            if not read():
                sys.exit(f"did not ask {part!r}:\n{seen}")
        seen = seen.partition(part)[2]
        os.write(terminal, answer.encode())
    while read():
        pass
    if os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]):
        sys.exit(f"{command} failed:\n{seen}")


def cargo(folder, *arguments):
    subprocess.run(["cargo", *arguments], cwd=folder, env=os.environ | TARGET, check=True)


def refusal(folder, *arguments):
    done = subprocess.run(["cargo", *arguments], cwd=folder, env=os.environ | TARGET, stderr=subprocess.PIPE, text=True)
    if not done.returncode:
        sys.exit(f"cargo {' '.join(arguments)} should have failed")
    return done.stderr


def expect(part, text):
    if part not in text:
        sys.exit(f"expected {part!r} in:\n{text}")


folder = pathlib.Path(sys.argv[1]).resolve()
shutil.rmtree(folder, ignore_errors=True)
folder.mkdir(parents=True)
os.environ |= TARGET

# A project, in a folder of its own. A wrong processor is asked for again.
program = shutil.which(CARGO_LAMBDA[0])
answer_questions(
    [program, "lambda", "new", "my-rooms", "--template", str(REPOSITORY / "templates/project")],
    folder,
    [
        ("Where is the clone", f"{REPOSITORY}\r"),
        ("Which AppSync API", "\r"),
        ("Under which SSM prefix", "\r"),
        ("Which user pool", "\r"),
        ("In which region", "eu-central-1\r"),
        ("For which processors", "z80\r"),
        ("invalid choice: z80", "\x7f\x7f\x7farm64\r"),
    ],
)
project = folder / "my-rooms"
expect('region = "eu-central-1"', (project / "samconfig.toml").read_text())
expect("Architectures: [arm64]", (project / "template.yaml").read_text())
# The versions that were compiled before. Cargo leaves out of it what the project does not need.
shutil.copy(REPOSITORY / "Cargo.lock", project)
# As rustfmt formats by itself, whatever is above this folder.
cargo(project, "fmt", "--check", "--", "--config", "max_width=100,use_small_heuristics=Default")
cargo(project, "test", "--quiet")
local(project, "cargo run --example local-cloud --", "cargo lambda watch", [("", '{"id": "blue"}', '{"getRoom":{"id":"blue","beds":2')])
(project / "schema.graphql").unlink()
expect("aws appsync get-introspection-schema --api-id ID --format SDL schema.graphql", refusal(project, "check", "--quiet"))

# A function, in a copy of this workspace.
workspace = folder / "workspace"
files = subprocess.run(
    ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"], cwd=REPOSITORY, check=True, stdout=subprocess.PIPE, text=True
)
for file in filter(None, files.stdout.split("\0")):
    if (REPOSITORY / file).exists():
        (workspace / file).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(REPOSITORY / file, workspace / file)
subprocess.run(
    [*CARGO_LAMBDA, "new", "find-order", "--no-interactive", "--template", "../templates/function"],
    cwd=workspace / "functions",
    check=True,
)
cargo(workspace, "fmt", "--package", "find-order", "--check")
# With dev-features beside it, what it has in common with the workspace is not compiled again.
selection = ["--package", "find-order", "--package", "dev-features"]
cargo(workspace, "test", "--quiet", *selection)
cargo(workspace, "clippy", "--all-targets", "--quiet", *selection, "--", "-D", "warnings")
local(
    workspace,
    "cargo run --package local-cloud --",
    "cargo lambda watch --bin find-order",
    [("find-order", '{"id": "order-1"}', '{"getOrder":{"id":"order-1",')],
)
