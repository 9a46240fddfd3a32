package debian

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"
)

// Package is a Debian package and the file by which it is known to be there,
// so that a machine that has the program from elsewhere is content too.
type Package struct {
	Name string
	// Files are glob patterns; one match is enough.
	Files []string
}

// ForCluster are the packages that a cluster's node and its database need.
func ForCluster() []Package {
	return []Package{
		{"runc", inPath("runc")},
		{"containernetworking-plugins", []string{"/usr/lib/cni/bridge"}},
		{"nftables", inPath("nft")},
		{"iproute2", inPath("ip")},
		{"conntrack", inPath("conntrack")},
		Postgres(),
	}
}

// Postgres is the database server's package.
func Postgres() Package {
	return Package{"postgresql", []string{"/usr/lib/postgresql/*/bin/postgres"}}
}

// Bouncer is the package of the pooler that the tests put before a server.
func Bouncer() Package { return Package{"pgbouncer", inPath("pgbouncer")} }

// Disks are the packages by which tests kill a process at a call of the system, and make
// file systems.
func Disks() []Package {
	return []Package{{"strace", inPath("strace")}, {"e2fsprogs", inPath("mkfs.ext4")}}
}

// Film is the package of the encoder that makes the film of the sample LMS. It is
// 5 MB with all that it needs, where ffmpeg is 145.
func Film() Package { return Package{"vpx-tools", inPath("vpxenc")} }

// Browser are the packages that the browser tests need. Without a font a page
// has no text to look at.
func Browser() []Package {
	return []Package{
		{"chromium", inPath("chromium")},
		{"fonts-dejavu-core", []string{"/usr/share/fonts/truetype/dejavu/DejaVuSans.ttf"}},
	}
}

// Node is the JavaScript runtime and its package manager. The browser package
// needs version 20 or newer; hack/node.sh gets that where Debian's is older.
func Node() []Package {
	return []Package{{"nodejs", inPath("node")}, {"npm", inPath("npm")}}
}

// Integrations are the runtimes of the proxies in docs/integrations.
func Integrations() []Package {
	return []Package{
		{"python3-django", []string{"/usr/lib/python3/dist-packages/django/__init__.py"}},
		{"ruby", inPath("ruby")},
		{"ruby-rails", []string{"/usr/share/rubygems-integration/*/specifications/railties-*.gemspec"}},
		{"puma", inPath("puma")},
		{"php-cli", inPath("php")},
	}
}

// Fresh are the packages that make a minimal Debian in a folder.
func Fresh() []Package {
	return []Package{
		{"debootstrap", inPath("debootstrap")},
		{"nftables", inPath("nft")},
		{"iproute2", inPath("ip")},
	}
}

func inPath(program string) []string {
	return []string{"/usr/sbin/" + program, "/usr/bin/" + program, "/sbin/" + program, "/usr/local/sbin/" + program, "/usr/local/bin/" + program}
}

// Missing returns the names of the packages that are not there.
func Missing(packages []Package) []string {
	var missing []string
	for _, p := range packages {
		if !present(p) {
			missing = append(missing, p.Name)
		}
	}
	return missing
}

func present(p Package) bool {
	for _, pattern := range p.Files {
		if found, err := filepath.Glob(pattern); err == nil && len(found) > 0 {
			return true
		}
	}
	return false
}

// Ensure installs what is missing, saying so on out. Without root, or on
// another distribution, the error is the line to run.
func Ensure(ctx context.Context, out io.Writer, packages []Package) error {
	missing := Missing(packages)
	if len(missing) == 0 {
		return nil
	}
	line := "apt-get install -y --no-install-recommends " + strings.Join(missing, " ")
	if _, err := exec.LookPath("apt-get"); err != nil {
		return fmt.Errorf("these Debian packages, or what your distribution calls them, are needed: %s", strings.Join(missing, " "))
	}
	if os.Geteuid() != 0 {
		return fmt.Errorf("some Debian packages are missing; install them with:\n  sudo %s", line)
	}
	start := time.Now()
	fmt.Fprintf(out, "installing %s\n", strings.Join(missing, " "))
	script := line + " || { apt-get update && " + line + "; }"
	cmd := exec.CommandContext(ctx, "sh", "-c", script)
	cmd.Env = append(os.Environ(), "DEBIAN_FRONTEND=noninteractive")
	if output, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("%s: %w\n%s", line, err, output)
	}
	if still := Missing(packages); len(still) > 0 {
		return errors.New("installed, and still not found: " + strings.Join(still, " "))
	}
	fmt.Fprintf(out, "installed in %s\n", time.Since(start).Round(time.Second))
	return nil
}
