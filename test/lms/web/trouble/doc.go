// Package trouble stands between a browser and the sample LMS, and causes what
// goes wrong in real life, for whoever wants to see what a page does then.
//
// In: the LMS, a way to stop the database, and what learners switch on. Out: the
// same LMS with that trouble. Its promise: but for the database it troubles only
// the session that asked for it, and a new session begins without any.
package trouble
