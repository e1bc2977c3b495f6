"""Runs cargo commands and fails when one of them compiles a dependency again: what was compiled before had other features,
or another profile. Then say the difference in dev/features. Call it after a command that compiles everything.
"""

import json
import subprocess
import sys

for command in sys.argv[1:]:
    cargo = ["cargo", *command.split(), "--message-format", "json"]
    output = subprocess.run(cargo, check=True, stdout=subprocess.PIPE, text=True).stdout
    messages = [json.loads(line) for line in output.splitlines()]
    dependencies = [m for m in messages if m["reason"] == "compiler-artifact" and m["package_id"].startswith("registry+")]
    again = [f"{m['package_id'].split('#')[1]} with {','.join(m['features'])}" for m in dependencies if not m["fresh"]]
    print(f"cargo {command}: {len(dependencies)} dependencies, {len(again)} compiled again")
    if again:
        sys.exit("compiled again:\n" + "\n".join(again))
