// Package web is the sample LMS that learners see: login, a course, and lessons
// with a film, once with React and once with the custom element. It is what to
// read before building the like into an LMS.
//
// In: the address of the sidecar, and what package bundle has built.
// Out: one http.Handler. Its promise: what a browser sends to /progress/ reaches
// the sidecar in the name of the learner of the session and of nobody else, and
// only if the page that sent it is one of these (CSRF token).
package web
