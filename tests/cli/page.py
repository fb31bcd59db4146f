"""What a report page has to be, for tests/cli/test_report.sh: one file that needs no other, sound HTML, readable without eyes, without a mouse, in light
and dark. page.py PAGE [EVIDENCE] [DOM]: asserts; with EVIDENCE that the page shows and holds its numbers, with DOM (a browser's) that nothing moved."""
import base64
import json
import re
import sys
from html.parser import HTMLParser

VOID = {"meta", "link", "img", "br", "rect", "path", "circle", "hr"}
KNOWN = VOID | set("html head title style body a header h1 h2 h3 p nav ul li main section dl div dt dd data table caption thead tbody tr th td svg desc text "
                   "figure figcaption details summary b strong code footer span".split())


class Page(HTMLParser):
    def __init__(self, text):
        super().__init__(convert_charrefs=True)
        self.tags, self.open, self.ids, self.wanted, self.texts, self.values = [], [], [], [], [], []
        self.feed(text)
        self.close()
        assert not self.open, self.open

    def handle_starttag(self, tag, attrs):
        attrs = dict(attrs)
        assert tag in KNOWN, f"<{tag}> is none of ours"
        assert not any(name.startswith("on") for name in attrs), attrs
        self.tags.append((tag, attrs))
        if "id" in attrs:
            self.ids.append(attrs["id"])
        self.wanted += attrs.get("aria-labelledby", "").split()
        for name in ("href", "src"):
            target = attrs.get(name)
            assert target is None or target.startswith(("#", "data:")), target
            if target and target.startswith("#"):
                self.wanted.append(target[1:])
        if tag == "data":
            self.values.append(float(attrs["value"]))
        if tag == "img":
            assert attrs["alt"] and int(attrs["width"]) <= 192 and int(attrs["height"]) <= 192
            assert base64.b64decode(attrs["src"].split(",")[1], validate=True)[:8] == b"\x89PNG\r\n\x1a\n"
        if tag == "th":
            assert attrs.get("scope") in ("row", "col")
        if tag == "svg":
            assert attrs["role"] == "img" and len(attrs["aria-labelledby"].split()) == 2
        if tag == "div" and attrs.get("class") == "scroll":
            assert attrs["role"] == "region" and attrs["tabindex"] == "0" and attrs["aria-labelledby"]
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag, attrs):
        self.handle_starttag(tag, attrs)
        if tag not in VOID:
            self.open.pop()

    def handle_endtag(self, tag):
        if tag not in VOID:
            assert self.open and self.open.pop() == tag, (tag, self.open)

    def handle_data(self, text):
        if not self.open or self.open[-1] != "style":
            self.texts.append(text)

    def count(self, tag):
        return sum(t == tag for t, _ in self.tags)


def luminance(colour):
    parts = [int(colour[i:i + 2], 16) / 255 for i in (1, 3, 5)]
    parts = [v / 12.92 if v <= 0.04045 else ((v + 0.055) / 1.055) ** 2.4 for v in parts]
    return 0.2126 * parts[0] + 0.7152 * parts[1] + 0.0722 * parts[2]


def contrast(a, b):
    low, high = sorted((luminance(a), luminance(b)))
    return (high + 0.05) / (low + 0.05)


def check_colours(text):
    """Of every text on every ground, as WCAG 2 counts it; in light, dark and print."""
    schemes = re.findall(r":root\{([^}]*)\}", text)
    assert len(schemes) == 3
    for scheme in schemes:
        colours = dict(re.findall(r"--([a-z-]+):(#[0-9a-f]{6})", scheme))
        for ink in ("ink", "dim", "a", "good", "bad"):
            for ground in ("paper", "panel"):
                assert contrast(colours[ink], colours[ground]) >= 4.5, (ink, ground, scheme)
        assert contrast(colours["ink"], colours["cell"]) >= 4.5 and contrast(colours["ink"], colours["warn"]) >= 4.5
        assert contrast(colours["a"], colours["paper"]) >= 3 and contrast(colours["b"], colours["paper"]) >= 3


def everything(value):
    """Every number of evidence.json."""
    if isinstance(value, dict):
        for v in value.values():
            yield from everything(v)
    elif isinstance(value, list):
        for v in value:
            yield from everything(v)
    elif isinstance(value, (int, float)) and not isinstance(value, bool):
        yield float(value)


def check_evidence(page, text, raw):
    held = re.search(r'download="evidence.json" href="data:application/json;base64,([^"]*)"', text).group(1)
    assert base64.b64decode(held) == raw
    e = json.loads(raw)
    numbers = set(everything(e))
    assert page.values and all(v in numbers for v in page.values), [v for v in page.values if v not in numbers][:5]
    for name in ("accuracy", "roc_auc", "sensitivity"):
        f = e["figures"]["image"][name]
        assert f["estimate"] is None or f["estimate"] in page.values, name


def main():
    raw = open(sys.argv[1], "rb").read()
    assert len(raw) < 3_000_000, len(raw)
    text = raw.decode("utf-8")
    page = Page(text)
    assert len(page.ids) == len(set(page.ids)), "an id twice"
    assert set(page.wanted) <= set(page.ids), set(page.wanted) - set(page.ids)
    assert page.count("table") == page.count("caption") == page.count("thead") == page.count("tbody") > 4
    assert page.count("h1") == page.count("main") == page.count("nav") == 1 and page.count("section") == page.count("h2") > 5
    assert page.count("svg") >= 1 and page.count("desc") == page.count("svg")
    assert "default-src 'none'" in text and "prefers-color-scheme:dark" in text and "@media print" in text and ":focus-visible" in text
    assert "Research use, not a medical device." in "".join(page.texts)
    assert not re.search(r"https?://(?!www\.w3\.org)", re.sub(r"base64,[^\"]*", "", text))
    assert "nan" not in "".join(page.texts).lower().split() and "inf" not in "".join(page.texts).lower().split()
    check_colours(text)
    if len(sys.argv) > 2:
        check_evidence(page, text, open(sys.argv[2], "rb").read())
    if len(sys.argv) > 3:
        dom = Page(open(sys.argv[3], encoding="utf-8").read())
        assert [t for t, _ in dom.tags] == [t for t, _ in page.tags], "the browser reads it otherwise"


main()
