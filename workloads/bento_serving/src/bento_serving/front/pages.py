"""The page of a service: Swagger UI, from the files that BentoML brings along, and nothing from anywhere else.

BentoML's own page loads Google's tag manager, and its document badges from the internet. This one also tells the
browser to ask no other server, whatever a description holds.
"""

from __future__ import annotations

import base64
import hashlib
from functools import cache

_START = """
window.onload = () => {
  window.ui = SwaggerUIBundle({
    url: "./docs.json",
    dom_id: "#swagger-ui",
    deepLinking: true,
    tryItOutEnabled: true,
    validatorUrl: null,
    presets: [SwaggerUIBundle.presets.apis],
    layout: "BaseLayout",
  });
};
"""

_PAGE = """<!DOCTYPE html>
<html lang="en">
  <head>
    <meta charset="UTF-8">
    <meta name="viewport" content="width=device-width, initial-scale=1">
    <title>Flight delays</title>
    <link rel="stylesheet" href="./static_content/swagger-ui.css">
    <link rel="icon" href="data:,">
  </head>
  <body>
    <div id="swagger-ui"></div>
    <script src="./static_content/swagger-ui-bundle.js" charset="UTF-8"></script>
    <script>{start}</script>
  </body>
</html>
"""


@cache
def swagger_page() -> tuple[str, dict[str, str]]:
    """The page, and the headers that it goes with."""
    digest = base64.b64encode(hashlib.sha256(_START.encode()).digest()).decode()
    policy = (
        "default-src 'none'",
        f"script-src 'self' 'sha256-{digest}'",
        "style-src 'self' 'unsafe-inline'",  # Swagger UI sets styles of single elements
        "img-src 'self' data:",
        "connect-src 'self'",
        "base-uri 'none'",
        "form-action 'none'",
        "frame-ancestors 'none'",
    )
    headers = {
        "Content-Security-Policy": "; ".join(policy),
        "Referrer-Policy": "no-referrer",
        "X-Content-Type-Options": "nosniff",
    }
    return _PAGE.format(start=_START), headers
