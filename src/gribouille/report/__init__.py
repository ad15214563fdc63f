"""A report on models: models and a store in, one HTML page that needs nothing else out, in English and French, or JSON.

`gathering` asks the models and counts, `contents` is what is known then, `pages` writes it down.
"""

from gribouille.report.contents import Report
from gribouille.report.gathering import ReportOptions, gather
from gribouille.report.pages import write_json, write_pages

__all__ = ["Report", "ReportOptions", "gather", "write_json", "write_pages"]
