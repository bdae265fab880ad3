"""Drives the page of `dsl serve` in headless Chromium as people do: looks, listens, types.

Usage: page.py PORT TOKEN [PICTURES]. The server runs over ./coordination, where nothing was decided yet. Prints what it found, a line each;
exits with 1 at the first thing that is not as it should be. Pictures of every width and scheme are left in the folder PICTURES, to be looked at.
"""
import os
import subprocess
import sys

sys.path.insert(0, os.path.dirname(__file__))
from browser import Browser, telling  # noqa: E402
from looks import CONTRAST, NAMELESS, WIDE  # noqa: E402

url, token = f"http://127.0.0.1:{sys.argv[1]}/", sys.argv[2]
pictures = sys.argv[3] if len(sys.argv) > 3 else None
browser = Browser()
check, becomes = telling(browser)


def tell(*words):
    subprocess.run(["dsl", *words], check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)


try:
    browser.size(1280)
    browser.open(url)
    browser.wait("document.querySelector('#link')?.textContent === 'live'")
    browser.wait("document.querySelectorAll('#tiles dt').length === 7")
    becomes("document.title.endsWith('· dsl')", "the page is live, and its title says the health")
    becomes("document.querySelector('#decision-rows').textContent.includes('None')", "an engine that decided nothing yet says so")

    tell("auto", "execute")
    browser.wait("document.querySelectorAll('#decision-rows .row').length > 0")
    browser.wait("document.querySelector('#chart svg') !== null")
    check(True, "a cycle that another process ran arrives without reloading: its decision, and a point of the chart")

    # By keyboard: a decision opens with Enter, and says why; the chart reads single cycles.
    browser.run("document.querySelector('#decision-rows .row').focus()")
    browser.press("Enter", 13, "\r")
    browser.wait("document.querySelector('#decision-rows .waterfall') !== null")
    words = "['why', 'rule', 'Confidence', 'What happened']"
    becomes(f"{words}.every((word) => document.querySelector('#decision-rows .more').textContent.includes(word))", "Enter opens a decision: why, confidence, what happened, its trace")
    browser.run("document.querySelector('#decision-rows .waterfall .span').click()")
    browser.wait("document.querySelector('#decision-rows .waterfall .facts') !== null")
    check(True, "a span opens, and shows its attributes")
    browser.run("document.querySelector('#chart svg').focus()")
    browser.press("ArrowLeft", 37)
    becomes("document.querySelector('#readout').textContent.includes('health')", "the arrow keys read cycles off the chart")
    browser.run("document.querySelector('#numbers summary').click()")
    browser.wait("document.querySelectorAll('#numbers tbody tr').length > 0")
    check(True, "the chart is there as a table too")
    tell("auto", "execute")
    browser.wait("document.querySelectorAll('#numbers tbody tr').length > 1")
    check(browser.run("document.querySelector('#decision-rows .more .facts') !== null"), "what is open stays open when news arrive")

    # People: pausing needs a name and the token; a wrong token is refused in words.
    browser.run("document.querySelector('#pause').click()")
    browser.wait("document.querySelector('#ask').open")

    def fill(**values):
        for name, value in values.items():
            browser.run(f"document.querySelector('#ask [name={name}]').value = {value!r}")

    fill(reason="a look at it", by="page", token="wrong-token-wrong-token-wrong-token")
    browser.run("document.querySelector('#ask-yes').click()")
    browser.wait("document.querySelector('#ask-error').textContent.includes('token')")
    check(browser.run("document.querySelector('#ask').open"), "a wrong token is refused, and the dialog keeps what was typed")
    browser.run("document.querySelector('#ask-no').click()")
    browser.run("document.querySelector('#pause').click()")
    fill(reason="a look at it", by="page", token=token)
    browser.run("document.querySelector('#ask-yes').click()")
    browser.wait("document.querySelector('#mode').textContent.includes('paused')")
    becomes("!document.querySelector('#ask').open", "with the right one the loop is paused, and the page says so")
    browser.run("document.querySelector('#pause').click()")
    browser.wait("document.querySelector('#ask').open")
    browser.run("document.querySelector('#ask-yes').click()")
    browser.wait("!document.querySelector('#mode').textContent.includes('paused')")
    check(True, "and resumed")

    for width in (360, 768, 1280):
        for scheme in ("light", "dark"):
            browser.size(width)
            browser.scheme(scheme)
            browser.run("new Promise((done) => requestAnimationFrame(() => setTimeout(done, 300)))")
            wide = browser.run(WIDE)
            check(browser.run("document.documentElement.scrollWidth <= innerWidth") and not wide, f"nothing is wider than {width} px, {scheme}" + "".join(wide))
            poor = browser.run(CONTRAST)
            check(not poor, f"contrast is 4.5 or more at {width} px, {scheme}" + "; ".join(poor))
            if pictures:
                browser.picture(os.path.join(pictures, f"page-{width}-{scheme}.png"))
    browser.scheme("light")
    browser.run("document.querySelector('#theme').click(); document.querySelector('#theme').click()")
    check(browser.run("document.documentElement.dataset.theme") == "dark" and not browser.run(CONTRAST), "the button changes the scheme")
    nameless = browser.run(NAMELESS)
    check(not nameless, "every control and region has a name" + "; ".join(nameless))
    check(browser.run("document.querySelectorAll('main, header, footer, h1').length") == 4, "one main, header, footer and first heading")
    expected = [complaint for complaint in browser.complaints if "401" not in complaint]
    check(not expected, "the console complained of nothing but the token that was wrong")
finally:
    browser.close()
