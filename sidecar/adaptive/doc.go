// Package adaptive says by which factor all intervals are stretched or shortened, so
// that a database under load gets fewer writes, and one at rest is written to sooner.
//
// In come the ended writes, one by one, and the time; out goes the factor. The
// controller compares with an absolute target and keeps no baseline of its own: one
// that follows what is measured learns a slow database as the normal one. It goes by
// additive increase and multiplicative decrease of the rate, which is 1 divided by
// the factor.
package adaptive
