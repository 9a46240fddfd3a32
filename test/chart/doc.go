// Package chart tests the Helm chart with the real helm: what it renders for
// several sets of values, and what its schema refuses. That the chart installs,
// upgrades and uninstalls is shown by test/e2e on a cluster.
package chart
