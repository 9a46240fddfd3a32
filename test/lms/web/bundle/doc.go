// Package bundle builds the scripts of the sample LMS's pages from their
// TypeScript, the browser package's, and React, without Node.js.
//
// In: the repository, and the tarballs of React, which come from the npm
// registry once and are kept in .cache/web. Out: a folder for the LMS's -assets.
// Its promise: no tarball is used whose SHA-512 is not the pinned one.
package bundle
