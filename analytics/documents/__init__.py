"""Reports of a store: each is one document of tables, written as text, HTML, JSON, CSV or PDF with the same numbers."""
