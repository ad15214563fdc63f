"""One module a file format; every reader gives `Records` (see `records`), every writer takes them."""
