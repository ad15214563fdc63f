"""HTML documents of ours, without a link to anything: numbers as a language writes them, parts of a page, plots."""
