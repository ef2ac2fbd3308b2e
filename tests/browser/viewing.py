"""A person at the dashboards: signs in, opens one, waits until it is drawn, and notes what went wrong meanwhile."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from playwright.sync_api import Browser, Page, Response

DRAWN_MS = 90_000
SCREENSHOTS = Path(__file__).parents[2] / "build" / "screenshots"

_CHART = "[data-test-chart-name]"
_BUSY = "[data-test=loading-indicator], .loading"


@dataclass
class Viewer:
    """One signed-in browser page. `complaints`: console errors, uncaught exceptions and answers of 400 and above."""

    page: Page
    address: str
    complaints: list[str] = field(default_factory=list)

    def open(self, dashboard: str, charts: int) -> None:
        """Open a dashboard and wait until that many charts are drawn."""
        self.page.goto(f"{self.address}/superset/dashboard/{dashboard}/")
        self.page.wait_for_selector(_CHART, timeout=DRAWN_MS)
        self.show_whole_page()
        self.wait_until_drawn(charts)

    def show_whole_page(self) -> None:
        """Grow the window to the page: Superset draws a chart when it comes into view."""
        self.page.wait_for_timeout(1500)
        size = self.page.viewport_size
        assert size is not None
        height = self.page.evaluate(
            "Math.max(...[...document.querySelectorAll('.dashboard, .grid-container, body')].map(e => e.scrollHeight))"
        )
        self.page.set_viewport_size({"width": size["width"], "height": min(int(height) + 250, 5000)})

    def wait_until_drawn(self, charts: int) -> None:
        self.page.wait_for_function(
            "([selector, busy, count]) => document.querySelectorAll(selector).length === count"
            " && !document.querySelector(busy)"
            " && [...document.querySelectorAll(selector)].every(e => e.querySelector("
            "'canvas, table, .header-line, [class*=big-number]'))",
            arg=[_CHART, _BUSY, charts],
            timeout=DRAWN_MS,
        )
        # Drawing is animated.
        self.page.wait_for_timeout(1200)

    def keep(self, name: str) -> None:
        SCREENSHOTS.mkdir(parents=True, exist_ok=True)
        self.page.screenshot(path=SCREENSHOTS / f"{name}.png")

    def texts(self) -> dict[str, str]:
        """What each chart says, by its title."""
        holders = self.page.locator(_CHART)
        return {str(holder.get_attribute("data-test-chart-name")): holder.inner_text() for holder in holders.all()}


@contextmanager
def viewing(browser: Browser, address: str, user: tuple[str, str], width: int = 1440) -> Iterator[Viewer]:
    """A fresh browser context, signed in through the login page."""
    context = browser.new_context(viewport={"width": width, "height": 1000})
    page = context.new_page()
    viewer = Viewer(page, address)

    def note_response(response: Response) -> None:
        if response.status >= 400:
            viewer.complaints.append(f"{response.status} {response.url}")

    page.on("console", lambda said: viewer.complaints.append(said.text) if said.type == "error" else None)
    page.on("pageerror", lambda error: viewer.complaints.append(str(error)))
    page.on("response", note_response)
    page.goto(f"{address}/login/")
    page.fill("#username", user[0])
    page.fill("#password", user[1])
    page.keyboard.press("Enter")
    page.wait_for_url(lambda url: "login" not in url, timeout=DRAWN_MS)
    page.wait_for_load_state("networkidle")
    try:
        yield viewer
    finally:
        context.close()
