"""Drives the page /sim of `dsl serve` over a directory without a simulated cluster in headless Chromium: trainings and studies alone.

Usage: sim_files.py PORT [PICTURES]. Prints what it found, a line each; exits with 1 at the first thing that is not as it should be.
"""
import os
import sys

sys.path.insert(0, os.path.dirname(__file__))
from browser import Browser, telling  # noqa: E402
from looks import is_whole, looks_well  # noqa: E402

port = sys.argv[1]
pictures = sys.argv[2] if len(sys.argv) > 2 else None
browser = Browser()
check, becomes = telling(browser)


def text(place):
    """What an element says; nothing while the page has none such."""
    return f"(document.querySelector('{place}')?.textContent ?? '')"


try:
    browser.size(1280)
    browser.open(f"http://127.0.0.1:{port}/")
    becomes(f"document.querySelector('#sim')?.hidden === false && {text('#sim')} === 'trainings'", "the engine's page leads to them")
    browser.run("document.querySelector('#sim').click()")
    becomes(f"location.pathname === '/sim' && {text('#link')} === 'live' && {text('#training-key')}.includes('1 training')", "trainings are shown")
    becomes(f"{text('#study-counts')}.includes('1 complete')", "and a study")
    becomes("['player', 'curves', 'cluster', 'actions', 'recordings'].every((id) => !document.getElementById(id).checkVisibility())", "nothing else is")
    check(browser.run("document.querySelector('#notice').textContent === ''"), "which is no error")
    looks_well(browser, check, pictures, "files")
    is_whole(browser, check, but="404")  # of the cluster that is not there
finally:
    browser.close()
