"""What a function may weigh, whatever the machine: the size of its zip, the crates it is made of, and the instructions
that a warm hit of the token cache takes. Reads zips from target/lambda; `--print` shows what there is and checks nothing.
"""

import pathlib
import re
import shutil
import subprocess
import sys

# A little more than there is: whoever needs more says here why.
ZIP_BYTES = 3_700_000
CRATES = {"query": 182, "mutate": 182, "http-api": 192, "service-user": 181}
# Of `query` without the feature `sign-in`, which takes published tokens only.
STRICT_ZIP_BYTES = 3_150_000
STRICT = pathlib.Path("target/strict/query/bootstrap.zip")
INSTRUCTIONS_OF_A_HIT = 300
HITS = pathlib.Path("target/hits/hits/bootstrap")

problems = []


def check(what, measured, budget):
    print(f"{what}: {measured:,} of {budget:,}")
    if measured > budget:
        problems.append(f"{what} has grown to {measured:,}, and the budget is {budget:,}")


def output(*command):
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout


def crates(function):
    tree = ["cargo", "tree", "--package", function, "--edges", "normal", "--target", "x86_64-unknown-linux-gnu"]
    lines = output(*tree, "--prefix", "none", "--no-dedupe").splitlines()
    return len({" ".join(line.split()[:2]) for line in lines})


def instructions(hits):
    command = ["valgrind", "--tool=callgrind", "--callgrind-out-file=/dev/null", HITS, str(hits)]
    said = subprocess.run(command, check=True, capture_output=True, text=True).stderr
    return int(re.search(r"Collected : (\d+)", said)[1])


zips = sorted(pathlib.Path("target/lambda").glob("*/bootstrap.zip"))
if not zips:
    sys.exit("there are no zips: run cargo lambda build --release --output-format zip")
for zip_file in zips:
    function = zip_file.parent.name
    check(f"zip of {function}, bytes", zip_file.stat().st_size, ZIP_BYTES)
    check(f"crates in {function}", crates(function), CRATES[function])
check("zip of query without sign-in, bytes", STRICT.stat().st_size, STRICT_ZIP_BYTES)

if shutil.which("valgrind"):
    # Among the functions, so that all but this one program is what the zips are made of.
    packages = [f"--package={name}" for name in [*CRATES, "floor"]]
    output("cargo", "lambda", "build", "--quiet", "--release", *packages, "--bin", "hits", "--lambda-dir", HITS.parent.parent)
    # Of the difference, so that starting and ending do not count.
    check("instructions of a warm hit", (instructions(11_000) - instructions(1_000)) // 10_000, INSTRUCTIONS_OF_A_HIT)
else:
    print("there is no valgrind here: the instructions of a warm hit are not counted")

if problems and "--print" not in sys.argv:
    sys.exit("\n".join(problems))
