// Package images makes container images of the project's programs without
// Docker, and pushes them to a registry if asked to.
//
// In: main packages and the references that their images get. Out: tarballs, or
// an index of several architectures in a registry, with one static binary each, as
// the Dockerfile's targets have it: /<name> as the entrypoint, user 65532, no
// shell, and no files but the assets that an image asks for.
package images
