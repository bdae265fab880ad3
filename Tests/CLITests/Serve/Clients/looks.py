"""What is wrong with how a page looks: expressions that give an empty list where nothing is, and what is asked of every page."""
import os

# Every element whose own text can be seen, with the contrast between it and what is behind it (WCAG 2.2, 1.4.3).
CONTRAST = """(() => {
  const parse = (text) => { const n = text.match(/[\\d.]+/g).map(Number); return [n[0], n[1], n[2], n.length > 3 ? n[3] : 1]; };
  const light = (c) => c.slice(0, 3).map((v) => v / 255).map((v) => v <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4)
    .reduce((sum, v, i) => sum + v * [0.2126, 0.7152, 0.0722][i], 0);
  const ground = (e) => { for (; e; e = e.parentElement) { const c = parse(getComputedStyle(e).backgroundColor); if (c[3] === 1) return c; } return [255, 255, 255, 1]; };
  const poor = [];
  for (const e of document.querySelectorAll("body *")) {
    const own = [...e.childNodes].some((n) => n.nodeType === 3 && n.textContent.trim());
    if (!own || !e.checkVisibility() || e.closest("svg") || e.closest(".hidden, .skip, option")) continue;
    const [a, b] = [light(parse(getComputedStyle(e).color)), light(ground(e))];
    const ratio = (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05);
    if (ratio < 4.5) poor.push(`${e.tagName}.${e.className} ${ratio.toFixed(2)} ${e.textContent.slice(0, 20)}`);
  }
  return poor;
})()"""

# Controls without a name, and regions without a heading.
NAMELESS = """(() => {
  const name = (e) => (e.getAttribute("aria-label") || (e.labels && [...e.labels].map((l) => l.textContent).join(" ")) || e.textContent || "").trim();
  const controls = [...document.querySelectorAll("button, select, input, a, [tabindex='0']")].filter((e) => !name(e) && !e.querySelector("svg"));
  const regions = [...document.querySelectorAll("section")].filter((e) => !document.getElementById(e.getAttribute("aria-labelledby"))?.textContent.trim());
  return [...controls, ...regions].map((e) => e.outerHTML.slice(0, 80));
})()"""

WIDE = """[...document.querySelectorAll("body *")].filter((e) => e.checkVisibility() && !e.closest(".hidden, .scroll, svg")
  && e.getBoundingClientRect().right > document.documentElement.clientWidth + 1).map((e) => e.outerHTML.slice(0, 80))"""


def looks_well(browser, check, pictures, name):
    """In three widths and both schemes nothing is too wide or too pale. Pictures are left in the folder `pictures`, if there is one."""
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
                browser.picture(os.path.join(pictures, f"{name}-{width}-{scheme}.png"))


def is_whole(browser, check, but=None):
    """Everything has its place and name, nothing came from elsewhere, and the console complained of nothing, `but` of what holds this."""
    nameless = browser.run(NAMELESS)
    check(not nameless, "every control and region has a name" + "; ".join(nameless))
    check(browser.run("document.querySelectorAll('main, header, footer, h1').length") == 4, "one main, header, footer and first heading")
    check(browser.run("performance.getEntriesByType('resource').every((entry) => new URL(entry.name).origin === location.origin)"), "nothing comes from elsewhere")
    complaints = [complaint for complaint in browser.complaints if but is None or but not in complaint]
    check(not complaints, "the console complained of nothing" + (f" but {but}" if but else "") + "; ".join(complaints))
