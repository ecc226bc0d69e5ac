"""Makes a PDF of a page that loads nothing; needs the extra ``pdf``."""

HOW_TO_INSTALL = (
    "No PDF was made: that needs the extra 'pdf' (pip install 'schoolgate[pdf]'); the HTML page prints as well."
)


def make_pdf(html: str) -> bytes | None:
    """The page as a PDF, or None where WeasyPrint or what it needs of the system is not installed."""
    try:
        from weasyprint import HTML
    except (ImportError, OSError):  # OSError: Pango is missing
        return None
    return bytes(HTML(string=html, url_fetcher=_load_nothing).write_pdf())


def _load_nothing(url: str, *_: object, **__: object) -> object:
    raise ValueError(f"{url}: a report loads nothing")
