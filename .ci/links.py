"""Checks that each link of the site in `target/book`, the Markdown files and the alarms leads to a file or place that exists."""

import re
import sys
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote, urlsplit

ROOT = Path(__file__).resolve().parent.parent


class Page(HTMLParser):
    """The links and the anchors of one page."""

    def __init__(self, text):
        super().__init__()
        self.links, self.anchors = [], set()
        self.feed(text)

    def handle_starttag(self, tag, attributes):
        for name, value in attributes:
            if name in ("href", "src") and value:
                self.links.append(value)
            if name in ("id", "name") and value:
                self.anchors.add(value)


def markdown(text):
    """The same of a Markdown file, with headings as GitHub names them."""
    text = re.sub(r"^```.*?^```", "", text, flags=re.M | re.S)
    page = Page(text)
    page.links += re.findall(r"\]\(([^)\s]+)\)", re.sub(r"`[^`]*`", "", text))
    for heading in re.findall(r"^#+ (.*)$", text, flags=re.M):
        words = re.sub(r"[^\w\- ]", "", heading.replace("`", "").lower())
        page.anchors.add(words.replace(" ", "-"))
    return page


def pages():
    files = [path for path in ROOT.rglob("*.md") if not {"target", ".tools", "node_modules"} & set(path.parts)]
    for path in files:
        yield path, markdown(path.read_text())
    for path in (ROOT / "target/book").rglob("*.html"):
        yield path, Page(path.read_text())
    for path in [ROOT / "template.yaml", ROOT / "backend/template.yaml"]:
        page = Page("")
        names = re.findall(r"\$\{RunbookUrl\}(#\w+)", path.read_text())
        page.links = [f"{ROOT}/docs/operations.md{name}" for name in names]
        yield path, page


def main():
    known = dict(pages())
    broken = []
    for path, page in known.items():
        for link in page.links:
            url = urlsplit(link)
            if url.scheme or url.netloc or "security/advisories" in url.path:
                continue
            target = (path.parent / unquote(url.path)).resolve() if url.path else path
            if not target.exists():
                broken.append(f"{path.relative_to(ROOT)}: {link} does not exist")
            elif url.fragment and target in known and unquote(url.fragment) not in known[target].anchors:
                broken.append(f"{path.relative_to(ROOT)}: {link} has no such heading")
    print("\n".join(broken) or f"{len(known)} pages, and every link of theirs leads somewhere")
    sys.exit(bool(broken))


main()
