package images

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"path"
	"path/filepath"
	"strings"
	"time"

	"github.com/google/go-containerregistry/pkg/authn"
	"github.com/google/go-containerregistry/pkg/name"
	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/empty"
	"github.com/google/go-containerregistry/pkg/v1/mutate"
	"github.com/google/go-containerregistry/pkg/v1/remote"
	"github.com/google/go-containerregistry/pkg/v1/remote/transport"
	"github.com/google/go-containerregistry/pkg/v1/types"
)

// Pushed is an image of several architectures in a registry.
type Pushed struct {
	// Repository has the registry's name and no tag: what the chart's values
	// *.repository take.
	Repository string
	Tag        string
	// Digest is of the index of all architectures.
	Digest string
}

// Push builds the images for each of the architectures and pushes them to
// <registry>/<name>, under the tag that their reference has. The registry's name
// may have a path. Credentials come from the configuration of Docker or Podman;
// only a registry on loopback or at a private address may do without TLS.
func (b Builder) Push(ctx context.Context, registry string, architectures []string, images ...Image) ([]Pushed, error) {
	pushed := make([]Pushed, 0, len(images))
	for _, image := range images {
		target, err := pushTarget(registry, image)
		if err != nil {
			return nil, err
		}
		start := time.Now()
		_, _ = fmt.Fprintf(b.Out, "building %s\n", target)
		digest, err := b.push(ctx, target, architectures, image)
		if err != nil {
			return nil, fmt.Errorf("pushing %s: %w", target, err)
		}
		_, _ = fmt.Fprintf(b.Out, "%s@%s for %s, pushed in %s\n", target, digest, strings.Join(architectures, " and "),
			time.Since(start).Round(100*time.Millisecond))
		pushed = append(pushed, Pushed{Repository: target.Context().Name(), Tag: target.TagStr(), Digest: digest.String()})
	}
	return pushed, nil
}

// pushTarget is where an image goes in a registry.
func pushTarget(registry string, image Image) (name.Tag, error) {
	const example = "name it like registry.example.com/lms"
	registry = strings.TrimRight(registry, "/")
	if registry == "" {
		return name.Tag{}, errors.New("no registry to push to: " + example)
	}
	if strings.Contains(registry, "://") {
		return name.Tag{}, fmt.Errorf("the registry %s: %s, without a scheme", registry, example)
	}
	own, err := name.NewTag(image.Ref)
	if err != nil {
		return name.Tag{}, fmt.Errorf("reading the image's name: %w", err)
	}
	target, err := name.NewTag(registry+"/"+path.Base(own.RepositoryStr())+":"+own.TagStr(), name.StrictValidation)
	if err != nil {
		return name.Tag{}, fmt.Errorf("the registry %s: %s: %w", registry, example, err)
	}
	return target, nil
}

func (b Builder) push(ctx context.Context, target name.Tag, architectures []string, image Image) (v1.Hash, error) {
	index := mutate.IndexMediaType(empty.Index, types.DockerManifestList)
	for _, architecture := range architectures {
		one := b
		one.Dir, one.Architecture = filepath.Join(b.Dir, architecture), architecture
		files, err := one.files(ctx, image)
		if err != nil {
			return v1.Hash{}, err
		}
		complete, err := one.assemble(image, files)
		if err != nil {
			return v1.Hash{}, err
		}
		index = mutate.AppendManifests(index, mutate.IndexAddendum{
			Add: complete, Descriptor: v1.Descriptor{Platform: &v1.Platform{OS: operatingSystem, Architecture: architecture}},
		})
	}
	digest, err := index.Digest()
	if err != nil {
		return v1.Hash{}, fmt.Errorf("naming the index: %w", err)
	}
	err = remote.WriteIndex(target, index, remote.WithContext(ctx), remote.WithAuthFromKeychain(authn.DefaultKeychain))
	var refused *transport.Error
	if errors.As(err, &refused) && (refused.StatusCode == http.StatusUnauthorized || refused.StatusCode == http.StatusForbidden) {
		return v1.Hash{}, fmt.Errorf("the registry refuses the credentials for %s, or there are none: log in to it "+
			"with docker login, podman login or any program that writes ~/.docker/config.json: %w", target.RegistryStr(), err)
	}
	return digest, err
}
