// Package connstring reads a connection string of PostgreSQL as people have it
// at hand: written for Prisma, Rails, Java, Python or libpq.
//
// In comes the text of a Secret; out comes a Target that names every host by
// itself, or an Error that says what to change. What speaks to another driver is
// left out, what has a meaning for the safety of the connection is never
// weakened, and settings of the server go on to it. Nothing is guessed: neither
// the environment nor a file in a home directory fills a hole, and a text that is
// no connection string names no host. An Error holds no part of the text but the
// name of a parameter (promise 6).
//
// The form of a URI is that of libpq (PostgreSQL, chapter 34.1.1), so that what
// psql takes is taken in the same meaning.
package connstring
