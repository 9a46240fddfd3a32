// Package report turns the figures of a benchmark run into docs/benchmarks.md
// and a chart: medians of interleaved rounds, ratios first, raw numbers beside
// them.
package report
