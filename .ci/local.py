"""Runs functions on this machine as the README says, and fails unless each answers as expected.

python3 .ci/local.py FOLDER STAND-IN WATCH FUNCTION EVENT EXPECTED [FUNCTION EVENT EXPECTED]...

FOLDER is the project; STAND-IN and WATCH are the two commands that go on running, without `--env-file FILE`: file and ports are
others than in the README, so that nothing of the developer's is in the way. EXPECTED is a part of what `cargo lambda invoke`
prints, which is JSON without spaces. FUNCTION may be empty where WATCH is for one function alone.
"""

import os
import pathlib
import shlex
import signal
import socket
import subprocess
import sys
import time

# The demo installs it there if need be. Not by the PATH: another PATH makes cargo build C code again.
INSTALLED = pathlib.Path(__file__).resolve().parent.parent / ".tools/cargo-lambda/bin/cargo-lambda"
CARGO_LAMBDA = [str(INSTALLED) if INSTALLED.exists() else "cargo-lambda", "lambda"]
LONGEST_BUILD = 1200  # seconds
POLL = 0.1  # seconds


def free_port():
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return str(listener.getsockname()[1])


def words(command):
    """Of a command as it is typed."""
    return shlex.split(command.replace("cargo lambda", shlex.join(CARGO_LAMBDA), 1))


def start(command, folder):
    return subprocess.Popen(command, cwd=folder, start_new_session=True, stdin=subprocess.DEVNULL)


def stop(process):
    try:
        # `cargo lambda watch` ends its functions when it is asked to end, so it is not killed at once.
        os.killpg(process.pid, signal.SIGTERM)
        process.wait(10)
    except ProcessLookupError:
        pass
    except subprocess.TimeoutExpired:
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()


def wait_until(is_true, process, what):
    until = time.monotonic() + LONGEST_BUILD
    while not is_true():
        if process.poll() is not None:
            sys.exit(f"{what} ended with {process.returncode}")
        if time.monotonic() > until:
            sys.exit(f"{what} is not ready after {LONGEST_BUILD} s")
        time.sleep(POLL)


def accepts(port):
    try:
        socket.create_connection(("127.0.0.1", int(port)), 1).close()
    except OSError:
        return False
    return True


def local(folder, stand_in, watch, calls):
    """Runs the two commands in `folder`, and then each call: a function, an event and what is expected."""
    os.environ["NO_PROXY"] = os.environ["no_proxy"] = "127.0.0.1,localhost"
    port, invoke_port = free_port(), free_port()
    environment = pathlib.Path(folder, ".env.check").resolve()
    environment.unlink(missing_ok=True)
    environment_options = ["--env-file", str(environment)]
    address = ["--invoke-address", "127.0.0.1", "--invoke-port", invoke_port]
    running = []
    try:
        running.append(start([*words(stand_in), *environment_options, "--port", port], folder))
        wait_until(lambda: environment.exists() and environment.read_text().endswith("\n"), running[0], stand_in)
        running.append(start([*words(watch), *environment_options, *address], folder))
        wait_until(lambda: accepts(invoke_port), running[1], watch)
        for function, event, expected in calls:
            invoke = [*CARGO_LAMBDA, "invoke", *([function] if function else []), *address, "--data-ascii", event]
            # A function that does not start never answers.
            done = subprocess.run(invoke, stdout=subprocess.PIPE, text=True, timeout=LONGEST_BUILD)
            print(f"{function} answers {done.stdout.strip()}")
            if done.returncode or expected not in done.stdout:
                sys.exit(f"expected {expected}")
    finally:
        for process in reversed(running):
            stop(process)
        environment.unlink(missing_ok=True)


if __name__ == "__main__":
    where, the_stand_in, the_watch, *given = sys.argv[1:]
    local(where, the_stand_in, the_watch, list(zip(given[::3], given[1::3], given[2::3], strict=True)))
