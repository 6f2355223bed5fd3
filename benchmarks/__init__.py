"""Measurements behind docs/performance.md: `make bench` runs them, `benchmarks.estate` makes their input."""
