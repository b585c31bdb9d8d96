"""Opens OUT/report/index.html in Chromium at two widths, light and dark, prints it, and says what is wrong with it."""

import pathlib
import sys

from playwright.sync_api import sync_playwright

OUT = pathlib.Path(sys.argv[1]).resolve()
PAGE = OUT / "report" / "index.html"
MOST_BYTES = 5_000_000

# Text of charts that sticks out of its chart, and pairs that overlap by more than a pixel.
CHARTS = """() => {
  const wrong = [];
  for (const chart of document.querySelectorAll("svg.chart")) {
    const name = chart.getAttribute("aria-label");
    const room = chart.getBoundingClientRect();
    const texts = [...chart.querySelectorAll("text")].map((text) => [text.firstChild.nodeValue, text.getBoundingClientRect()]);
    for (const [text, box] of texts) {
      if (box.left < room.left - 1 || box.right > room.right + 1 || box.top < room.top - 1 || box.bottom > room.bottom + 1)
        wrong.push(`${name}: "${text}" sticks out`);
    }
    texts.forEach(([a, x], at) => texts.slice(at + 1).forEach(([b, y]) => {
      const wide = Math.min(x.right, y.right) - Math.max(x.left, y.left);
      const high = Math.min(x.bottom, y.bottom) - Math.max(x.top, y.top);
      // Lines of text have more height than letters.
      if (wide > 1 && high > 0.3 * Math.min(x.height, y.height)) wrong.push(`${name}: "${a}" and "${b}" overlap`);
    }));
  }
  return wrong;
}"""
WIDTHS = """() => {
  const page = document.documentElement;
  return [page.scrollWidth, page.clientWidth];
}"""
FIGURES = """() => [...document.querySelectorAll("figure")].map((figure) => ({
  id: figure.id,
  charts: figure.querySelectorAll("svg.chart").length,
  films: [...figure.querySelectorAll("img")].filter((film) => film.naturalWidth > 0 && film.alt).length,
  images: figure.querySelectorAll("img").length,
  caption: figure.querySelector("figcaption").innerText,
}))"""


def look(browser, width, scheme, problems):
    name = f"{width}-{scheme}"
    context = browser.new_context(
        viewport={"width": width, "height": 900}, color_scheme=scheme, device_scale_factor=1
    )
    page = context.new_page()
    page.on("console", lambda said: problems.append(f"{name}: console: {said.text}"))
    page.on("pageerror", lambda error: problems.append(f"{name}: {error}"))
    asked = []
    page.on("request", lambda request: asked.append(request.url))
    page.goto(PAGE.as_uri())
    fetched = [url for url in asked if url != PAGE.as_uri() and not url.startswith("data:")]
    problems += [f"{name}: fetches {url}" for url in fetched]
    wide, room = page.evaluate(WIDTHS)
    if wide > room:
        problems.append(f"{name}: the page is {wide} pixels wide, the window {room}")
    problems += [f"{name}: {what}" for what in page.evaluate(CHARTS)]
    figures = page.evaluate(FIGURES)
    for figure in figures:
        if figure["charts"] == 0 and figure["images"] == 0 or figure["films"] < figure["images"]:
            problems.append(f"{name}: the figure {figure['id']} is not there")
        if "sparring report" not in figure["caption"]:
            problems.append(f"{name}: the figure {figure['id']} names no command")
    page.screenshot(path=OUT / f"{name}.png", full_page=True)
    if (width, scheme) == (1440, "light"):
        page.pdf(path=OUT / "print.pdf", format="A4", margin={side: "12mm" for side in ("top", "bottom", "left", "right")})
    context.close()
    return figures


def main():
    problems = []
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path="/usr/bin/chromium", args=["--no-sandbox"])
        for width in (1440, 390):
            for scheme in ("light", "dark"):
                figures = look(browser, width, scheme, problems)
        browser.close()
    if not figures:
        problems.append("there is no figure")
    for figure in figures:
        endings = ["svg", "png"] if figure["charts"] else []
        files = [OUT / "report" / "figures" / f"{figure['id']}.{ending}" for ending in endings]
        problems += [f"{file} is not there" for file in files if not file.is_file()]
    size = PAGE.stat().st_size
    if size > MOST_BYTES:
        problems.append(f"the page has {size} bytes")
    for problem in problems:
        print(f"page: {problem}", file=sys.stderr)
    ids = ", ".join(figure["id"] for figure in figures)
    print(f"page: {size} bytes, {len(figures)} figures ({ids}); screenshots in {OUT}")
    sys.exit(bool(problems))


main()
