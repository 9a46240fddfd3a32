// Package bundle builds what the sample LMS's pages load: their scripts, from
// their TypeScript, the browser package's, and React, without Node.js; and the
// film of package film.
//
// In: the repository, and the tarballs of React, which come from the npm
// registry once. They and the film are kept in .cache/web. Out: a folder for the
// LMS's -assets.
// Its promise: no tarball is used whose SHA-512 is not the pinned one.
package bundle
