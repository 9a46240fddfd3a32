// Package stats works out what the records of a learner say of courses.
//
// In come records, saved and unsaved ones merged, and what the catalogue of the courses
// says of their lessons. Out comes a row for each course and the sums over all, the same to the last digit
// as the views learner_course and learner_totals in the database would show once all is
// saved. Nothing here does I/O.
//
// A percent says of what it is (promise 7): of the course where there is a catalogue,
// else of the lessons that the learner has started.
package stats
