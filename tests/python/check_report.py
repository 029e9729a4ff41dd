"""Opens a report in headless Chromium and uses it as a person would.

usage: check_report.py PAGE.html [FOLDER]

Checks: nothing on the console, no request but the page itself and `data:`, tables sort and filter, the slider moves
the pictures, arrow keys and the keyboard order, no sideways scrolling at 400 pixels, light and dark differ. With FOLDER,
screenshots in light and dark at 1280 and 400 pixels are left there. A page without rollouts over time, or without tables, is
checked for the rest. Chromium is spoken to over a pipe (DevTools protocol, JSON ended by NUL); no package is needed.
"""

import base64
import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

NAMES = ["chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome"]
FLAGS = """--headless --no-sandbox --disable-gpu --disable-quic --no-first-run --disable-background-networking
--disable-component-update --disable-sync --disable-default-apps --disable-extensions --mute-audio --hide-scrollbars
--force-device-scale-factor=1 --remote-debugging-pipe""".split()
LIMIT = 60  # seconds for any one answer


class Browser:
    """Chromium with one page open."""

    def __init__(self, program, home):
        # Chromium reads commands from 3 and writes answers to 4.
        ours_in, theirs_out = os.pipe()
        theirs_in, ours_out = os.pipe()

        def place():
            a, b = os.dup(theirs_in), os.dup(theirs_out)
            os.dup2(a, 3)
            os.dup2(b, 4)

        # Ends above 10, so that placing them does not overwrite one another.
        import fcntl

        theirs_in, theirs_out = (fcntl.fcntl(fd, fcntl.F_DUPFD, 10) for fd in (theirs_in, theirs_out))
        self.process = subprocess.Popen(
            [program, *FLAGS, f"--user-data-dir={home}", "about:blank"],
            preexec_fn=place, close_fds=False, stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
        )
        os.close(theirs_in)
        os.close(theirs_out)
        self.read, self.write = ours_in, ours_out
        os.set_blocking(self.read, False)
        self.buffer, self.number, self.events, self.session = b"", 0, [], None
        targets = self.call("Target.getTargets")["targetInfos"]
        page = next(t["targetId"] for t in targets if t["type"] == "page")
        self.session = self.call("Target.attachToTarget", targetId=page, flatten=True)["sessionId"]
        for domain in ["Page", "Runtime", "Log", "Network"]:
            self.call(f"{domain}.enable")

    def message(self, until):
        while b"\0" not in self.buffer:
            if time.monotonic() > until or self.process.poll() is not None:
                raise SystemExit("the browser does not answer")
            try:
                part = os.read(self.read, 1 << 20)
                if not part:
                    raise SystemExit("the browser is gone")
                self.buffer += part
            except BlockingIOError:
                time.sleep(0.005)
        text, self.buffer = self.buffer.split(b"\0", 1)
        return json.loads(text)

    def call(self, method, **params):
        self.number += 1
        command = {"id": self.number, "method": method, "params": params}
        if self.session:
            command["sessionId"] = self.session
        os.write(self.write, json.dumps(command).encode() + b"\0")
        until = time.monotonic() + LIMIT
        while True:
            message = self.message(until)
            if message.get("id") == self.number:
                if "error" in message:
                    raise SystemExit(f"{method}: {message['error']}")
                return message["result"]
            self.events.append(message)

    def wait(self, name):
        until = time.monotonic() + LIMIT
        while not any(event.get("method") == name for event in self.events):
            self.events.append(self.message(until))

    def run(self, script):
        """The value of a script, in the page."""
        out = self.call("Runtime.evaluate", expression=script, returnByValue=True, awaitPromise=True, userGesture=True)
        if "exceptionDetails" in out:
            raise SystemExit(f"{script}: {out['exceptionDetails']}")
        return out["result"].get("value")

    def key(self, key, code=0, text="", modifiers=0):
        about = {"key": key, "code": key, "windowsVirtualKeyCode": code, "modifiers": modifiers}
        self.call("Input.dispatchKeyEvent", type="keyDown" if text else "rawKeyDown", text=text, **about)
        self.call("Input.dispatchKeyEvent", type="keyUp", **about)

    def size(self, width, height):
        self.call("Emulation.setDeviceMetricsOverride", width=width, height=height, deviceScaleFactor=1, mobile=False)

    def scheme(self, value):
        self.call("Emulation.setEmulatedMedia", features=[{"name": "prefers-color-scheme", "value": value}])

    def shot(self, whole=True):
        return base64.b64decode(self.call("Page.captureScreenshot", format="png", captureBeyondViewport=whole)["data"])

    def close(self):
        # The answer may not come any more.
        os.write(self.write, json.dumps({"id": 0, "method": "Browser.close"}).encode() + b"\0")
        try:
            self.process.wait(20)
        except subprocess.TimeoutExpired:
            self.process.kill()


def quiet(browser):
    """Nothing was said on the console, and nothing was asked for but the page and what stands in it."""
    requests = 0
    for event in browser.events:
        method, params = event.get("method"), event.get("params", {})
        assert method != "Runtime.exceptionThrown", params
        if method == "Runtime.consoleAPICalled":
            raise AssertionError(params)
        if method == "Log.entryAdded":
            raise AssertionError(params["entry"])
        if method == "Network.requestWillBeSent":
            requests += 1
            url = params["request"]["url"]
            assert url.startswith(("file:", "data:")), url
    assert requests > 0, "requests are not seen at all"
    files = {e["params"]["request"]["url"] for e in browser.events
             if e.get("method") == "Network.requestWillBeSent" and e["params"]["request"]["url"].startswith("file:")}
    assert len(files) == 1, files


COLUMN = """(id, at) => [...document.querySelectorAll(`#${id} tbody tr`)].filter((r) => !r.hidden)
    .map((r) => r.cells[at].textContent)"""


def tables(browser):
    """Every table sorts by click and by Enter, in both directions, and filters."""
    ids = browser.run("[...document.querySelectorAll('table.sortable')].map((t) => t.id)")
    for name in ids:
        heads = browser.run(f"document.querySelectorAll('#{name} th[aria-sort]').length")
        column = lambda at: browser.run(f"({COLUMN})('{name}', {at})")
        sort = lambda at: browser.run(f"document.querySelectorAll('#{name} th')[{at}].getAttribute('aria-sort')")
        before = column(0)
        for at in range(heads):
            press = f"document.querySelectorAll('#{name} thead button')[{at}]"
            browser.run(f"{press}.click()")
            assert sort(at) == "ascending"
            up = column(at)
            browser.run(f"{press}.focus()")
            browser.key("Enter", 13, "\r")
            assert sort(at) == "descending", (name, at)
            assert browser.run(f"document.querySelectorAll('#{name} [aria-sort=none]').length") == heads - 1
            down = column(at)
            assert sorted(up) == sorted(down)
            full = [v for v in up if v]
            assert all(not v for v in up[len(full):]), f"{name} {at}: empty cells are last"
            if len(set(full)) > 1:
                assert [v for v in down if v][0] != full[0] and [v for v in down if v][0] == full[-1], (name, at)
            numbers = browser.run(
                f"[...document.querySelectorAll('#{name} tbody tr')].map((r) => r.cells[{at}])"
                ".filter((c) => c.textContent && c.classList.contains('num'))"
                ".map((c) => c.dataset.v ?? c.textContent.replace('−', '-')).map(Number)")
            assert numbers == sorted(numbers, reverse=True), (name, at, numbers[:9])
        assert sorted(column(0)) == sorted(before)
        tools = f"document.querySelector('.tools[data-for={name}]')"
        typed = lambda text, at="": browser.run(
            f"{{const t = {tools}; t.querySelector('select').value = {json.dumps(at)};"
            f"const i = t.querySelector('input'); i.value = {json.dumps(text)};"
            "i.dispatchEvent(new Event('input')); t.querySelector('.found').textContent}")
        word = column(1)[0]
        said = typed(word, "1")
        shown = column(1)
        assert shown and all(word.lower() in v.lower() for v in shown), (name, word, shown)
        assert said.startswith(f"{len(shown)} "), said
        typed("no such thing anywhere")
        assert column(0) == []
        typed("")
        assert len(column(0)) == len(before)
        if name == "operators-table":
            typed("> 1", "0")
            assert [int(v) for v in column(0)] and all(int(v) > 1 for v in column(0))
            typed("")
    return len(ids)


def slider(browser):
    """The slider moves the pictures; arrow keys move it; playing goes on by itself."""
    if not browser.run("!!document.querySelector('.player input')"):
        return False
    state = lambda: browser.run(
        "(() => { const p = document.querySelector('.player'); const i = p.querySelector('.screen img');"
        "return [Number(p.querySelector('input').value), p.querySelector('output').textContent,"
        "new DOMMatrix(getComputedStyle(i).transform).m41, i.parentElement.clientWidth] })()")
    steps = browser.run("document.querySelector('.player').dataset.steps.split(' ')")
    assert len(steps) > 1
    assert state()[:3] == [0, f"t = {steps[0]}", 0]
    # By the keyboard alone: from the heading of the part onwards.
    browser.run("document.querySelector('#rollouts').tabIndex = -1; document.querySelector('#rollouts').focus()")
    for _ in range(12):
        browser.key("Tab", 9)
        if browser.run("document.activeElement.matches('.player input[type=range]')"):
            break
    else:
        raise AssertionError("Tab does not lead to the slider")
    ring = browser.run("getComputedStyle(document.activeElement).outlineStyle")
    assert ring != "none", "the focus is not seen"
    browser.key("ArrowRight", 39)
    frame, said, moved, width = state()
    assert (frame, said, moved) == (1, f"t = {steps[1]}", -width), state()
    browser.key("End", 35)
    frame, said, moved, width = state()
    assert (frame, moved) == (len(steps) - 1, -width * (len(steps) - 1)), state()
    browser.run("document.querySelector('.player .films a').focus()")
    browser.key("ArrowRight", 39)
    assert state()[0] == 0
    browser.run("document.querySelector('.play').click()")
    until = time.monotonic() + 10
    while state()[0] == 0:
        assert time.monotonic() < until, "playing does not move"
        time.sleep(0.05)
    browser.run("document.querySelector('.play').click()")
    at = state()[0]
    time.sleep(0.4)
    assert state()[0] == at, "pausing does not stop"
    return True


def form(browser):
    """One main heading, levels without gaps, landmarks, named controls, pictures with texts, targets of links."""
    levels = browser.run("[...document.querySelectorAll('h1,h2,h3,h4')].map((h) => Number(h.tagName[1]))")
    assert levels[0] == 1 and levels.count(1) == 1, levels
    assert all(b <= a + 1 for a, b in zip(levels, levels[1:])), levels
    assert browser.run("['header', 'nav', 'main', 'footer'].every((n) => document.querySelectorAll(n).length === 1)")
    assert browser.run("[...document.querySelectorAll('img')].every((i) => i.alt && i.complete && i.naturalWidth > 0)")
    unnamed = browser.run(
        "[...document.querySelectorAll('button, input, select')].filter((e) =>"
        "!(e.textContent.trim() || e.labels?.length || e.getAttribute('aria-label'))).map((e) => e.outerHTML)")
    assert unnamed == [], unnamed
    lost = browser.run("[...document.querySelectorAll('a[href^=\"#\"]')].map((a) => a.getAttribute('href').slice(1))"
                       ".filter((id) => !document.getElementById(id))")
    assert lost == [], lost
    ids = browser.run("[...document.querySelectorAll('[id]')].map((e) => e.id)")
    assert len(ids) == len(set(ids)), "an id occurs twice"
    # The first stop of the keyboard leads past the navigation.
    browser.run("document.activeElement.blur(); getSelection().removeAllRanges(); scrollTo(0, 0)")
    browser.key("Tab", 9)
    assert browser.run("document.activeElement.matches('.skip')")


def looks(browser, folder):
    """No sideways scrolling; light and dark differ, also by the button."""
    shots = {}
    for width, height in [(1280, 900), (400, 800)]:
        browser.size(width, height)
        wide = browser.run("[document.documentElement.scrollWidth, innerWidth]")
        assert wide[0] <= wide[1], f"{wide[0]} pixels on a page of {width}"
        for scheme in ["light", "dark"]:
            browser.scheme(scheme)
            picture = browser.shot()
            assert picture.startswith(b"\x89PNG") and len(picture) > 20_000, len(picture)
            shots[width, scheme] = picture
            if folder:
                (folder / f"{width}-{scheme}.png").write_bytes(picture)
        assert shots[width, "light"] != shots[width, "dark"]
    color = "getComputedStyle(document.body).backgroundColor"
    browser.scheme("light")
    light = browser.run(color)
    browser.run("document.getElementById('theme').click()")
    dark = browser.run(color)
    assert light != dark
    browser.scheme("dark")
    assert browser.run(color) == dark
    browser.run("document.getElementById('theme').click()")
    assert browser.run(color) == light
    browser.scheme("light")


def main():
    page = Path(sys.argv[1]).resolve()
    folder = Path(sys.argv[2]) if len(sys.argv) > 2 else None
    program = os.environ.get("SPINLOCK_BROWSER") or next(filter(None, map(shutil.which, NAMES)), None)
    if program is None:
        raise SystemExit("no Chromium on this machine")
    if folder:
        folder.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as home:
        browser = Browser(program, home)
        try:
            browser.size(1280, 900)
            browser.call("Page.navigate", url=page.as_uri())
            browser.wait("Page.loadEventFired")
            form(browser)
            looks(browser, folder)
            browser.size(1280, 900)
            moved = slider(browser)
            sorted_tables = tables(browser)
            quiet(browser)
        finally:
            browser.close()
    print(json.dumps({"slider": moved, "tables": sorted_tables}))


if __name__ == "__main__":
    main()
