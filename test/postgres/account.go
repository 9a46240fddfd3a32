package pgtest

import (
	"fmt"
	"os"
	"os/user"
	"strconv"
	"syscall"
)

// serverAccount is the operating system's user that PostgreSQL runs as. The
// server refuses to run as root, so root hands it to Debian's user postgres.
type serverAccount struct {
	credential *syscall.Credential // nil: the calling user
}

func findAccount() (serverAccount, error) {
	if os.Geteuid() != 0 {
		return serverAccount{}, nil
	}
	u, err := user.Lookup("postgres")
	if err != nil {
		return serverAccount{}, fmt.Errorf("finding the user to run PostgreSQL as (%w): %w", ErrNotInstalled, err)
	}
	uid, err := strconv.ParseUint(u.Uid, 10, 32)
	if err != nil {
		return serverAccount{}, fmt.Errorf("reading the number of user postgres: %w", err)
	}
	gid, err := strconv.ParseUint(u.Gid, 10, 32)
	if err != nil {
		return serverAccount{}, fmt.Errorf("reading the group of user postgres: %w", err)
	}
	return serverAccount{credential: &syscall.Credential{Uid: uint32(uid), Gid: uint32(gid)}}, nil
}

// own makes the account the owner of path.
func (a serverAccount) own(path string) error {
	if a.credential == nil {
		return nil
	}
	if err := os.Chown(path, int(a.credential.Uid), int(a.credential.Gid)); err != nil {
		return fmt.Errorf("handing %s to user postgres: %w", path, err)
	}
	return nil
}

// write creates a file that the account owns.
func (a serverAccount) write(path, content string) error {
	if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
		return fmt.Errorf("writing %s: %w", path, err)
	}
	return a.own(path)
}

// Own makes the user that servers run as the owner of a file, such as a TLS
// key, which the server wants for itself.
func Own(path string) error {
	account, err := findAccount()
	if err != nil {
		return err
	}
	return account.own(path)
}
