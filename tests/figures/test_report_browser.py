"""The HTML report in a real browser that has no network: it opens, turns, moves, answers keys, and asks nobody."""

from __future__ import annotations

import base64
import http.server
import json
import math
import threading
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from figures.report import report_page
from optimize import Report
from optimize.study.save import report_table

from .browser import Browser, find_browser

EVIL = "</title></script><script>window.hit = 1</script><img src=x onerror='window.hit = 2'>"


PATH = find_browser() or ""
if not PATH:
    pytest.skip("no Chromium or Chrome here", allow_module_level=True)


@pytest.fixture(scope="module")
def browser(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Browser]:
    with Browser(PATH, tmp_path_factory.mktemp("profile")) as started:
        started.call("Emulation.setDeviceMetricsOverride", width=1280, height=1000, deviceScaleFactor=1, mobile=False)
        yield started


@pytest.fixture(scope="module")
def file(small_report: Report, tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("page") / "report.html"
    path.write_text(report_page(small_report), encoding="utf-8")
    return path


@pytest.fixture
def page(browser: Browser, file: Path) -> Browser:
    """The page, freshly opened, as nobody's eyes or settings ask for anything special."""
    browser.call("Emulation.setEmulatedMedia", features=[])
    browser.events.clear()
    browser.open(file.as_uri())
    browser.settle()
    return browser


def complaints(browser: Browser) -> list[dict[str, Any]]:
    """Console messages, exceptions and log entries so far."""
    wrong = ("Runtime.consoleAPICalled", "Runtime.exceptionThrown", "Log.entryAdded")
    return [event for event in browser.events if event["method"] in wrong]


def requests(browser: Browser) -> list[str]:
    """Addresses that the page asked for; what a page carries itself is no request."""
    asked = [e["params"]["request"]["url"] for e in browser.events if e["method"] == "Network.requestWillBeSent"]
    return [address for address in asked if not address.startswith("data:")]


def view(browser: Browser) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(browser.value("document.getElementById('canvas').dataset.view"))
    return found


def picture(browser: Browser) -> str:
    return str(browser.value("document.getElementById('canvas').toDataURL()"))


def centre(browser: Browser) -> tuple[float, float]:
    """Middle of the canvas, scrolled into sight; the reference orbit, where sat0 flies."""
    box = browser.value(
        "(() => { const c = document.getElementById('canvas');"
        " c.scrollIntoView({block: 'center', behavior: 'instant'});"
        " const b = c.getBoundingClientRect(); return [b.x + b.width / 2, b.y + b.height / 2]; })()"
    )
    return float(box[0]), float(box[1])


def facts(browser: Browser) -> dict[str, str]:
    """What the panel says of the chosen thing: the first value of every term."""
    rows = browser.value(
        "[...document.querySelectorAll('#facts dd')].map(d => [d.previousSibling.textContent, d.textContent])"
    )
    return dict(reversed(rows))


def slide(browser: Browser, time: float) -> None:
    browser.value(
        "(() => { const t = document.getElementById('time'); t.value = "
        f"{time}; t.dispatchEvent(new Event('input', {{bubbles: true}})); }})()"
    )
    browser.settle()


def choose(browser: Browser, name: str) -> None:
    browser.value(
        "(() => { const c = document.getElementById('choice'); c.value = [...c.options]"
        f".find(o => o.text.split(',')[0] === {json.dumps(name)}).value; c.dispatchEvent(new Event('change')); }})()"
    )
    browser.settle()


def test_page_opens_without_complaints_and_asks_for_nothing_but_itself(page: Browser, file: Path) -> None:
    assert page.value("document.getElementById('drawing').hidden") is False
    names = page.value("[...document.querySelectorAll('a[download]')].map(link => link.download)")
    assert {"report.json", "certificate.npz", "metrics.csv", "ladder.csv"} <= set(names)
    # Colours of the drawing: more than paper, ink and one colour of links.
    colours = "new Set(new Uint32Array(pen.getImageData(0, 0, canvas.width, canvas.height).data.buffer)).size"
    assert page.value(f"(() => {{ const pen = canvas.getContext('2d'); return {colours}; }})()") > 20
    assert complaints(page) == []
    assert requests(page) == [file.as_uri()]


def test_dragging_zooming_and_moving_through_the_orbit_change_the_drawing(page: Browser) -> None:
    x, y = centre(page)
    seen = [picture(page)]
    page.drag((x + 40, y + 30), (x + 90, y + 60), (x + 140, y + 90))
    assert view(page)["yaw"] > 0.3
    assert view(page)["pitch"] > 0.1
    seen.append(picture(page))
    page.call("Input.dispatchMouseEvent", type="mouseWheel", x=x, y=y, deltaX=0, deltaY=-200, modifiers=2)  # Ctrl
    page.settle()
    assert view(page)["zoom"] > 1.2
    seen.append(picture(page))
    slide(page, 5.0)
    assert view(page)["time"] == 5.0
    assert "20.4 of 97.7 min" in page.value("document.getElementById('clock').textContent")  # 5/24 of the period
    seen.append(picture(page))
    page.value("document.getElementById('reset').click()")
    slide(page, 0.0)
    assert len(set(seen)) == len(seen)
    assert picture(page) == seen[0]  # back at the first view
    assert complaints(page) == []


def test_everything_works_by_keys_alone(page: Browser) -> None:
    page.value("document.getElementById('canvas').focus()")
    start = view(page)
    page.key("ArrowRight")
    page.key("ArrowDown")
    page.key("+")
    page.key(".")
    turned = view(page)
    assert turned["yaw"] > start["yaw"]
    assert turned["pitch"] > start["pitch"]
    assert turned["zoom"] > start["zoom"]
    assert turned["time"] == start["time"] + 1
    page.key("n")
    link = view(page)["chosen"]
    assert link != start["chosen"]
    assert page.value("document.getElementById('status').textContent").startswith(f"{link}: range now")
    page.key("s")
    assert view(page)["chosen"] == "sat0"
    page.key("Escape")
    assert view(page)["chosen"] is None
    page.key("0")
    assert view(page)["zoom"] == 1
    # Tab leads on from the drawing: nobody is caught in it.
    for _ in range(3):
        page.call("Input.dispatchKeyEvent", type="keyDown", key="Tab", code="Tab", windowsVirtualKeyCode=9)
    assert page.value("document.activeElement.id") == "reset"


def test_pointing_at_a_satellite_or_a_link_shows_what_it_is(page: Browser) -> None:
    x, y = centre(page)
    tip = "document.getElementById('tip').hidden ? '' : document.getElementById('tip').textContent"

    def point(dy: float) -> str:
        page.call("Input.dispatchMouseEvent", type="mouseMoved", x=x, y=y + dy)
        page.settle()
        return str(page.value(tip))

    assert point(0.0) == "sat0"
    below = [point(dy) for dy in range(14, 40, 4)]  # sat1 flies below sat0 at first
    assert any(text.startswith("sat0 – sat1, ") and text.endswith("% full") for text in below)
    page.drag((x, y))
    assert view(page)["chosen"] == "sat0"
    assert facts(page)["GPUs"] == "72"


def test_range_shown_is_that_of_the_ellipse_also_between_computed_times(page: Browser) -> None:
    choose(page, "sat0 – sat1")
    for time in (0.0, 6.0, 3.5, 22.75):
        slide(page, time)
        phase = 2 * math.pi * time / 24
        # Direct neighbours across the track fly a 2:1 ellipse round each other, 100 m by 200 m.
        expected_m = 100.0 * math.hypot(math.cos(phase), 2 * math.sin(phase))
        # Shown to 0.1 m; a cubic through 24 points strays by 1e-4 of the ellipse's size.
        assert float(facts(page)["range now"].removesuffix(" m")) == pytest.approx(expected_m, abs=0.08)
    assert facts(page)["range over the orbit"] == "100.0 to 200.0 m"


def test_loads_shown_are_those_of_the_report(page: Browser, small_report: Report) -> None:
    proof = small_report.proof("formation all_to_all, least flow")
    fabric, answer = proof.fabric, proof.throughput
    load = answer.routing.arc_bit(fabric=fabric, traffic=proof.traffic) * answer.lower_per_s
    for arc in (0, 17):
        first, second = fabric.labels[int(fabric.tail[arc])], fabric.labels[int(fabric.head[arc])]
        choose(page, f"{first} – {second}")
        rate, share = facts(page)["load"].split(" Tb/s, ")
        assert float(rate) == pytest.approx(load[arc] / 1e12, rel=6e-4)  # four digits
        assert float(share.removesuffix(" %")) == pytest.approx(100 * load[arc] / fabric.capacity_bps[arc], abs=0.051)


def test_play_moves_smoothly_and_for_those_who_want_calm_in_steps(page: Browser) -> None:
    times = (
        "new Promise(done => { const seen = []; document.getElementById('play').click();"
        " const timer = setInterval(() => { seen.push(JSON.parse(canvas.dataset.view).time);"
        " if (seen.at(-1) < 1 && seen.length < 600) return;"  # a busy machine draws few frames
        " clearInterval(timer); document.getElementById('play').click(); done(seen); }, 100); })"
    )
    smooth = page.value(times)
    assert smooth[-1] >= 1
    assert any(not float(time).is_integer() for time in smooth)
    page.call("Emulation.setEmulatedMedia", features=[{"name": "prefers-reduced-motion", "value": "reduce"}])
    slide(page, 0.0)
    calm = page.value(times)
    assert calm[-1] >= 1
    assert all(float(time).is_integer() for time in calm)


def test_dark_eyes_get_dark_paper(page: Browser) -> None:
    paper = "getComputedStyle(document.body).backgroundColor"
    light, drawn = page.value(paper), picture(page)
    page.call("Emulation.setEmulatedMedia", features=[{"name": "prefers-color-scheme", "value": "dark"}])
    page.settle()
    assert light == "rgb(255, 255, 255)"
    assert page.value(paper) != light
    assert picture(page) != drawn


def test_files_can_be_kept(page: Browser, small_report: Report, tmp_path: Path) -> None:
    page.call("Page.setDownloadBehavior", behavior="allow", downloadPath=str(tmp_path))
    page.value("document.querySelector('a[download=\"report.json\"]').click()")
    page.wait_for((tmp_path / "report.json").exists)
    kept = json.loads((tmp_path / "report.json").read_text())
    assert set(kept.pop("certificate")) == {"file", "sha256"}
    assert kept == json.loads(json.dumps(report_table(small_report)))


def test_narrow_screens_scroll_tables_not_the_page(page: Browser) -> None:
    page.call("Emulation.setDeviceMetricsOverride", width=360, height=740, deviceScaleFactor=2, mobile=True)
    try:
        page.settle()
        assert page.value("document.documentElement.scrollWidth") <= 360
    finally:
        page.call("Emulation.setDeviceMetricsOverride", width=1280, height=1000, deviceScaleFactor=1, mobile=False)


def test_tables_are_there_without_javascript(browser: Browser, file: Path) -> None:
    browser.call("Emulation.setScriptExecutionDisabled", value=True)
    try:
        browser.open(file.as_uri())
        tree = browser.call("Accessibility.getFullAXTree")["nodes"]
        names = {node["name"]["value"] for node in tree if node.get("name") and not node["ignored"]}
        assert any(name.startswith("The drawing that can be turned needs JavaScript") for name in names)
        assert {"all_to_all", "gap to NVL72", "report.json", "coherent_400zr"} <= names
        assert not any("Drawing of the formation" in name for name in names)
    finally:
        browser.call("Emulation.setScriptExecutionDisabled", value=False)


def test_texts_of_a_scenario_do_not_run(browser: Browser, small_report: Report, tmp_path: Path) -> None:
    case = replace(small_report.case, name=EVIL, title=EVIL, modelled=(EVIL,))
    file = tmp_path / "evil.html"
    file.write_text(report_page(replace(small_report, case=case)), encoding="utf-8")
    browser.events.clear()
    browser.open(file.as_uri())
    browser.settle()
    assert browser.value("document.querySelector('h1').textContent") == EVIL
    assert browser.value("'hit' in window") is False
    assert complaints(browser) == []


class _Counting(http.server.BaseHTTPRequestHandler):
    """Answers everything, and remembers what it was asked for."""

    asked: list[str] = []  # noqa: RUF012 - one list for all requests is the point

    def do_GET(self) -> None:
        self.asked.append(self.path)
        self.send_response(200)
        self.end_headers()

    def log_message(self, format: str, *args: Any) -> None:
        """Say nothing."""


def test_policy_stops_connections_that_the_machine_would_allow(page: Browser, file: Path) -> None:
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), _Counting) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        address = f"http://127.0.0.1:{server.server_port}"
        page.open(f"{address}/open")  # the server answers whoever asks
        page.open(file.as_uri())
        fetched = page.value(f"fetch('{address}/fetch', {{mode: 'no-cors'}}).then(() => 'connected', () => 'refused')")
        page.value(
            f"new Promise(done => {{ const i = new Image(); i.onload = i.onerror = done; i.src = '{address}/i'; }})"
        )
        server.shutdown()
    assert fetched == "refused"
    assert [path for path in _Counting.asked if path != "/favicon.ico"] == ["/open"]


def test_screenshot_holds_more_than_blank_paper(page: Browser) -> None:
    shot = base64.b64decode(page.call("Page.captureScreenshot", format="png")["data"])
    assert len(shot) > 30_000  # a blank page of this size compresses to under 10 kB
