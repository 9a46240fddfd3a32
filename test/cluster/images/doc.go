// Package images makes container images of the project's programs without
// Docker and without a registry.
//
// In: main packages and the references that their images get. Out: tarballs
// with one static binary each, as the Dockerfile's targets have it: /<name> as
// the entrypoint, user 65532, no shell, and no files but the assets that an image
// asks for.
package images
