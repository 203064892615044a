#!/usr/bin/python3
# SPDX-License-Identifier: ISC
"""The page in a real browser: headless Chromium through its driver. Arguments:
a directory for the screenshots, the URL of an agent, and pages as files. Of
each: nothing is wider than the screen, every text has the contrast of WCAG
2.1 AA, light and dark; and of the agent's, that the browser has no complaint."""
import os
import sys

from selenium import webdriver
from selenium.webdriver.chrome.options import Options
from selenium.webdriver.chrome.service import Service

SIZES = {"phone": (390, 844), "desk": (1280, 900), "wall": (3840, 2160)}

# Every text node that is seen, with its color, and the ground behind it.
CONTRAST = """
function rgb(c) { return c.match(/[\\d.]+/g).map(Number); }
function light(c) {
  return [0.2126, 0.7152, 0.0722].reduce((sum, share, i) => {
    const v = c[i] / 255;
    return sum + share * (v <= 0.03928 ? v / 12.92 :
        Math.pow((v + 0.055) / 1.055, 2.4));
  }, 0);
}
const bad = [];
let count = 0;
const walk = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
while (walk.nextNode()) {
  const e = walk.currentNode.parentElement;
  if (!walk.currentNode.data.trim() || e.closest("svg") ||
      !e.getClientRects().length) continue;
  const style = getComputedStyle(e);
  let ground = e, back;
  do { back = rgb(getComputedStyle(ground).backgroundColor);
       ground = ground.parentElement;
  } while (ground && back.length > 3 && back[3] === 0);
  const a = light(rgb(style.color)), b = light(back);
  const ratio = (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05);
  const size = parseFloat(style.fontSize);
  const large = size >= 24 || (size >= 18.66 && style.fontWeight >= 700);
  count++;
  if (ratio < (large ? 3 : 4.5))
    bad.push(walk.currentNode.data.trim() + " " + ratio.toFixed(2));
}
return [count, bad];
"""


def start():
    options = Options()
    for word in ("--headless=new", "--no-sandbox", "--disable-gpu",
                 "--hide-scrollbars", "--force-device-scale-factor=1"):
        options.add_argument(word)
    options.set_capability("goog:loggingPrefs", {"browser": "ALL"})
    return webdriver.Chrome(options=options,
                            service=Service("/usr/bin/chromedriver"))


def look(driver, url, name, directory):
    texts = 0
    for scheme in ("light", "dark"):
        driver.execute_cdp_cmd("Emulation.setEmulatedMedia", {
            "features": [{"name": "prefers-color-scheme", "value": scheme}]})
        for size, (width, height) in SIZES.items():
            driver.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", {
                "width": width, "height": height, "deviceScaleFactor": 1,
                "mobile": size == "phone"})
            driver.get(url)
            wide = driver.execute_script(
                "return document.documentElement.scrollWidth")
            assert wide <= width, f"{name} is {wide} wide on a {size}"
            count, bad = driver.execute_script(CONTRAST)
            assert count > 10 and not bad, (name, scheme, size, bad)
            texts += count
            driver.save_screenshot(
                os.path.join(directory, f"{name}-{size}-{scheme}.png"))
    return texts


def main():
    directory, agent, *files = sys.argv[1:]
    driver = start()
    try:
        texts = sum(look(driver, "file://" + os.path.abspath(path),
                         os.path.basename(path).split(".")[0], directory)
                    for path in files)
        driver.get_log("browser")
        driver.get(agent)
        said = [line for line in driver.get_log("browser")
                if "favicon" not in line["message"]]
        assert not said, said
        ground = driver.execute_script(
            "return getComputedStyle(document.body).backgroundColor")
        assert ground != "rgba(0, 0, 0, 0)", "the style is not in force"
        print(f"page_browser: {len(files)} pages, {len(SIZES)} sizes, light "
              f"and dark: {texts} texts of good contrast, none too wide")
    finally:
        driver.quit()


main()
