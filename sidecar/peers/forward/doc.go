// Package forward hands a whole request of the API on to the sidecar that is home to
// its learner, and streams the answer back as it comes.
//
// If the home has not begun to answer in time, the caller is told so and may answer
// itself; nothing was written to the client then. Once the answer has begun, it is the
// home's: what cuts it off cuts the client's off too.
package forward
