// Package xapi reads xAPI statements, versions 1.0.3 and 2.0, as updates: those of the
// video profile, of cmi5, and of H5P and Open edX, which are close to either.
//
// Bytes come in; out goes an event for each statement, or why the whole body is
// refused. It checks the form of what it reads, and of the rest of a statement what the
// specification lets a store refuse. docs/standards.md says what each verb and each
// extension becomes, and which requirements are met.
package xapi
