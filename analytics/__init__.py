"""Segments in; tables, verdicts, reports and alerts out."""
