"""The live page in a real browser: what is broken first, who holds what, at a desk and on a phone; hosts slip nothing in."""

import dataclasses
import json
from collections.abc import Callable, Iterator
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
from made_up_cluster import MadeUpPage, made_up_page, told, told_announcer
from selenium.webdriver.common.by import By
from selenium.webdriver.common.keys import Keys

from browser import MISSING, look, open_browser
from twinkeel.errors import HostError
from twinkeel.serve.access import Token
from twinkeel.status.readyz import Readiness
from twinkeel.topology.model import Topology

pytestmark = pytest.mark.skipif(bool(MISSING), reason=MISSING)

VIP = "192.168.1.110"
SERVERS = {"master-1": "UP", "master-2": "UP", "master-3": "UP"}
WELL = "All is well. Any one machine can be lost."
EVIL = "<img src=x onerror=\"document.title='evil'\"><b>bold</b>"
SECRET = "0123456789abcdef0123"  # noqa: S105


@pytest.fixture(scope="module")
def driver() -> Iterator[Any]:
    with open_browser() as opened:
        yield opened


@pytest.fixture
def announced_topology(build_edited: Callable[..., Topology]) -> Topology:
    routers = "[{address: 192.168.1.1, asn: 64500}]"
    mode = f"vip: 192.0.2.10\n  mode: bgp\n  bgp: {{asn: 64512, routers: {routers}}}"
    return build_edited(("vip: 192.168.1.110/24", mode))


class Shown:
    """What a tab shows now."""

    def __init__(self, driver: Any, page: MadeUpPage) -> None:
        self.driver, self.page = driver, page

    def texts(self, selector: str) -> list[str]:
        # In one go: the page may change between two questions.
        script = "return [...document.querySelectorAll(arguments[0])].map((node) => node.innerText.replace(/\\n+/g, '\\n'))"
        return list(self.driver.execute_script(script, selector))

    @property
    def sentence(self) -> str:
        return "".join(self.texts("#sentence"))

    def until(self, sentence: str) -> None:
        self.page.until(lambda: self.sentence == sentence)

    def trouble(self) -> list[str]:
        """What the browser complains about: refused by the policy of contents, errors of scripts. A lost connection is none."""
        return [each["message"] for each in self.driver.get_log("browser") if "ERR_" not in each["message"]]


def opened(driver: Any, page: MadeUpPage, sentence: str = WELL) -> Shown:
    look(driver, 1280, 900)
    driver.get("about:blank")
    driver.get_log("browser")
    driver.get(page.url)
    shown = Shown(driver, page)
    shown.until(sentence)
    return shown


def test_a_failover_is_shown_without_a_reload(driver: Any, lab_home_topology: Topology) -> None:
    with made_up_page([lab_home_topology]) as page:
        shown = opened(driver, page)
        assert f"{VIP}\nheld by lb-1 for 3 d 4 h\nthe API answers" in shown.texts("#vips li")
        driver.execute_script("window.here = 'the same page'")
        page.say(lb_1=told({}, SERVERS))
        page.until(lambda: f"nobody holds {VIP}" in " ".join(shown.texts("#timeline .text")))
        page.say(lb_2=told({VIP: 0.0}, SERVERS))
        page.until(lambda: any("held by lb-2 for" in text for text in shown.texts("#vips li")))
        page.until(lambda: shown.sentence == WELL)
        assert "lb-1 → lb-2" in shown.texts("#moves li")[0]
        assert "nobody held it for" in shown.texts("#moves li")[0]
        assert shown.texts("#timeline .text")[0] == f"{VIP} moved from lb-1 to lb-2"
        assert driver.execute_script("return window.here") == "the same page"
        assert shown.trouble() == []


def test_where_all_announce_nobody_holds_and_nothing_moves(driver: Any, announced_topology: Topology) -> None:
    (vip,) = (str(each.ip) for each in announced_topology.endpoint.vips)
    well = told_announcer(vip, SERVERS)
    with made_up_page([announced_topology]) as page:
        page.say(lb_1=well, lb_2=well)
        shown = opened(driver, page)
        for name in ("lb-1", "lb-2"):  # either may be heard first
            page.until(lambda name=name: f"announced by {name} for 1 min" in " ".join(shown.texts("#vips li")))
        assert shown.texts("#vips li")[0].startswith(f"{vip}\nannounced by lb-")
        assert driver.execute_script("return [...document.querySelectorAll('#vips .bad-text, #lines .bad')].length") == 0
        page.until(lambda: shown.sentence == WELL)
        assert "192.168.1.1: BGP Established, BFD up" in shown.texts("#balancers li")[0]
        assert driver.execute_script("return document.getElementById('moves-part').hidden")

        page.say(lb_2=told_announcer(vip, SERVERS, why="no API server is up", down="1"))
        page.until(lambda: "lb-2 announces nothing: no API server is up" in shown.texts("#timeline .text"))
        page.until(lambda: "announces nothing\nno API server is up" in shown.texts("#balancers li")[1])
        page.say(lb_1=told_announcer(vip, SERVERS, up=False))
        page.until(lambda: "lb-1: no BGP session with 192.168.1.1 (Active)" in shown.texts("#timeline .text"))
        every = " ".join(shown.texts("main"))
        assert not [word for word in ("hold", "held", "VRRP", "MASTER", "keepalived", "moved") if word in every]
        assert shown.trouble() == []


def test_what_clients_feel_comes_first_then_what_costs_redundancy(driver: Any, lab_home_topology: Topology) -> None:
    with made_up_page([lab_home_topology]) as page:
        shown = opened(driver, page)
        drained = {**SERVERS, "master-2": "MAINT"}
        page.answers["192.168.1.105"] = Readiness("not ready", "/readyz answers 500")
        page.say(lb_1=told({VIP: 1.0}, drained), lb_2=told({}, drained, units=["failed", "active"], down="1"))
        shown.until("The API answers. 5 things are not as they must be.")
        assert shown.texts("#problems .mark") == ["warning"] * 5
        assert "master-2\nready\ndrained on lb-1\ndrained on lb-2" in shown.texts("#servers li")
        page.answers[VIP] = Readiness("unreachable", "no route to host")
        shown.until("The API does not answer.")
        assert shown.texts("#problems li")[0] == f"broken\nthe API does not answer through {VIP}: no route to host"
        assert driver.title == "BROKEN lab-home"


def test_a_host_that_lies_is_a_text_and_one_that_hangs_hides_nothing_of_the_others(
    driver: Any, lab_home_topology: Topology
) -> None:
    lying = dataclasses.replace(lab_home_topology, name=EVIL)
    with made_up_page([lying]) as page:
        shown = opened(driver, page)
        assert shown.texts("#title") == [EVIL]
        page.say(lb_1=told({VIP: 1.0}, {**SERVERS, "master-3": EVIL}, units=[EVIL, "active"]), lb_2="{not json" + EVIL + "\n")
        page.answers["192.168.1.101"] = Readiness("not ready", EVIL)
        page.until(lambda: any(EVIL in text for text in shown.texts("#problems li")))
        page.until(lambda: any("lb-2" in text and "makes no sense" in text for text in shown.texts("#balancers li")))
        assert driver.find_elements(By.CSS_SELECTOR, "main img, main b, main script") == []
        assert "evil" not in driver.title.replace(EVIL, "")
        page.say(lb_1=told({VIP: 1.0}, SERVERS), lb_2=HostError("the host refuses this key", where="x", hint="y"))
        page.answers.clear()
        page.until(lambda: any("the host refuses this key" in text for text in shown.texts("#balancers li")))
        page.say(lb_2=None)
        page.say(lb_1=told({VIP: 1.0}, {**SERVERS, "master-1": "DOWN"}))
        page.until(lambda: "2 of 3 API servers up" in " ".join(shown.texts("#balancers li")))
        assert shown.trouble() == []


@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
@pytest.mark.parametrize("width", [1280, 390], ids=["desk", "phone"])
def test_it_fits_and_follows_the_users_taste(
    driver: Any, lab_home_topology: Topology, tmp_path: Path, width: int, *, dark: bool
) -> None:
    run = tmp_path / "lab-home-1"
    run.mkdir()
    summary = {"scenario": "planned-switchover", "trials": 3, "max_ms": 21, "budget_ms": 350, "verdict": "pass"}
    report = {"cluster": "lab-home", "started": "2026-11-29 21:14 UTC", "summaries": [summary], "trials": []}
    (run / "report.json").write_text(json.dumps(report))
    with made_up_page([lab_home_topology], drills=tmp_path) as page:
        shown = opened(driver, page)
        look(driver, width, 900, dark=dark)
        page.until(lambda: "planned-switchover (3 trials)" in " ".join(shown.texts("#drills td")))
        page.say(lb_2=told({}, {**SERVERS, "master-3": "DOWN"}, units=["failed", "active"]))
        page.until(lambda: len(shown.texts("#problems li")) == 2)
        wide, inner = driver.execute_script("return [document.documentElement.scrollWidth, innerWidth]")
        assert wide <= inner
        ground = driver.execute_script("return getComputedStyle(document.body).backgroundColor")
        assert ground == ("rgb(20, 24, 29)" if dark else "rgb(255, 255, 255)")
        # The verdict is seen without scrolling, above everything else.
        assert driver.execute_script("return document.getElementById('verdict').getBoundingClientRect().bottom") < 700
        drawn = driver.execute_script("return document.querySelectorAll('#lines path').length")
        assert drawn == (9 if width > 1000 else 0)


def test_the_keyboard_reaches_everything_and_shows_where_it_is(driver: Any, lab_home_topology: Topology) -> None:
    others = [dataclasses.replace(lab_home_topology, name=name) for name in ("oslo", "zurich")]
    with made_up_page(others) as page:
        shown = opened(driver, page, "All 2 clusters are well.")

        def tab() -> str:
            driver.switch_to.active_element.send_keys(Keys.TAB)
            return str(driver.execute_script("return document.activeElement.textContent.trim()"))

        assert tab() == "Skip to what is broken"
        assert "oslo" in tab()
        outline = driver.execute_script(
            "const it = getComputedStyle(document.activeElement); return [it.outlineStyle, it.outlineWidth]"
        )
        assert outline == ["solid", "3px"]
        assert "zurich" in tab()
        # What is broken comes first, and the focus stays on what it was on.
        page.answers[VIP] = Readiness("unreachable", "no route to host")
        shown.until("2 broken, of 2 clusters.")
        assert "zurich" in driver.switch_to.active_element.text
        driver.switch_to.active_element.send_keys(Keys.ENTER)
        page.until(lambda: shown.texts("#title") == ["zurich"])
        assert driver.execute_script("return document.activeElement.id") == "main"
        driver.back()
        page.until(lambda: shown.texts("#title") == ["All clusters"])


def test_a_program_that_reads_aloud_finds_its_way(driver: Any, lab_home_topology: Topology) -> None:
    with made_up_page([lab_home_topology]) as page:
        opened(driver, page)
        unnamed = """return [...document.querySelectorAll("section, nav, [role=region]")].filter((node) => {
          const by = node.getAttribute("aria-labelledby");
          return !node.getAttribute("aria-label") && !(by && document.getElementById(by)?.textContent.trim());
        }).length"""
        assert driver.execute_script(unnamed) == 0
        assert driver.find_element(By.ID, "sentence").get_attribute("role") == "status"
        assert driver.find_element(By.ID, "lost").get_attribute("role") == "alert"
        assert driver.find_element(By.ID, "lines").get_attribute("aria-hidden") == "true"
        assert driver.find_element(By.TAG_NAME, "html").get_attribute("lang") == "en"
        levels = driver.execute_script("return [...document.querySelectorAll('h1,h2,h3')].map((node) => Number(node.tagName[1]))")
        assert levels[0] == 1
        assert levels.count(1) == 1


def test_a_server_that_is_gone_leaves_nothing_that_looks_like_now(driver: Any, lab_home_topology: Topology) -> None:
    with made_up_page([lab_home_topology]) as page:
        shown = opened(driver, page)
    shown.until("What is now is not known.")
    assert "No connection to twinkeel serve. What is below was seen at" in shown.texts("#lost")[0]
    assert driver.title == "? lab-home"


def test_a_clock_that_jumps_makes_nobody_older(driver: Any, lab_home_topology: Topology, monkeypatch: pytest.MonkeyPatch) -> None:
    moments = {"wall": 1_800_000_000.0}
    monkeypatch.setattr("twinkeel.serve.board.wall", lambda: moments["wall"])
    with made_up_page([lab_home_topology]) as page:
        shown = opened(driver, page)
        for jump in (10 * 86400.0 + 18_000, -20 * 86400.0 - 3_600):
            moments["wall"] += jump
            here = f"{datetime.fromtimestamp(moments['wall']).astimezone():%H:%M}"
            page.until(lambda here=here: here in shown.texts("#seen")[0])
            assert f"{VIP}\nheld by lb-1 for 3 d 4 h\nthe API answers" in shown.texts("#vips li")
            assert shown.sentence == WELL


def test_a_browser_gives_the_token_once_and_never_shows_it(driver: Any, lab_home_topology: Topology) -> None:
    with made_up_page([lab_home_topology], token=Token(SECRET)) as page:
        driver.get(page.url)
        assert driver.current_url == f"{page.url}login"
        driver.find_element(By.ID, "token").send_keys("not the token" + Keys.ENTER)
        page.until(lambda: "That is not the token." in driver.find_element(By.TAG_NAME, "main").text)
        driver.find_element(By.ID, "token").send_keys(SECRET + Keys.ENTER)
        shown = Shown(driver, page)
        shown.until(WELL)
        assert driver.current_url == page.url
        assert driver.execute_script("return document.cookie") == ""
        assert SECRET not in driver.page_source
        (cookie,) = driver.get_cookies()
        assert (cookie["httpOnly"], cookie["sameSite"], SECRET in cookie["value"]) == (True, "Strict", False)
        driver.delete_all_cookies()


def test_a_tab_keeps_no_more_than_it_shows(driver: Any, lab_home_topology: Topology) -> None:
    """More happens than a timeline holds; the page has as many elements afterwards as before."""
    with made_up_page([lab_home_topology]) as page:
        shown = opened(driver, page)

        def happen(times: int) -> int:
            for _ in range(times):
                for level in ("DOWN", "UP"):
                    before = page.board.watches["1"].timeline.number
                    page.say(
                        **{name: told(vips, dict.fromkeys(SERVERS, level)) for name, vips in (("lb_1", {VIP: 1.0}), ("lb_2", {}))}
                    )
                    page.until(lambda before=before: page.board.watches["1"].timeline.number >= before + 6)
            shown.until(WELL)
            page.until(lambda: len(shown.texts("#timeline li")) == 200)
            return int(driver.execute_script("return document.querySelectorAll('*').length"))

        assert happen(20) == happen(5)
