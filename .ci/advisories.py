"""Reads what `cargo deny --format json check advisories` printed, and opens a GitHub issue for each advisory without one.

An advisory that does not concern this project goes into `ignore` of deny.toml, with the reason; otherwise its issue comes
back on the day after it was closed.
"""

import json
import subprocess
import sys


def gh(*arguments):
    return subprocess.run(["gh", "issue", *arguments], check=True, stdout=subprocess.PIPE, text=True).stdout


lines = [json.loads(line) for line in sys.stdin]
if not any(line["type"] == "summary" for line in lines):
    sys.exit("cargo deny did not run to its end:\n" + "\n".join(str(line["fields"]) for line in lines))

found = {}
for line in lines:
    advisory = line["fields"].get("advisory")
    if advisory:
        package = line["fields"]["graphs"][0]["Krate"]
        title = f"{advisory['id']}: {package['name']} {package['version']}: {advisory['title']}"
        found[advisory["id"]] = title, "\n\n".join(line["fields"]["notes"])

titles = [issue["title"] for issue in json.loads(gh("list", "--state", "open", "--limit", "1000", "--json", "title"))]
for name, (title, body) in sorted(found.items()):
    if any(known.startswith(f"{name}:") for known in titles):
        print(f"known: {title}")
    else:
        print(f"new: {title} {gh('create', '--title', title, '--body', body).strip()}")
print(f"{len(found)} advisories concern the dependencies")
