// Package iso8601 reads the times and lengths of time that xAPI and Caliper write
// as text. It is pure: text in, numbers or what is wrong with the text out.
package iso8601
