"""The collector: segments out of spools into the store, judged on schedule, told to whoever is to know."""
