"""Brings Quick, Draw!'s files, or a part of them, into a folder: listed and forecast first, then downloaded to be resumed.

In go a form (simplified, raw, …), categories and a number of rows for each; out comes a folder of one file a category and
`fetch.json`, which says of each where it came from, in which version and how it was checked.
"""

from gribouille.fetch.download import fetch
from gribouille.fetch.folder import Fetched, FetchError
from gribouille.fetch.forecasting import Forecast, forecast
from gribouille.fetch.listing import FORMS, FetchOptions, Plan, plan

__all__ = ["FORMS", "FetchError", "FetchOptions", "Fetched", "Forecast", "Plan", "fetch", "forecast", "plan"]
