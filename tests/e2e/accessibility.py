"""What axe objects to on a page, in its own sentences."""

from typing import Any

from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page

MOST_NODES = 3
# A color on its way to another is read as it is at that moment.
AT_REST = """() => {
  for (const each of document.getAnimations())
    each.effect.getComputedTiming().endTime === Infinity ? each.cancel() : each.finish();
}"""


def violations(page: Page) -> list[str]:
    page.evaluate(AT_REST)
    return [_sentence(each) for each in Axe().run(page).response["violations"]]


def _sentence(violation: dict[str, Any]) -> str:
    nodes = violation["nodes"]
    shown = [f"  {node['html']}\n    {' '.join(node['failureSummary'].split())}" for node in nodes[:MOST_NODES]]
    more = [f"  and {len(nodes) - MOST_NODES} more"] if len(nodes) > MOST_NODES else []
    return "\n".join([f"axe: {violation['help']} ({violation['id']})", *shown, *more])
